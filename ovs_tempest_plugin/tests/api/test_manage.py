# SPDX-License-Identifier: Apache-2.0

"""Volumes and snapshots that leave Cinder and come back."""

from tempest import config
from tempest.lib import decorators
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.common import waiting
from ovs_tempest_plugin.tests import base

CONF = config.CONF


class TestManage(base.BaseTest):

    volume_microversion = '3.8'

    needs = [('volume-feature-enabled', 'manage_volume'),
             ('volume-feature-enabled', 'manage_snapshot')]

    def setUp(self):
        super(TestManage, self).setUp()
        self.admin_made = self._resources(self.os_admin, self.addCleanup)
        self.manage = self.os_admin.volume_manage_client_latest
        self.manage_snapshots = self.os_admin.snapshot_manage_client_latest

    @decorators.idempotent_id('f6b16259-b2ad-4c79-9220-41d88bcbebbf')
    def test_volume(self):
        """A volume leaves Cinder and comes back with its data

        * unmanage a volume: Cinder has forgotten it, the vPool has not
        * manage it again by its name: the same volume, of the same size
        * managing it twice is an error
        * delete it; the vPool has it no more
        """
        volume, host = self.unmanaged_volume(size=2)
        name = 'volume-%s' % volume['id']
        self.assertTrue(self.vpool.has(name), 'unmanaging removed it')
        managed = self.manage_volume(name, host)
        self.assertEqual(2, managed['size'])
        self.assertEqual(2 * base.GIB, self.vpool.size(name))
        again = self.manage.manage_volume(
            host=host, ref={'source-name': name},
            name=resources.name_of('volume'))['volume']
        self.addCleanup(self.admin_made.delete_volume, again['id'])
        waiting.wait_for(
            'managing %s twice to fail' % name,
            lambda: self.look_for_status(again['id'], 'error_managing'),
            CONF.volume.build_timeout)
        self.admin_made.delete_volume(managed['id'])
        self.assertFalse(self.vpool.has(name), 'it was deleted')

    @decorators.idempotent_id('d9b031ea-5d6c-4be1-b0d4-4f1b034b668f')
    def test_unknown_volume_is_refused(self):
        """Managing what the vPool does not have fails"""
        volume = self.made.volume()
        host = self.host_of(volume['id'])
        wrong = self.manage.manage_volume(
            host=host, ref={'source-name': 'no-volume-has-this-name'},
            name=resources.name_of('volume'))['volume']
        self.addCleanup(self.admin_made.delete_volume, wrong['id'])
        waiting.wait_for(
            'managing an unknown volume to fail',
            lambda: self.look_for_status(wrong['id'], 'error_managing'),
            CONF.volume.build_timeout)

    @decorators.idempotent_id('d63d9f4e-4988-4270-9139-282c7c6228d2')
    def test_snapshot(self):
        """A snapshot leaves Cinder and comes back

        * unmanage a snapshot: the vPool still has it
        * manage it again by its name and make a volume from it
        * delete it; the vPool has it no more
        """
        volume = self.made.volume()
        host_name = self.name_on_vpool(volume['id'])
        snapshot = self.made.snapshot(volume['id'])
        name = 'snapshot-%s' % snapshot['id']
        self.admin_snapshots.unmanage_snapshot(snapshot['id'])
        waiting.wait_for_deletion(
            'unmanaged snapshot %s' % snapshot['id'],
            lambda: self.made.show_snapshot(snapshot['id']),
            CONF.volume.build_timeout)
        self.assertIn(name, self.vpool.snapshots(host_name))
        managed = self.manage_snapshots.manage_snapshot(
            volume_id=volume['id'], ref={'source-name': name},
            name=resources.name_of('snapshot'))['snapshot']
        self.addCleanup(self.admin_made.delete_snapshot, managed['id'])
        self.admin_made.wait_for_snapshot(managed['id'])
        clone = self.admin_made.volume(snapshot_id=managed['id'])
        self.assert_on_vpool(clone['id'])
        self.admin_made.delete_volume(clone['id'])
        self.admin_made.delete_snapshot(managed['id'])
        self.assertEqual([], self.vpool.snapshots(host_name))

    @decorators.idempotent_id('03e573c1-a033-4a7f-8004-07e664d5b74b')
    def test_lists(self):
        """Cinder lists what could be managed, and what is managed already

        * a volume with a snapshot is listed as managed, under its id
        * once unmanaged, another volume is listed as safe to manage
        """
        if not CONF.openvstorage.manageable_lists:
            raise self.skipException(
                '[openvstorage] manageable_lists is false')
        extras = self.os_admin.volume_extras_v3.VolumeExtrasClient()
        known = self.made.volume()
        snapshot = self.made.snapshot(known['id'])
        free, host = self.unmanaged_volume()
        listed = dict((entry['reference']['source-name'], entry) for entry in
                      extras.list_manageable_volumes(host)[
                          'manageable-volumes'])
        self.assertEqual(known['id'],
                         listed['volume-%s' % known['id']]['cinder_id'])
        self.assertTrue(
            listed['volume-%s' % free['id']]['safe_to_manage'])
        snapshots = dict(
            (entry['reference']['source-name'], entry) for entry in
            extras.list_manageable_snapshots(host)['manageable-snapshots'])
        self.assertEqual(snapshot['id'], snapshots[
            'snapshot-%s' % snapshot['id']]['cinder_id'])
        back = self.manage_volume('volume-%s' % free['id'], host)
        self.admin_made.delete_volume(back['id'])

    def unmanaged_volume(self, **wanted):
        """A volume that only the vPool knows, and its back end."""
        volume = self.made.volume(**wanted)
        host = self.host_of(volume['id'])
        self.admin_volumes.unmanage_volume(volume['id'])
        waiting.wait_for_deletion(
            'unmanaged volume %s' % volume['id'],
            lambda: self.made.show_volume(volume['id']),
            CONF.volume.build_timeout)
        return volume, host

    def host_of(self, volume_id):
        return self.admin_volumes.show_volume(volume_id)['volume'][
            'os-vol-host-attr:host']

    def manage_volume(self, name, host):
        volume = self.manage.manage_volume(
            host=host, ref={'source-name': name},
            name=resources.name_of('volume'),
            volume_type=self.vpool.settings.volume_type,
            metadata=resources.label())['volume']
        self.addCleanup(self.admin_made.delete_volume, volume['id'])
        return self.admin_made.wait_for_volume(volume['id'])

    def look_for_status(self, volume_id, wanted):
        try:
            status = self.admin_volumes.show_volume(volume_id)['volume'][
                'status']
        except lib_exc.NotFound:
            return False, 'gone'
        # Releases differ: the older ones have one kind of error.
        return status in (wanted, 'error'), status
