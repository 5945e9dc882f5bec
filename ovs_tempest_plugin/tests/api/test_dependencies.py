# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Deleting volumes and snapshots that others were made from.

The vPool refuses to remove what has clones. Cinder's users may delete in any
order all the same, and in the end nothing may be left.
"""

import itertools

from tempest.lib import decorators

from ovs_tempest_plugin.tests import base


class TestDependencies(base.BaseTest):

    @decorators.idempotent_id('962c32fa-5735-4516-81b0-b2397c5b73b3')
    def test_chain_of_clones_in_every_order(self):
        """A chain of three volumes goes in every order

        * clone a volume and clone the clone, six times over
        * delete the three in a different order each time
        * what is left is still there after each delete
        * nothing of any of them is left on the vPool
        """
        for order in itertools.permutations(range(3)):
            chain = [self.made.volume()['id']]
            for _count in range(2):
                chain.append(self.made.volume(source_volid=chain[-1])['id'])
            self.delete_in_order(chain, order)

    @decorators.idempotent_id('01fb39d5-9ed4-486f-9828-0aac06fc88d0')
    def test_chain_through_snapshots_in_every_order(self):
        """A volume, its snapshot and a volume from that go in every order

        * make them three times and delete them in each possible order
        * (Cinder itself keeps a volume from going before its snapshot)
        * nothing of any of them is left on the vPool
        """
        for order in ('snapshot source clone', 'snapshot clone source',
                      'clone snapshot source'):
            ids = {'source': self.made.volume()['id']}
            ids['snapshot'] = self.made.snapshot(ids['source'])['id']
            ids['clone'] = self.made.volume(
                snapshot_id=ids['snapshot'])['id']
            names = [self.name_on_vpool(ids['source']),
                     self.name_on_vpool(ids['clone'])]
            for what in order.split():
                if what == 'snapshot':
                    self.made.delete_snapshot(ids[what])
                else:
                    self.made.delete_volume(ids[what])
            self.assert_gone(names)

    @decorators.idempotent_id('e2a30998-c4db-42f3-97e9-52724b0b54ea')
    def test_source_with_several_clones(self):
        """A source goes with the last of its clones

        * make three clones of a volume and delete the volume first
        * the clones can still be cloned, snapshot and extended
        * delete them; nothing is left on the vPool
        """
        source = self.made.volume()['id']
        clones = [self.made.volume(source_volid=source)['id']
                  for _count in range(3)]
        names = [self.name_on_vpool(volume) for volume in [source] + clones]
        self.made.delete_volume(source)
        self.made.volumes.extend_volume(clones[0], new_size=2)
        self.made.wait_for_volume(clones[0])
        snapshot = self.made.snapshot(clones[1])['id']
        clones.append(self.made.volume(source_volid=clones[2])['id'])
        names.append(self.name_on_vpool(clones[3]))
        self.made.delete_snapshot(snapshot)
        for volume in clones:
            self.assert_on_vpool(volume, 2 if volume == clones[0] else 1)
            self.made.delete_volume(volume)
        self.assert_gone(names)

    @decorators.idempotent_id('4bd70953-ceca-4f0e-a8ba-1f1048f26827')
    def test_snapshot_of_a_clone_whose_source_is_gone(self):
        """A chain of snapshots and clones, deleted from its root

        * volume, snapshot, clone, snapshot of the clone, clone of that
        * delete from the root on; nothing is left on the vPool
        """
        root = self.made.volume()['id']
        first = self.made.snapshot(root)['id']
        middle = self.made.volume(snapshot_id=first)['id']
        second = self.made.snapshot(middle)['id']
        leaf = self.made.volume(snapshot_id=second)['id']
        names = [self.name_on_vpool(volume)
                 for volume in (root, middle, leaf)]
        for snapshot, volume in ((first, root), (second, middle)):
            self.made.delete_snapshot(snapshot)
            self.made.delete_volume(volume)
        self.assert_on_vpool(leaf)
        self.made.delete_volume(leaf)
        self.assert_gone(names)

    def delete_in_order(self, chain, order):
        names = [self.name_on_vpool(volume) for volume in chain]
        left = list(chain)
        for index in order:
            self.made.delete_volume(chain[index])
            left.remove(chain[index])
            for volume in left:
                self.assert_on_vpool(volume)
        self.assert_gone(names)
