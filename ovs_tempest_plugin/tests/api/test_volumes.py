# SPDX-License-Identifier: Apache-2.0

"""Creating and deleting volumes."""

from tempest import config
from tempest.lib.common.utils import data_utils
from tempest.lib import decorators
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import files
from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.tests import base

CONF = config.CONF


class TestVolumes(base.BaseTest):

    @decorators.attr(type='smoke')
    @decorators.idempotent_id('d0f0f0a6-3492-434d-9b25-57c740c78161')
    def test_create_and_delete(self):
        """A volume from nothing, on each vPool

        * create a volume of each vPool's type
        * it is on that vPool, empty and no clone of anything
        * delete it; it is gone from the vPool when it is gone from Cinder
        """
        for vpool in self.vpools:
            volume = self.made.volume(
                volume_type=vpool.settings.volume_type)
            self.assert_on_vpool(volume['id'], vpool=vpool)
            name = self.name_on_vpool(volume['id'])
            info = vpool.info(name)
            self.assertIsNone(info.parent_volume_id)
            self.assertEqual(0, info.stored, 'a new volume takes space')
            self.made.delete_volume(volume['id'])
            self.assertFalse(vpool.has(name), '%s was deleted' % name)

    @decorators.attr(type='smoke')
    @decorators.idempotent_id('6bcb29d4-8b58-4b83-95d3-2b72d56c41d7')
    def test_create_from_image(self):
        """A volume from an image

        * upload a small image and create a volume from it
        * the volume is bootable, knows its image and is on the vPool
        """
        self.skip_without_glance()
        content = files.random_file(1 << 20)
        image = self.made.image(content)
        volume = self.made.volume(imageRef=image['id'])
        self.assertEqual('true', volume['bootable'])
        self.assertEqual(image['id'],
                         volume['volume_image_metadata']['image_id'])
        self.assert_on_vpool(volume['id'])
        stored = self.vpool.info(self.name_on_vpool(volume['id'])).stored
        self.assertGreaterEqual(stored, 1 << 20, 'the image was not written')

    @decorators.idempotent_id('bba73674-20ee-4564-b10e-7b0895d39d62')
    def test_create_from_snapshot(self):
        """Volumes from a snapshot, of the same size and larger

        * snapshot a volume, create volumes of 1 and 2 GiB from it
        * both are clones of that snapshot, of the size wanted
        """
        source = self.made.volume()
        snapshot = self.made.snapshot(source['id'])
        for size in (1, 2):
            volume = self.made.volume(snapshot_id=snapshot['id'], size=size)
            self.assert_on_vpool(volume['id'], size=size)
            self.assert_clone_of(volume, source,
                                 'snapshot-%s' % snapshot['id'])

    @decorators.idempotent_id('eac3a173-ce04-4ad8-b3d2-1b1088876eb6')
    def test_create_from_volume(self):
        """Volumes from a volume, of the same size and larger

        * create volumes of 1 and 2 GiB from a volume
        * both are its clones, of the size wanted
        """
        source = self.made.volume()
        for size in (1, 2):
            volume = self.made.volume(source_volid=source['id'], size=size)
            self.assert_on_vpool(volume['id'], size=size)
            self.assert_clone_of(
                volume, source,
                'clone-%s' % self.name_on_vpool(volume['id']))

    @decorators.idempotent_id('3a776290-4141-4618-95ea-0b4c306a6232')
    def test_smaller_than_the_source_is_refused(self):
        """No volume is smaller than what it is made from

        * a volume and its snapshot of 2 GiB
        * creating 1 GiB from either is a bad request
        """
        source = self.made.volume(size=2)
        snapshot = self.made.snapshot(source['id'])
        for wanted in ({'source_volid': source['id']},
                       {'snapshot_id': snapshot['id']}):
            self.assertRaises(lib_exc.BadRequest,
                              self.made.volume, size=1, **wanted)

    @decorators.idempotent_id('2ac45f1e-7a0d-4657-afa3-f0d88c379449')
    def test_unknown_type_is_refused(self):
        """A volume type that does not exist is an error at once"""
        self.assertRaises(
            lib_exc.NotFound, self.made.volume,
            volume_type=data_utils.rand_name('no-such-type'))

    @decorators.idempotent_id('755ee314-07d2-441e-be34-e2664c9763a9')
    def test_type_of_no_back_end(self):
        """A type that no back end has gives no volume anywhere

        * create a type with a volume_backend_name that no back end has
        * a volume of it goes to status error; no vPool has it
        """
        types = self.os_admin.volume_types_client_latest
        volume_type = types.create_volume_type(
            name=resources.name_of('type'),
            extra_specs={'volume_backend_name': 'no-back-end'})['volume_type']
        self.addCleanup(types.delete_volume_type, volume_type['id'])
        volume = self.made.volume(volume_type=volume_type['name'],
                                  wait_until='error')
        name = 'volume-%s' % volume['id']
        for vpool in self.vpools:
            self.assertFalse(vpool.has(name), '%s on %s'
                             % (name, vpool.backend))
        self.made.delete_volume(volume['id'])

    def skip_without_glance(self):
        if not CONF.service_available.glance:
            raise self.skipException('[service_available] glance is false')

    def assert_clone_of(self, volume, source, snapshot):
        info = self.vpool.info(self.name_on_vpool(volume['id']))
        parent = self.vpool.info(self.name_on_vpool(source['id']))
        self.assertEqual((parent.volume_id, snapshot),
                         (info.parent_volume_id, info.parent_snapshot_id),
                         'what the vPool says of the clone')
