# SPDX-License-Identifier: Apache-2.0

"""Attaching volumes to servers and detaching them."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import patterns
from ovs_tempest_plugin.common import service_log
from ovs_tempest_plugin.common import waiting
from ovs_tempest_plugin.tests.scenario import base

CONF = config.CONF

ATTACHING = (
    service_log.Step('get the connector', 'nova-compute',
                     '==> get_connector_properties'),
    service_log.Step('initialize_connection', 'cinder-volume',
                     'Connection info returned from driver|'
                     'Initialize volume connection completed'),
    service_log.Step('connect', 'nova-compute', '==> connect_volume'),
    service_log.Step('attach', 'nova-compute', 'attach device xml'),
)
DETACHING = (
    service_log.Step('detach', 'nova-compute', 'detach device xml'),
    service_log.Step('disconnect', 'nova-compute', '==> disconnect_volume'),
    service_log.Step('terminate_connection', 'cinder-volume',
                     'Terminate volume connection completed'),
)


class TestAttach(base.ScenarioTest):

    @classmethod
    def resource_setup(cls):
        super(TestAttach, cls).resource_setup()
        cls.machine = cls.boot(cls.shared)

    @decorators.attr(type='smoke')
    @decorators.idempotent_id('c8840f5b-5b2d-45e4-a493-cdf9f3d70a0d')
    def test_hot(self):
        """A volume comes to a running server and goes again, twice

        * attach a volume: the guest sees its size and serial
        * write to it and detach it: the guest sees it no more, nor does
          the domain have it
        * attach it again: the data are there
        """
        volume = self.made.volume()
        token = patterns.new_token()
        disk = self.attach(self.machine, volume)
        self.machine.write(disk, token)
        self.detach(self.machine, volume)
        if CONF.openvstorage.libvirt_uri:
            self.assertIsNone(self.domain_disk(self.machine, volume['id']),
                              'the domain still has the disk')
        disk = self.attach(self.machine, volume)
        self.assert_data(token, self.machine, disk)
        self.detach(self.machine, volume)

    @decorators.idempotent_id('7b58776f-ff24-474b-9ca8-25ca979d48e4')
    def test_two_at_once(self):
        """Two volumes at one server, one of each vPool

        * attach both, write to each what only that one has
        * detach the first; the second goes on working
        * attach the first again; both have their own data
        """
        volumes = [self.made.volume(volume_type=vpool.settings.volume_type)
                   for vpool in (self.vpools * 2)[:2]]
        tokens = [patterns.new_token() for _volume in volumes]
        disks = [self.attach(self.machine, volume) for volume in volumes]
        for disk, token in zip(disks, tokens):
            self.machine.write(disk, token)
        self.detach(self.machine, volumes[0])
        self.assert_data(tokens[1], self.machine, disks[1])
        disks[0] = self.attach(self.machine, volumes[0])
        for disk, token in zip(disks, tokens):
            self.assert_data(token, self.machine, disk)
        for volume in volumes:
            self.detach(self.machine, volume)

    @decorators.idempotent_id('b33de961-d5bc-44b5-ae93-a89c5481be77')
    def test_another_server(self):
        """The data go with the volume from one server to another

        * write to a volume at one server and detach it
        * attach it to another server: the data are there; write more
        * back at the first server both are there
        """
        volume = self.made.volume()
        other = self.boot(self.made)
        tokens = [patterns.new_token() for _write in range(2)]
        disk = self.attach(self.machine, volume)
        self.machine.write(disk, tokens[0])
        self.detach(self.machine, volume)
        disk = self.attach(other, volume)
        self.assert_data(tokens[0], other, disk)
        other.write(disk, tokens[1], mib=700)
        self.detach(other, volume)
        disk = self.attach(self.machine, volume)
        self.assert_data(tokens[0], self.machine, disk)
        self.assert_data(tokens[1], self.machine, disk, mib=700)
        self.detach(self.machine, volume)

    @decorators.idempotent_id('3adacf80-e686-43e1-b483-9d461d55f306')
    def test_domain(self):
        """The domain's XML is what the contract says

        * attach a volume of each vPool and read the XML of its disk
        * a network disk, raw, of our protocol, with name, host, port,
          transport and snapshot time-out, and the volume's id as serial
        * no part of it is there twice
        """
        self.skip_without_libvirt()
        for vpool in self.vpools:
            volume = self.made.volume(
                volume_type=vpool.settings.volume_type)
            self.attach(self.machine, volume)
            self.assert_contract(
                self.domain_disk(self.machine, volume['id']),
                vpool.settings, self.name_on_vpool(volume['id']))
            self.detach(self.machine, volume)

    def assert_contract(self, disk, vpool, name):
        self.assertIsNotNone(disk, 'no disk with the serial of %s' % name)
        self.assertEqual(('network', 'disk'),
                         (disk.get('type'), disk.get('device')))
        for part in ('driver', 'source', 'target', 'serial'):
            self.assertEqual(1, len(disk.findall(part)), 'parts %s' % part)
        driver = disk.find('driver')
        self.assertEqual(('qemu', 'raw'),
                         (driver.get('name'), driver.get('type')))
        source = disk.find('source')
        self.assertEqual(('openvstorage', name),
                         (source.get('protocol'), source.get('name')))
        self.assertGreater(int(source.get('snapshot-timeout')), 0)
        host, = source.findall('host')
        self.assertIn(host.get('name'), vpool.hosts)
        # libvirt does not tell the transport where it is its default
        self.assertEqual(('%d' % vpool.edge_port, vpool.edge_protocol),
                         (host.get('port'), host.get('transport', 'tcp')))

    @decorators.idempotent_id('3110cccd-0c44-4906-b6c3-7fb17dc50665')
    def test_order_of_calls(self):
        """Nova and Cinder call each other in the order of the contract

        * attach a volume and detach it, and read from the logs of
          nova-compute and cinder-volume what each request did
        * connector, initialize_connection, connect, attach; and back
        """
        places = CONF.openvstorage.service_logs
        for service in ('nova-compute', 'cinder-volume'):
            if service not in places:
                raise self.skipException(
                    '[openvstorage] service_logs has no %s' % service)
        volume = self.made.volume()
        answer = self.made.attach(self.machine.id, volume['id'])
        self.assert_order(ATTACHING, answer, volume['id'])
        self.machine.wait_for_disk(volume['id'], base.GIB)
        answer = self.made.detach(self.machine.id, volume['id'])
        self.assert_order(DETACHING, answer, volume['id'])

    def assert_order(self, steps, answer, volume_id):
        request_id = (answer.response.get('x-compute-request-id') or
                      answer.response['x-openstack-request-id'])
        names = [request_id]
        if not service_log.has_global_requests(CONF.volume.max_microversion):
            names.append(volume_id)

        def probe():
            probe.times = service_log.first_times(
                steps, CONF.openvstorage.service_logs, names)
            missing = [step.name for step in steps
                       if step.name not in probe.times]
            return not missing, 'missing: %s' % missing

        waiting.wait_for('the steps of %s in the logs' % request_id, probe,
                         CONF.openvstorage.settle_timeout)
        self.assertEqual(
            [step.name for step in steps],
            sorted(probe.times, key=lambda name: probe.times[name]),
            'steps of request %s: %s' % (request_id, probe.times))


class TestColdAttach(base.ScenarioTest):

    @decorators.idempotent_id('c635cc81-f038-4004-bd43-698b5ffd69aa')
    def test_cold(self):
        """A volume comes to a stopped server and goes again

        * stop a server, attach a volume, start it: the guest sees the disk
        * write to it, stop, detach, start: it sees it no more
        * attach it to the running server: the data are there
        """
        volume = self.made.volume()
        token = patterns.new_token()
        machine = self.boot(self.made)
        self.stop(machine)
        self.made.attach(machine.id, volume['id'])
        self.start(machine)
        disk = machine.wait_for_disk(volume['id'], base.GIB)
        machine.write(disk, token)
        self.stop(machine)
        self.made.detach(machine.id, volume['id'])
        self.start(machine)
        self.assertIsNone(machine.disk_of(volume['id']))
        disk = self.attach(machine, volume)
        self.assert_data(token, machine, disk)
        self.detach(machine, volume)

    def stop(self, machine):
        self.servers.stop_server(machine.id)
        self.made.wait_for_server(machine.id, 'SHUTOFF')

    def start(self, machine):
        self.servers.start_server(machine.id)
        self.made.wait_for_server(machine.id, 'ACTIVE')
        machine.wait_for_boot()
