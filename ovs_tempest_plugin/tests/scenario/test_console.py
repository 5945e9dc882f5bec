# SPDX-License-Identifier: Apache-2.0

"""A guest sees its disks, and tells them without a network."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import console
from ovs_tempest_plugin.common import guest
from ovs_tempest_plugin.common import waiting
from ovs_tempest_plugin.tests.scenario import base

CONF = config.CONF


class TestConsole(base.ScenarioTest):

    needs_ssh = False

    needs = [('compute-feature-enabled', 'console_output')]

    @classmethod
    def skip_checks(cls):
        super(TestConsole, cls).skip_checks()
        cls.skip_without(CONF.openvstorage.guest_tells_disks is not False,
                         '[openvstorage] guest_tells_disks is false')

    @decorators.idempotent_id('e3b698a0-2ba1-422e-8fbf-2af2ae26a124')
    def test_disks_come_grow_and_go(self):
        """A disk comes, grows and goes, as the console says

        * boot from a volume: the console names its serial
        * attach another one, extend it, detach it; the console says each
        """
        root = self.boot_volume(self.made)
        server, _access = self.made.server(
            self.get_tenant_network(), image_id='',
            block_device_mapping_v2=[{
                'uuid': root['id'], 'source_type': 'volume',
                'destination_type': 'volume', 'boot_index': 0}])
        self.skip_unless_it_tells_disks(server)
        self.wait_for_disk(server, root, self.boot_size())
        volume = self.made.volume()
        self.made.attach(server['id'], volume['id'])
        self.wait_for_disk(server, volume, 1)
        if CONF.volume_feature_enabled.extend_attached_volume:
            with self.microversion('3.42'):
                self.made.volumes.extend_volume(volume['id'], new_size=2)
            self.made.wait_for_volume(volume['id'], 'in-use')
            self.wait_for_disk(server, volume, 2)
        self.made.detach(server['id'], volume['id'])
        self.wait_for_disk(server, volume, None)

    def skip_unless_it_tells_disks(self, server):
        if CONF.openvstorage.guest_tells_disks:
            return
        if not console.tells_disks('server %s' % server['id'],
                                   lambda: self.output(server),
                                   CONF.volume.build_timeout):
            raise self.skipException(
                'the image %s tells no disks on its console; the image of '
                'the testbed does' % CONF.compute.image_ref)

    def output(self, server):
        return self.servers.get_console_output(server['id'])['output']

    def wait_for_disk(self, server, volume, size):
        """Wait for a disk of SIZE GiB, or for none."""
        serial = volume['id'][:guest.SERIAL_LENGTH]
        wanted = size and size * base.GIB

        def probe():
            disks = console.disks(self.output(server))
            return disks.get(serial) == wanted, disks

        waiting.wait_for('the console of server %s to tell of %s bytes with '
                         'the serial %s' % (server['id'], wanted, serial),
                         probe, CONF.volume.build_timeout)
