# SPDX-License-Identifier: Apache-2.0

"""The resources of a new cloud, with the names that DevStack gives: flavors,
the image, the networks and a volume type."""

from ovs_testbed import cloud
from ovs_testbed import guest
from ovs_testbed import networks
from ovs_testbed import testbeds

IMAGE = 'guest'
#: name: memory in MiB
FLAVORS = {'m1.nano': 192, 'm1.micro': 256}
MULTIATTACH = 'multiattach'


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
    networks.of(testbed).make()
    _make_multiattach_type(connection)


def _make_multiattach_type(connection):
    """DevStack's type for volumes that several servers may have."""
    if connection.block_storage.find_type(MULTIATTACH):
        return
    made = connection.block_storage.create_type(name=MULTIATTACH)
    connection.block_storage.update_type_extra_specs(
        made, multiattach='<is> True',
        volume_backend_name=testbeds.VPOOLS[0])
