# SPDX-License-Identifier: Apache-2.0

"""os-brick connector for volumes that QEMU opens itself."""

from os_brick import exception
from os_brick.i18n import _
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
        """Close the file, if there is one and anybody opened it."""
        opened = (device_info or {}).get('path')
        if isinstance(opened, volume_file.VolumeFile):
            opened.close()

    def check_valid_device(self, path, run_as_root=True):
        """Whether the volume that PATH is, or is the location of, opens."""
        try:
            self._size(location.parse('%s' % path))
        except (location.LocationError, edge.EdgeError,
                edge.LibraryMissing) as error:
            LOG.warning('Volume %s cannot be opened: %s', path, error)
            return False
        return True

    def get_volume_paths(self, connection_properties):
        return [str(self._location(connection_properties))]

    def get_search_path(self):
        """No folder of the host shows the volumes."""
        return None

    def extend_volume(self, connection_properties):
        """The size that the volume has now, in bytes."""
        try:
            return self._size(self._location(connection_properties))
        except (edge.EdgeError, edge.LibraryMissing) as error:
            raise exception.BrickException('%s' % error)

    def get_all_available_volumes(self, connection_properties=None):
        """No folder of the host shows the volumes."""
        return []

    def _location(self, connection_properties):
        text = (connection_properties.get('location') or
                connection_properties.get('device_path'))
        if not text:
            raise exception.BrickException(
                _('connection_properties have no device_path: the location '
                  'of the volume is needed'))
        try:
            return location.parse(text)
        except location.LocationError as error:
            raise exception.BrickException('device_path: %s' % error)

    def _size(self, place):
        return edge.Edge([place.host], place.port,
                         place.transport).size(place.name)
