# SPDX-License-Identifier: Apache-2.0

"""Giving a volume to another project."""

from tempest.lib import decorators
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.tests import base


class TestTransfer(base.BaseTest):

    credentials = ['primary', 'alt', 'admin']

    @decorators.idempotent_id('d2bb29c7-81f3-41c0-a128-b5ad28d2537d')
    def test_transfer(self):
        """A volume changes its owner and stays where it is

        * offer a volume and accept it as another project
        * the first owner no longer sees it, the second can clone it
        * on the vPool it is the same volume
        """
        volume = self.made.volume()
        before = self.vpool.info(self.name_on_vpool(volume['id']))
        offers = self.os_primary.volume_transfers_client_latest
        offer = offers.create_volume_transfer(
            volume_id=volume['id'],
            name=resources.name_of('transfer'))['transfer']
        self.made.wait_for_volume(volume['id'], 'awaiting-transfer')
        self.os_alt.volume_transfers_client_latest.accept_volume_transfer(
            offer['id'], auth_key=offer['auth_key'])
        theirs = self._resources(self.os_alt, self.addCleanup)
        self.addCleanup(theirs.delete_volume, volume['id'])
        theirs.wait_for_volume(volume['id'])
        self.assertRaises(lib_exc.NotFound, self.made.show_volume,
                          volume['id'])
        self.assertEqual(before,
                         self.vpool.info(self.name_on_vpool(volume['id'])))
        clone = theirs.volume(source_volid=volume['id'])
        self.assert_on_vpool(clone['id'])
