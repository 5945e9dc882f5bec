# SPDX-License-Identifier: Apache-2.0

"""What a new cloud gets, under the names that DevStack gives: flavors, the
image, a public network, a private one with its router for "demo", and a
shared one for the projects that Tempest makes."""

from ovs_testbed import cloud
from ovs_testbed import guest
from ovs_testbed import testbed as testbeds
from ovs_testbed.services import network

IMAGE = 'guest'
#: name: memory in MiB
FLAVORS = {'m1.nano': 192, 'm1.micro': 256}
PUBLIC, PRIVATE, SHARED = 'public', 'private', 'shared'
MULTIATTACH = 'multiattach'
_PRIVATE_RANGE = '10.0.0.0/24'
_SHARED_RANGE = '10.1.0.0/22'


def make(testbed):
    """Make what is missing of it."""
    connection = cloud.connect(testbed)
    for name, memory in FLAVORS.items():
        if not connection.compute.find_flavor(name):
            # Tempest's cloud lets no guest boot from an image with less
            connection.compute.create_flavor(name=name, ram=memory, vcpus=1,
                                             disk=1)
    if not connection.image.find_image(IMAGE):
        connection.create_image(
            IMAGE, filename=guest.path(testbed), disk_format='qcow2',
            container_format='bare', visibility='public', wait=True)
    _make_public_network(connection.network)
    public = connection.network.find_network(PUBLIC)
    _make_routed_network(connection.network, public, SHARED, _SHARED_RANGE,
                         is_shared=True)
    demo = cloud.connect(testbed, 'demo').network
    _make_routed_network(demo, public, PRIVATE, _PRIVATE_RANGE)
    _let_in(demo)
    _make_multiattach_type(connection)


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


def _make_multiattach_type(connection):
    """DevStack's type for volumes that several servers may have."""
    if connection.block_storage.find_type(MULTIATTACH):
        return
    made = connection.block_storage.create_type(name=MULTIATTACH)
    connection.block_storage.update_type_extra_specs(
        made, multiattach='<is> True',
        volume_backend_name=testbeds.VPOOLS[0])
