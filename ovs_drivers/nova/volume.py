# SPDX-License-Identifier: Apache-2.0

"""Nova libvirt volume driver for Open vStorage Edge."""

from nova import utils
from nova.virt.libvirt import config as vconfig
from nova.virt.libvirt.volume import volume as libvirt_volume
from os_brick.initiator import connector

from ovs_drivers import location
from ovs_drivers.nova import guest_disk

# "ovs-drivers install" registers the class under Nova's own config module.
GuestDisk = getattr(vconfig, 'LibvirtConfigOpenvStorageEdgeGuestDisk', None)
if GuestDisk is None:
    class GuestDisk(guest_disk.OpenvStorageEdgeGuestDisk,
                    vconfig.LibvirtConfigGuestDisk):
        pass


class LibvirtOpenvStorageEdgeVolumeDriver(
        libvirt_volume.LibvirtBaseVolumeDriver):
    """Volumes that QEMU opens itself, by their location.

    ``*args``: what Nova passes besides connection_info has changed four
    times since Newton, and none of it matters here.
    """

    def __init__(self, host):
        super(LibvirtOpenvStorageEdgeVolumeDriver, self).__init__(
            host, is_block_dev=False)
        self.connector = connector.InitiatorConnector.factory(
            'OPENVSTORAGE_EDGE', utils.get_root_helper())

    def get_config(self, connection_info, disk_info):
        """Nova's own disk with another source."""
        conf = GuestDisk()
        vars(conf).update(vars(
            super(LibvirtOpenvStorageEdgeVolumeDriver, self).get_config(
                connection_info, disk_info)))
        place = location.of_connection(connection_info['data'])
        conf.source_type = 'network'
        conf.source_protocol = 'openvstorage'
        conf.source_name = place.name
        conf.source_hosts = [place.host]
        conf.source_ports = ['%d' % place.port]
        conf.source_host_transport = place.transport
        conf.source_snapshot_timeout = (
            location.DEFAULT_SNAPSHOT_TIMEOUT
            if place.snapshot_timeout is None else place.snapshot_timeout)
        return conf

    def connect_volume(self, connection_info, *args):
        """Check the location and keep it; a host has nothing to connect."""
        data = connection_info['data']
        self.connector.connect_volume(data)
        _keep_location(data)

    def disconnect_volume(self, connection_info, *args, **kwargs):
        self.connector.disconnect_volume(connection_info['data'], None)

    def extend_volume(self, connection_info, instance, requested_size=None):
        """Return the size of the volume, which Cinder has made larger.

        Releases before Train look for the disk of the guest by
        ``device_path``; libvirt knows it by its target.
        """
        data = connection_info['data']
        size = self.connector.extend_volume(data)
        _keep_location(data)
        for disk in self.host.get_guest(instance).get_all_disks():
            if disk.serial == connection_info.get('serial'):
                data['device_path'] = disk.target_dev
        return size


def _keep_location(data):
    """Note the location where Nova does not take it for a device.

    Nova runs cryptsetup on a ``device_path`` and names it to libvirt when a
    disk grows: for Nova it is the disk of the guest, or is not there.
    """
    data['location'] = str(location.of_connection(data))
    data.pop('device_path', None)
