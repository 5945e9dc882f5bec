# SPDX-License-Identifier: Apache-2.0

"""Volumes that change their type, and with it maybe their vPool."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import files
from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.common import waiting
from ovs_tempest_plugin.tests import base

CONF = config.CONF


class TestRetype(base.BaseTest):

    @decorators.idempotent_id('7452921f-ca78-4c82-86b6-91a16c742cb3')
    def test_retype_on_the_same_vpool(self):
        """A type of the same vPool changes nothing there

        * create another type of the same back end, retype a volume to it
        * it is the same volume on the vPool, by name and id
        """
        types = self.os_admin.volume_types_client_latest
        other = types.create_volume_type(
            name=resources.name_of('type'), extra_specs={
                'volume_backend_name': self.vpool.backend})['volume_type']
        self.addCleanup(types.delete_volume_type, other['id'])
        volume = self.made.volume()
        name = self.name_on_vpool(volume['id'])
        before = self.vpool.info(name)
        self.retype(volume, other['name'])
        self.assertEqual(before, self.vpool.info(name))
        self.assertEqual(name, self.name_on_vpool(volume['id']))
        self.made.delete_volume(volume['id'])

    @decorators.idempotent_id('17762e3d-e013-4c74-b3d9-841ed8d7f0f9')
    def test_retype_to_another_vpool(self):
        """A type of another vPool takes the data there

        * create a volume from an image of random bytes on the first vPool
        * retype it to the second vPool's type: it is there, and there only
        * an image of it has the bytes of the first image
        """
        if len(self.vpools) < 2:
            raise self.skipException('[openvstorage] vpool names only one')
        if not CONF.openvstorage.retype_between_vpools:
            raise self.skipException(
                '[openvstorage] retype_between_vpools is false')
        content = files.random_file(1 << 20)
        volume = self.made.volume(imageRef=self.made.image(content)['id'])
        old_name = self.name_on_vpool(volume['id'])
        before = self.vpool.info(old_name)
        self.retype(volume, self.vpools[1].settings.volume_type)
        self.assert_on_vpool(volume['id'], vpool=self.vpools[1])
        self.assert_released(self.vpool, old_name, before)
        self.assertEqual(
            files.md5_of_volume(content.getvalue(), base.GIB),
            self.made.image_of_volume(volume['id'])['checksum'])

    def retype(self, volume, type_name):
        self.admin_volumes.retype_volume(
            volume['id'], new_type=type_name, migration_policy='on-demand')

        def probe():
            now = self.made.show_volume(volume['id'])
            state = (now['volume_type'], now['status'])
            return state == (type_name, 'available'), state

        waiting.wait_for('volume %s to be of type %s'
                         % (volume['id'], type_name), probe,
                         CONF.volume.build_timeout)
