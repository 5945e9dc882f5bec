# SPDX-License-Identifier: Apache-2.0

"""The commands of the guides that boot from volumes and attach them."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.tests.cli import base

CONF = config.CONF


class TestNovaCommands(base.CliTest):

    commands = ('cinder', 'nova')

    needs = [('service_available', 'nova'), ('service_available', 'glance')]

    @classmethod
    def setup_credentials(cls):
        cls.set_network_resources(network=True, subnet=True, dhcp=True)
        super(TestNovaCommands, cls).setup_credentials()

    def setUp(self):
        super(TestNovaCommands, self).setUp()
        image = self.made.images.show_image(CONF.compute.image_ref)
        self.size = max(1, image['min_disk'])
        self.volume = self.made.volume(imageRef=image['id'],
                                       size=self.size)['id']

    @decorators.idempotent_id('800a041a-0375-4cdb-a8ec-42c058806c40')
    def test_boot_from_snapshot(self):
        """nova boot --snapshot

        * boot from the snapshot of a bootable volume
        * the server has a new volume of the same vPool
        """
        snapshot = self.made.snapshot(self.volume)['id']
        server = self.boot('--snapshot %s' % snapshot)
        volume, = self.volumes_of(server)
        self.addCleanup(self.made.delete_volume, volume)
        self.addCleanup(self.made.delete_server, server)
        self.assertNotEqual(self.volume, volume)
        self.assert_on_vpool(volume, self.size)

    @decorators.idempotent_id('755a8ab4-c31a-40d8-bc46-41d550119087')
    def test_boot_from_volume_and_attach(self):
        """nova boot --block-device, volume-attach, volume-detach

        * boot from the volume itself; it is the only one of the server
        * attach a second one: the table names it; detach it again
        """
        server = self.boot(
            '--block-device source=volume,id=%s,dest=volume,bootindex=0,'
            'shutdown=preserve' % self.volume)
        self.assertEqual([self.volume], self.volumes_of(server))
        data = self.made.volume()['id']
        answer = self.details(self.user.nova, 'volume-attach',
                              '%s %s' % (server, data))
        self.addCleanup(self.made.detach_if_attached, server, data)
        self.assertEqual(data, answer['volumeId'])
        self.made.wait_for_volume(data, 'in-use')
        row = self.row_of(data, self.listing(
            self.user.nova, 'volume-attachments', server), 'VOLUME ID')
        self.assertEqual(server, row['SERVER ID'])
        self.user.nova('volume-detach', params='%s %s' % (server, data))
        self.made.wait_for_volume(data)

    @decorators.idempotent_id('f5c49713-2513-4676-9b03-a8dc65404ddf')
    def test_boot_from_volume_in_short(self):
        """nova boot --boot-volume, delete

        * boot from the volume; once the server is deleted it is available
        """
        server = self.boot('--boot-volume %s' % self.volume)
        self.assertEqual([self.volume], self.volumes_of(server))
        self.user.nova('delete', params=server)
        self.made.wait_for_volume(self.volume)

    def boot(self, params):
        """Boot a server with the nova command and wait until it runs."""
        network = self.get_tenant_network()
        name = resources.name_of('server')
        server = self.details(
            self.user.nova, 'boot', '--flavor %s --nic %s %s %s' % (
                CONF.compute.flavor_ref,
                'net-id=%s' % network['id'] if network else 'none',
                params, name))
        self.addCleanup(self.made.delete_server, server['id'])
        self.made.wait_for_server(server['id'], 'ACTIVE')
        return server['id']
