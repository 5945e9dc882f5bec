# SPDX-License-Identifier: Apache-2.0

"""The base of all tests with servers."""

from tempest import config

from ovs_tempest_plugin.common import domain
from ovs_tempest_plugin.common import guest
from ovs_tempest_plugin.common import patterns
from ovs_tempest_plugin.tests import base

CONF = config.CONF
GIB = base.GIB


class ScenarioTest(base.BaseTest):

    # True: the guest is asked over SSH.
    needs_ssh = True

    needs = [('service_available', 'nova'), ('service_available', 'glance')]

    @classmethod
    def skip_checks(cls):
        super(ScenarioTest, cls).skip_checks()
        cls.skip_without(CONF.validation.run_validation or not cls.needs_ssh,
                         '[validation] run_validation is false: no guest can '
                         'be asked')

    @classmethod
    def setup_credentials(cls):
        cls.set_network_resources(network=True, subnet=True, router=True,
                                  dhcp=True)
        super(ScenarioTest, cls).setup_credentials()

    @classmethod
    def setup_clients(cls):
        super(ScenarioTest, cls).setup_clients()
        cls.servers = cls.os_primary.servers_client

    @classmethod
    def boot(cls, made, **wanted):
        """Boot a server, from the image unless WANTED says otherwise.

        :param made: who makes it and sees to it that it goes
        :returns: its Guest, booted
        """
        server, access = made.server(cls.get_tenant_network(), **wanted)
        booted = guest.Guest(server, access, made.servers)
        booted.wait_for_boot()
        return booted

    @classmethod
    def boot_from(cls, made, source_id, source_type='volume',
                  delete_on_termination=False, **wanted):
        """Boot a server from a volume, or from a snapshot or image of one."""
        mapping = {'uuid': source_id, 'source_type': source_type,
                   'destination_type': 'volume', 'boot_index': 0,
                   'delete_on_termination': delete_on_termination}
        if source_type != 'volume':
            mapping['volume_size'] = cls.boot_size()
        return cls.boot(made, image_id='', block_device_mapping_v2=[mapping],
                        **wanted)

    @classmethod
    def boot_volume(cls, made):
        """A volume made from the image."""
        return made.volume(imageRef=CONF.compute.image_ref,
                           size=cls.boot_size())

    @classmethod
    def boot_size(cls):
        image = cls.os_primary.image_client_v2.show_image(
            CONF.compute.image_ref)
        return max(1, image['min_disk'])

    def attach(self, machine, volume, size=1):
        """Attach a volume and return the name of its disk in the guest."""
        self.made.attach(machine.id, volume['id'])
        return machine.wait_for_disk(volume['id'], size * GIB)

    def detach(self, machine, volume):
        self.made.detach(machine.id, volume['id'])
        machine.wait_for_no_disk(volume['id'])

    def assert_data(self, token, machine, disk, mib=0):
        self.assertEqual(patterns.md5(token), machine.md5(disk, mib),
                         'what server %s reads from %s at %d MiB is not what '
                         'was written with the token %s'
                         % (machine.id, disk, mib, token))

    def domain_disk(self, machine, volume_id):
        """The <disk> of a volume, None if the domain has none.

        Fails where no libvirt is named: call skip_without_libvirt() first.
        """
        server = self.os_admin.servers_client.show_server(
            machine.id)['server']
        return domain.disk_of(server['OS-EXT-SRV-ATTR:instance_name'],
                              volume_id)

    def skip_without_libvirt(self):
        if not CONF.openvstorage.libvirt_uri:
            raise self.skipException('[openvstorage] libvirt_uri is not set')
