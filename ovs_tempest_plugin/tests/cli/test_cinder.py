# SPDX-License-Identifier: Apache-2.0

"""The commands of the guides: volume types, volumes, snapshots."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.tests.cli import base

CONF = config.CONF


class TestCinderCommands(base.CliTest):

    @decorators.idempotent_id('09c36592-4db6-4e3f-96ee-03338d2b361d')
    def test_volume_type(self):
        """cinder type-create, type-key, extra-specs-list, type-delete

        * create a type and lead it to the first vPool, as the guide does
        * it stands in the lists with its volume_backend_name
        * a volume of it is on the vPool
        """
        name = resources.name_of('type')
        created, = self.listing(self.admin.cinder, 'type-create', name)
        self.assertEqual(name, created['Name'])
        self.addCleanup(self.admin.cinder, 'type-delete',
                        params=created['ID'])
        self.admin.cinder('type-key', params='%s set volume_backend_name=%s'
                          % (name, self.vpool.backend))
        specs = self.row_of(name, self.listing(self.admin.cinder,
                                               'extra-specs-list'), 'Name')
        self.assertIn("'volume_backend_name': '%s'" % self.vpool.backend,
                      specs['extra_specs'].replace("u'", "'"))
        self.row_of(name, self.listing(self.user.cinder, 'type-list'),
                    'Name')
        volume = self.create('--volume-type %s 1' % name)
        self.assert_on_vpool(volume['id'])
        self.made.delete_volume(volume['id'])

    @decorators.idempotent_id('4f742197-c37c-4dd0-a1fb-ae848edac461')
    def test_volume(self):
        """cinder create, list, show, extend, delete

        * the tables say what was asked for; the vPool has it
        """
        name = resources.name_of('volume')
        volume = self.create('--volume-type %s --name %s 1'
                             % (self.vpool.settings.volume_type, name))
        row = self.row_of(volume['id'],
                          self.listing(self.user.cinder, 'list'))
        self.assertEqual((name, '1', 'available'),
                         (row['Name'], row['Size'], row['Status']))
        self.assert_on_vpool(volume['id'])
        self.user.cinder('extend', params='%s 2' % volume['id'])
        self.made.wait_for_volume(volume['id'])
        shown = self.details(self.user.cinder, 'show', volume['id'])
        self.assertEqual(('2', self.vpool.settings.volume_type),
                         (shown['size'], shown['volume_type']))
        self.assert_on_vpool(volume['id'], size=2)
        on_vpool = self.name_on_vpool(volume['id'])
        self.user.cinder('delete', params=volume['id'])
        self.made.wait_until_volume_is_gone(volume['id'])
        self.assertFalse(self.vpool.has(on_vpool))

    @decorators.idempotent_id('3b2b2590-30fb-44f3-8486-30c7feb0c0d6')
    def test_image(self):
        """cinder create --image-id

        * create a volume from the image of the servers; it is bootable
        """
        if not CONF.service_available.glance:
            raise self.skipException('[service_available] glance is false')
        volume = self.create('--volume-type %s --image-id %s 1' % (
            self.vpool.settings.volume_type, CONF.compute.image_ref))
        shown = self.details(self.user.cinder, 'show', volume['id'])
        self.assertEqual('true', shown['bootable'].lower())
        self.assert_on_vpool(volume['id'])

    @decorators.idempotent_id('a9d96780-abe7-4dea-978f-80046527e73c')
    def test_snapshot(self):
        """cinder snapshot-create, snapshot-list, create --snapshot-id

        * the tables name volume and snapshot; the vPool has both and the
          volume that is made from the snapshot
        """
        source = self.made.volume()['id']
        name = resources.name_of('snapshot')
        snapshot = self.details(self.user.cinder, 'snapshot-create',
                                '--name %s %s' % (name, source))
        self.addCleanup(self.made.delete_snapshot, snapshot['id'])
        self.made.wait_for_snapshot(snapshot['id'])
        row = self.row_of(snapshot['id'],
                          self.listing(self.user.cinder, 'snapshot-list'))
        self.assertEqual((source, 'available', name, '1'), (
            row['Volume ID'], row['Status'], row['Name'], row['Size']))
        self.assertIn('snapshot-%s' % snapshot['id'],
                      self.vpool.snapshots(self.name_on_vpool(source)))
        clone = self.create('--snapshot-id %s 1' % snapshot['id'])
        self.assertEqual(snapshot['id'], clone['snapshot_id'])
        self.assert_on_vpool(clone['id'])

    def create(self, params):
        volume = self.details(self.user.cinder, 'create', params)
        self.addCleanup(self.made.delete_volume, volume['id'])
        self.made.wait_for_volume(volume['id'])
        return volume
