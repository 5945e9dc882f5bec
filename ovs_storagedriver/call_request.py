# SPDX-License-Identifier: Apache-2.0

"""The one struct that is the parameter of every XML-RPC call."""

import base64
import binascii
import uuid

from ovs_storagedriver import names
from ovs_storagedriver import sizes
from ovs_storagedriver import xml_rpc

_FLAGS = {True: True, False: False, 'true': True, 'True': True,
          'false': False, 'False': False}


class MalformedCall(Exception):
    """A key is missing or has a value of the wrong kind."""


class Request:
    """Read keys of the struct, each as what it has to be.

    Keys that no call reads are ignored, as the product does. The errors
    name the key and never repeat what was sent.

    :raises: MalformedCall
    """

    def __init__(self, parameters):
        if len(parameters) != 1 or not isinstance(parameters[0], dict):
            raise MalformedCall('a call has one parameter, a struct')
        self._values = parameters[0]

    def subject(self):
        """Return what the call is about, for the log."""
        return ' '.join(names.printable(self._values[key])
                        for key in ('target_path', 'volume_id', 'volume_name',
                                    'snapshot_id')
                        if isinstance(self._values.get(key), str))

    def text(self, key):
        value = self._value(key)
        if not isinstance(value, str):
            raise MalformedCall('%s has to be a string' % key)
        return value

    def optional_text(self, key):
        return self.text(key) if key in self._values else None

    def flag(self, key):
        value = self._value(key)
        if not isinstance(value, (bool, str)) or value not in _FLAGS:
            raise MalformedCall('%s is neither "true" nor "false"' % key)
        return _FLAGS[value]

    def size(self, key):
        try:
            return sizes.parse(self.text(key))
        except ValueError as error:
            raise MalformedCall('%s: %s' % (key, error))

    def name_in_path(self):
        try:
            return names.of_path(self.text('target_path'))
        except ValueError as error:
            raise MalformedCall('%s' % error)

    def name(self, key):
        """Return the name of a volume or snapshot."""
        try:
            return names.check(self.text(key), key)
        except ValueError as error:
            raise MalformedCall('%s' % error)

    def object_id(self, key):
        """Return the uuid.UUID, or None if no object can have this id."""
        text = self.text(key)
        try:
            value = uuid.UUID(text)
        except ValueError:
            return None
        return value if str(value) == text.lower() else None

    def data(self, key):
        """Return bytes that came as base64, b'' if there are none."""
        value = self._values.get(key, b'')
        if isinstance(value, xml_rpc.Binary):
            return value.data
        if isinstance(value, bytes):
            return value
        try:
            return base64.b64decode(self.text(key), validate=True)
        except (binascii.Error, ValueError):
            raise MalformedCall('%s is not base64' % key)

    def _value(self, key):
        if key not in self._values:
            raise MalformedCall('%s is missing' % key)
        return self._values[key]
