# SPDX-License-Identifier: Apache-2.0

"""Read a vPool itself, past Cinder. Nothing here changes anything."""

from ovs_drivers import storagedriver


class VPoolClient(object):
    """Reads one vPool over the XML-RPC of its storagedrivers."""

    def __init__(self, settings):
        self.settings = settings
        self._xml_rpc = storagedriver.from_options(settings.options)

    @property
    def backend(self):
        return self.settings.backend

    def names(self):
        return set(self._xml_rpc.volume_names())

    def has(self, name):
        return self._xml_rpc.volume_id(name) is not None

    def info(self, name):
        """Return the vPool's information of a volume, or None."""
        volume_id = self._xml_rpc.volume_id(name)
        if volume_id is None:
            return None
        try:
            return self._xml_rpc.volume_info(volume_id)
        except storagedriver.ObjectNotFound:
            return None

    def size(self, name):
        info = self.info(name)
        return info and info.size

    def snapshots(self, name):
        """The names of a volume's snapshots; empty if there is no volume."""
        volume_id = self._xml_rpc.volume_id(name)
        if volume_id is None:
            return []
        try:
            return list(self._xml_rpc.snapshots(volume_id))
        except storagedriver.ObjectNotFound:
            return []

    def capacity(self):
        return self._xml_rpc.vpool_info()

    def content(self):
        """All volumes by name, each with its VolumeInfo and snapshots."""
        found = {}
        for name in self.names():
            info = self.info(name)
            if info is not None:
                found[name] = (info, self.snapshots(name))
        return found
