# SPDX-License-Identifier: Apache-2.0

"""Extending volumes that are not attached."""

from tempest.lib import decorators
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.tests import base


class TestExtend(base.BaseTest):

    @decorators.attr(type='smoke')
    @decorators.idempotent_id('4d7be51d-e71d-40f4-8f90-029ccfb817b6')
    def test_extend(self):
        """A volume grows

        * extend a volume from 1 to 2 and from 2 to 5 GiB
        * the vPool has each size as soon as Cinder says so
        """
        volume = self.made.volume()
        for size in (2, 5):
            self.extend(volume, size)

    @decorators.idempotent_id('0d67c64a-2778-4a93-b7f0-fc7b3a94acbc')
    def test_extend_with_snapshots(self):
        """A volume that has snapshots grows; they stay as they are

        * take a snapshot, extend the volume, take another, extend again
        * a volume from the first snapshot has the first size
        """
        volume = self.made.volume()
        first = self.made.snapshot(volume['id'])
        self.extend(volume, 2)
        self.made.snapshot(volume['id'])
        self.extend(volume, 3)
        clone = self.made.volume(snapshot_id=first['id'])
        self.assert_on_vpool(clone['id'], size=1)

    @decorators.idempotent_id('f2066320-5681-435b-88d1-eb139a3c81f4')
    def test_extend_a_clone_and_its_source(self):
        """A clone and its source grow apart

        * clone a volume; extend the clone, then the source
        """
        source = self.made.volume()
        clone = self.made.volume(source_volid=source['id'])
        self.extend(clone, 2)
        self.assert_on_vpool(source['id'], size=1)
        self.extend(source, 3)
        self.assert_on_vpool(clone['id'], size=2)

    @decorators.idempotent_id('82653a93-8a19-4d09-8aed-bcd7f0c6c56c')
    def test_shrinking_is_refused(self):
        """No volume shrinks, and none is extended to the size it has

        * extending 2 GiB to 1 or 2 GiB is a bad request
        * the vPool still has the old size, Cinder an available volume
        """
        volume = self.made.volume(size=2)
        for size in (1, 2):
            self.assertRaises(lib_exc.BadRequest,
                              self.made.volumes.extend_volume,
                              volume['id'], new_size=size)
        self.assert_on_vpool(volume['id'], size=2)
        self.assertEqual('available',
                         self.made.show_volume(volume['id'])['status'])

    def extend(self, volume, size):
        self.made.volumes.extend_volume(volume['id'], new_size=size)
        extended = self.made.wait_for_volume(volume['id'])
        self.assertEqual(size, extended['size'])
        self.assert_on_vpool(volume['id'], size=size)
