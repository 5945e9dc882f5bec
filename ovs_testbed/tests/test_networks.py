# SPDX-License-Identifier: Apache-2.0

from types import SimpleNamespace
from unittest import mock

from ovs_testbed import cloud
from ovs_testbed import networks
from ovs_testbed.tests import support


class Cloud:
    """Neutron's part of a cloud: what is made is found by its name."""

    def __init__(self):
        self.made = {}
        self.addresses = []
        self.rules = []

    def find_network(self, name):
        return self.made.get(name)

    find_router = find_subnet = find_network

    def find_security_group(self, name):
        return SimpleNamespace(id=name)

    def _make(self, kind, name, **_how):
        self.made.setdefault(name, SimpleNamespace(id='id of ' + name))
        self.made[kind, name] = True
        return self.made[name]

    def create_network(self, **how):
        return self._make('network', **how)

    def create_subnet(self, **how):
        return self._make('subnet', **how)

    def create_router(self, **how):
        return self._make('router', **how)

    def add_interface_to_router(self, router, subnet_id):
        self.made['interface', router.id] = subnet_id

    def security_group_rules(self, security_group_id):
        return self.rules

    def create_security_group_rule(self, **how):
        self.rules.append(SimpleNamespace(**how))

    def ports(self, device_id):
        return iter([SimpleNamespace(id='port of ' + device_id)])

    def create_ip(self, **how):
        self.addresses.append(SimpleNamespace(
            floating_ip_address='172.24.4.10', **how))
        return self.addresses[-1]

    def ips(self):
        return list(self.addresses)

    def delete_ip(self, address):
        self.addresses.remove(address)


class NeutronTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.cloud = Cloud()
        self.connection = SimpleNamespace(network=self.cloud)
        connect = mock.patch.object(cloud, 'connect',
                                    return_value=self.connection)
        connect.start()
        self.addCleanup(connect.stop)
        self.networks = networks.of(self.testbed)
        self.networks.make()

    def test_networks_are_made_once(self):
        for name in 'public', 'private', 'shared':
            self.assertIsNotNone(self.cloud.find_network(name))
        made, rules = dict(self.cloud.made), list(self.cloud.rules)
        self.networks.make()
        self.assertEqual((made, rules), (self.cloud.made, self.cloud.rules))

    def test_tempest_is_told_the_public_one(self):
        options = self.networks.tempest_options()
        self.assertEqual('id of public', options['public_network_id'])

    def test_server_gets_an_address_and_loses_it(self):
        self.assertEqual([{'net-id': 'id of private'}],
                         self.networks.interfaces(self.connection))
        server = SimpleNamespace(id='server')
        for note in 'theirs', 'mine':
            address = self.networks.reach(self.connection, server, note)
        self.assertEqual('172.24.4.10', address)
        self.assertEqual('port of server', self.cloud.addresses[0].port_id)
        self.networks.forget(self.connection, 'mine')
        self.assertEqual(['theirs'], [
            address.description for address in self.cloud.addresses])


class NovaNetworkTestCase(support.TestbedTestCase):

    RELEASE = 'newton'

    def test_server_is_reached_at_its_own_address(self):
        found = networks.of(self.testbed)
        found.make()
        self.assertIsNone(found.interfaces(None))
        self.assertEqual({}, found.tempest_options())
        server = SimpleNamespace(networks={'private': ['10.1.0.2']})
        self.assertEqual('10.1.0.2', found.reach(None, server, 'mine'))
        found.forget(None, 'mine')
