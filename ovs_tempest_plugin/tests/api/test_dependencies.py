# SPDX-License-Identifier: Apache-2.0

"""Deleting volumes and snapshots that others were made from.

The vPool refuses to remove what has clones. Cinder's users may delete in any
order all the same, and in the end nothing may be left.
"""

import itertools

from tempest.lib import decorators

from ovs_tempest_plugin.tests import base


class TestDependencies(base.BaseTest):

    volumes_at_a_time = 30

    @decorators.idempotent_id('962c32fa-5735-4516-81b0-b2397c5b73b3')
    def test_chain_of_clones_in_every_order(self):
        """A chain of three volumes goes in every order

        * clone a volume and clone the clone, six times over
        * delete the three in a different order each time, all at once
        * what is left is still there after each delete
        * nothing of any of them is left on the vPool
        """
        orders = list(itertools.permutations(range(3)))
        chains = [[volume] for volume in self.all_of({} for _each in orders)]
        for _count in range(2):
            clones = self.all_of({'source_volid': chain[-1]}
                                 for chain in chains)
            for chain, clone in zip(chains, clones):
                chain.append(clone)
        names = [self.name_on_vpool(volume)
                 for chain in chains for volume in chain]
        for turn in range(3):
            for chain, order in zip(chains, orders):
                self.made.volumes.delete_volume(chain[order[turn]])
            for chain, order in zip(chains, orders):
                self.made.wait_until_volume_is_gone(chain[order[turn]])
                for index in order[turn + 1:]:
                    self.assert_on_vpool(chain[index])
        self.assert_gone(names)

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

    def all_of(self, wanted):
        """Make volumes at the same time; return their ids."""
        ids = [self.made.volume(wait_until=None, **each)['id']
               for each in wanted]
        for volume in ids:
            self.made.wait_for_volume(volume)
        return ids
