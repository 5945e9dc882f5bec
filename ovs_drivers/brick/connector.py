# SPDX-License-Identifier: Apache-2.0

"""os-brick connector for volumes that QEMU opens itself."""

from os_brick import exception
from os_brick.initiator.connectors import base
from os_brick import utils
from oslo_log import log as logging

from ovs_drivers.brick import volume_file
from ovs_drivers import edge
from ovs_drivers import location

LOG = logging.getLogger(__name__)


class OpenvStorageEdgeConnector(base.BaseLinuxConnector):
    """Connects nothing on the host: the location is all that QEMU needs.

    What Cinder copies on a host of its own, backups and volumes that change
    their back end, goes through a file object in place of a device.

    Keys of connection_properties:

    * ``device_path`` - the location of the volume,
      openvstorage+PROTOCOL:HOST:PORT/NAME; Nova's driver keeps it as
      ``location``
    """

    def __init__(self, root_helper, driver=None, execute=None,
                 *args, **kwargs):
        super(OpenvStorageEdgeConnector, self).__init__(
            root_helper, driver=driver, execute=execute, *args, **kwargs)

    @staticmethod
    def get_connector_properties(root_helper, *args, **kwargs):
        """Nothing of this host matters to a vPool."""
        return {}

    @utils.trace
    def connect_volume(self, connection_properties):
        """Return the volume as a file, which str() makes its location."""
        return {'type': 'network', 'path': volume_file.VolumeFile(
            self._location(connection_properties))}

    @utils.trace
    def disconnect_volume(self, connection_properties, device_info,
                          force=False, ignore_errors=False):
        """Close the file, if it was opened."""
        opened = (device_info or {}).get('path')
        if isinstance(opened, volume_file.VolumeFile):
            opened.close()

    def check_valid_device(self, path, run_as_root=True):
        """Return true if the volume opens that PATH is the location of."""
        try:
            place = location.parse('%s' % path)
            edge.at(place).size(place.name)
        except (location.LocationError, edge.EdgeError,
                edge.LibraryMissing) as error:
            LOG.warning('Cannot open volume %s: %s', path, error)
            return False
        return True

    def get_volume_paths(self, connection_properties):
        return [str(self._location(connection_properties))]

    def get_search_path(self):
        """No folder of the host shows the volumes."""
        return None

    def extend_volume(self, connection_properties):
        """Return the size that the volume has now, in bytes."""
        try:
            place = self._location(connection_properties)
            return edge.at(place).size(place.name)
        except (edge.EdgeError, edge.LibraryMissing) as error:
            raise exception.BrickException('%s' % error)

    def get_all_available_volumes(self, connection_properties=None):
        """No folder of the host shows the volumes."""
        return []

    def _location(self, connection_properties):
        try:
            return location.of_connection(connection_properties)
        except location.LocationError as error:
            raise exception.BrickException('%s' % error)
