# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What a vPool itself says, past Cinder. Nothing here changes anything."""

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
        """What the vPool knows of a volume, None if there is none."""
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
