# SPDX-License-Identifier: Apache-2.0

"""Fields of the engine's control protocol (edge/PROTOCOL.md, section 2)."""

import struct
import uuid

from ovs_storagedriver import errors

NO_UUID = uuid.UUID(int=0)
BY_NAME, BY_UUID = 0, 1


class Truncated(errors.ServiceError):
    """A reply ends before the fields that belong to it."""


def integer(size, value):
    return value.to_bytes(size, 'big')


def u16(value):
    return integer(2, value)


def u32(value):
    return integer(4, value)


def u64(value):
    return integer(8, value)


def text(value):
    data = value.encode('utf-8', 'surrogateescape')
    return u16(len(data)) + data


def blob(data):
    return u32(len(data)) + data


def ref(volume):
    """Name a volume: by its id if it is a UUID, by its name otherwise."""
    if isinstance(volume, uuid.UUID):
        return integer(1, BY_UUID) + volume.bytes
    return integer(1, BY_NAME) + text(volume)


class Reader:
    """Take the fields of a reply one after the other."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    def u8(self):
        return self._take(1)[0]

    def u16(self):
        return struct.unpack('>H', self._take(2))[0]

    def u32(self):
        return struct.unpack('>I', self._take(4))[0]

    def u64(self):
        return struct.unpack('>Q', self._take(8))[0]

    def text(self):
        return self._take(self.u16()).decode('utf-8', 'surrogateescape')

    def blob(self):
        return self._take(self.u32())

    def uuid(self):
        return uuid.UUID(bytes=self._take(16))

    def flag(self):
        return self.u8() != 0

    def _take(self, size):
        end = self._at + size
        if end > len(self._data):
            raise Truncated('a reply of the engine is cut off after %d bytes'
                            % len(self._data))
        taken = self._data[self._at:end]
        self._at = end
        return taken
