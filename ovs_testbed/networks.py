# SPDX-License-Identifier: Apache-2.0

"""The servers' networks: Neutron's, or before it nova-network's."""

from ovs_testbed import cloud
from ovs_testbed import services
from ovs_testbed.services import network

PUBLIC, PRIVATE, SHARED = 'public', 'private', 'shared'
_PRIVATE_RANGE = '10.0.0.0/24'
_SHARED_RANGE = '10.1.0.0/22'


def of(testbed):
    """The networks of a testbed."""
    return (Neutron if 'neutron' in services.load(testbed)
            else NovaNetwork)(testbed)


class Neutron:
    """A public network, a private one with its router for "demo", and a
    shared one for the projects that Tempest makes."""

    def __init__(self, testbed):
        self.testbed = testbed

    def make(self):
        """Make what is missing of them."""
        networks = cloud.connect(self.testbed).network
        _make_public_network(networks)
        public = networks.find_network(PUBLIC)
        _make_routed_network(networks, public, SHARED, _SHARED_RANGE,
                             is_shared=True)
        demo = cloud.connect(self.testbed, 'demo').network
        _make_routed_network(demo, public, PRIVATE, _PRIVATE_RANGE)
        _let_in(demo)

    def tempest_options(self):
        """The section "network" of tempest.conf."""
        networks = cloud.connect(self.testbed).network
        return {'public_network_id': networks.find_network(PUBLIC).id,
                'floating_network_name': PUBLIC,
                'project_network_cidr': '10.100.0.0/16'}

    def interfaces(self, connection):
        """The network arguments of a new server of "demo"."""
        found = connection.network.find_network(PRIVATE)
        return [{'net-id': found.id}]

    def reach(self, connection, server, note):
        """Make an address of a server that the testbed's network reaches.

        :param note: by which it is found when it is to go
        """
        networks = connection.network
        public = networks.find_network(PUBLIC)
        port = next(iter(networks.ports(device_id=server.id)))
        return networks.create_ip(
            floating_network_id=public.id, port_id=port.id,
            description=note).floating_ip_address

    def forget(self, connection, note):
        """Delete the addresses that have a note."""
        for address in connection.network.ips():
            if address.description == note:
                connection.network.delete_ip(address)


class NovaNetwork:
    """One network for all, which is made with Nova's databases; the host has
    an address in it."""

    def __init__(self, testbed):
        """Each testbed has the same."""

    def make(self):
        """It is there."""

    def tempest_options(self):
        return {}

    def interfaces(self, _connection):
        """None means each network that there is."""
        return None

    def reach(self, _connection, server, _note):
        return server.networks[PRIVATE][0]

    def forget(self, _connection, _note):
        """A server takes its addresses with it."""


def _make_public_network(networks):
    if networks.find_network(PUBLIC):
        return
    public = networks.create_network(
        name=PUBLIC, is_router_external=True, is_shared=False,
        provider_network_type='flat', provider_physical_network='public')
    start = network.PUBLIC_RANGE.rsplit('.', 1)[0]
    networks.create_subnet(
        name=PUBLIC, network_id=public.id, ip_version=4,
        cidr=network.PUBLIC_RANGE, gateway_ip=network.PUBLIC_GATEWAY,
        enable_dhcp=False, allocation_pools=[
            {'start': start + '.10', 'end': start + '.250'}])


def _make_routed_network(networks, public, name, addresses, **how):
    """A network with a way out, by a router of the same name."""
    if networks.find_router(name):
        return
    made = networks.find_network(name) \
        or networks.create_network(name=name, **how)
    subnet = networks.find_subnet(name) or networks.create_subnet(
        name=name, network_id=made.id, ip_version=4, cidr=addresses)
    router = networks.create_router(
        name=name, external_gateway_info={'network_id': public.id})
    networks.add_interface_to_router(router, subnet_id=subnet.id)


def _let_in(networks):
    """Let servers be pinged and logged into."""
    group = networks.find_security_group('default')
    there = {rule.protocol for rule in networks.security_group_rules(
        security_group_id=group.id)}
    for protocol, port in (('icmp', None), ('tcp', 22)):
        if protocol not in there:
            networks.create_security_group_rule(
                security_group_id=group.id, direction='ingress',
                ether_type='IPv4', protocol=protocol, port_range_min=port,
                port_range_max=port)
