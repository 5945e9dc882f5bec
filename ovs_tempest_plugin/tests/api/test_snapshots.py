# SPDX-License-Identifier: Apache-2.0

"""Snapshots of volumes that are not attached."""

import time

from tempest import config
from tempest.lib.common import api_version_request
from tempest.lib import decorators
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import waiting
from ovs_tempest_plugin.tests import base

CONF = config.CONF


class TestSnapshots(base.BaseTest):

    @decorators.attr(type='smoke')
    @decorators.idempotent_id('dc42e033-a010-44dc-abf0-3b534d04d607')
    def test_create_and_delete(self):
        """Snapshots come and go in any order

        * take three snapshots of a volume; the vPool has exactly them
        * delete the second, the first, the third; each goes from the vPool
        """
        volume = self.made.volume()
        names = ['snapshot-%s' % self.made.snapshot(volume['id'])['id']
                 for _count in range(3)]
        self.assert_snapshots(volume, names)
        for gone in (names[1], names[0], names[2]):
            self.made.delete_snapshot(gone[len('snapshot-'):])
            names.remove(gone)
            self.assert_snapshots(volume, names)

    @decorators.idempotent_id('47e4a37b-aeec-49ab-8d28-fe530289da54')
    def test_volume_with_snapshots_is_not_deleted(self):
        """Cinder refuses to delete a volume that has snapshots

        * the delete is a bad request, and both are still on the vPool
        """
        volume = self.made.volume()
        snapshot = self.made.snapshot(volume['id'])
        self.assertRaises(lib_exc.BadRequest,
                          self.made.volumes.delete_volume, volume['id'])
        self.assert_snapshots(volume, ['snapshot-%s' % snapshot['id']])

    @decorators.idempotent_id('f12169ac-fbff-44ef-843a-f898cd2d9bba')
    def test_delete_with_snapshots_in_cascade(self):
        """A delete in cascade takes the snapshots along

        * take two snapshots of a volume, delete it with cascade
        * nothing is left on the vPool
        """
        volume = self.made.volume()
        name = self.name_on_vpool(volume['id'])
        for _count in range(2):
            self.made.snapshot(volume['id'])
        self.made.volumes.delete_volume(volume['id'], cascade=True)
        self.made.wait_until_volume_is_gone(volume['id'])
        self.assertFalse(self.vpool.has(name))

    def assert_snapshots(self, volume, names):
        self.assertEqual(
            sorted(names), sorted(self.vpool.snapshots(
                self.name_on_vpool(volume['id']))),
            'snapshots that the vPool has')


class TestRevert(base.BaseTest):

    volume_microversion = '3.40'

    needs = [('openvstorage', 'revert_to_snapshot')]

    def setUp(self):
        super(TestRevert, self).setUp()
        self.extras = self.os_primary.volume_extras_v3.VolumeExtrasClient()

    @decorators.idempotent_id('959061db-52c9-4727-985d-589f508af9c7')
    def test_revert_to_the_latest_snapshot(self):
        """A volume reverts to its latest snapshot, and keeps it

        * take two snapshots and revert to the second, twice
        * the volume is available; the vPool still has both snapshots
        """
        volume = self.made.volume()
        ids = self.take_two_snapshots(volume['id'])
        for _count in range(2):
            self.extras.revert_to_snapshot(volume['id'], ids[1])
            self.made.wait_for_volume(volume['id'])
            self.made.wait_for_snapshot(ids[1])
        self.assertEqual(
            sorted('snapshot-%s' % snapshot_id for snapshot_id in ids),
            sorted(self.vpool.snapshots(self.name_on_vpool(volume['id']))))

    @decorators.idempotent_id('d6bafe7b-5060-4109-99e4-ea9fd5530c92')
    def test_revert_to_an_older_snapshot_is_refused(self):
        """Only the latest snapshot can be reverted to

        * take two snapshots; reverting to the first is a bad request
        """
        volume = self.made.volume()
        first, _second = self.take_two_snapshots(volume['id'])
        self.assertRaises(lib_exc.BadRequest,
                          self.extras.revert_to_snapshot,
                          volume['id'], first)

    def take_two_snapshots(self, volume_id):
        """Take two, in different seconds: Cinder knows the later one by
        that."""
        first = self.made.snapshot(volume_id)
        taken = time.time()
        waiting.wait_for('another second',
                         lambda: (time.time() > taken + 1, time.time()), 2)
        return first['id'], self.made.snapshot(volume_id)['id']

    @decorators.idempotent_id('72b7cd31-1cda-49d9-969b-a28bee3c5b5f')
    def test_revert_of_an_extended_volume(self):
        """A volume that has grown since does not lose its new size

        * take a snapshot, extend the volume
        * reverting is a bad request; before Queens it keeps the size
        """
        volume = self.made.volume()
        snapshot = self.made.snapshot(volume['id'])
        self.made.volumes.extend_volume(volume['id'], new_size=2)
        self.made.wait_for_volume(volume['id'])
        if _refuses_to_shrink(CONF.volume.max_microversion):
            self.assertRaises(lib_exc.BadRequest,
                              self.extras.revert_to_snapshot,
                              volume['id'], snapshot['id'])
        else:
            self.extras.revert_to_snapshot(volume['id'], snapshot['id'])
            self.made.wait_for_volume(volume['id'])
        self.assert_on_vpool(volume['id'], size=2)


def _refuses_to_shrink(volume_microversion):
    """Tell whether Cinder is Queens or later; 3.43 is the last of Pike."""
    return (api_version_request.APIVersionRequest(volume_microversion) >
            api_version_request.APIVersionRequest('3.43'))
