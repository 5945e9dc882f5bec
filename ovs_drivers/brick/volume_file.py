# SPDX-License-Identifier: Apache-2.0

"""A volume as a file object, where a host would have a device.

Cinder copies through it when it backs a volume up or moves it to another
back end, as os-brick's connector for Ceph does.
"""

import io

from ovs_drivers import edge

_PIECE = 1 << 20
_ZEROS = b'\0' * _PIECE


class VolumeFile(io.RawIOBase):
    """The volume at a location; it is opened when it is first used.

    Where zeros are written over zeros, nothing is: a thin volume stays thin.
    """

    def __init__(self, place):
        super(VolumeFile, self).__init__()
        self._place = place
        self._volume = None
        self._position = 0

    def __str__(self):
        return str(self._place)

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position,
                io.SEEK_END: self._size() if whence == io.SEEK_END else 0}
        if whence not in base or base[whence] + offset < 0:
            raise ValueError('no such position: %r from %r'
                             % (offset, whence))
        self._position = base[whence] + offset
        return self._position

    def tell(self):
        return self._position

    def readinto(self, buffer):
        """Fill the buffer; less is left only at the end of the volume."""
        done = 0
        while done < len(buffer):
            data = self._opened().read(self._position,
                                       min(_PIECE, len(buffer) - done))
            if not data:
                break
            buffer[done:done + len(data)] = data
            done += len(data)
            self._position += len(data)
        return done

    def write(self, data):
        """Write all of it; what does not fit is an error."""
        if not isinstance(data, bytes):
            data = bytes(bytearray(data))
        for start in range(0, len(data), _PIECE):
            piece = data[start:start + _PIECE]
            if piece != _ZEROS[:len(piece)] or self._has_data(len(piece)):
                self._opened().write(self._position, piece)
            self._position += len(piece)
        return len(data)

    def flush(self):
        super(VolumeFile, self).flush()
        if self._volume is not None:
            self._volume.flush()

    def close(self):
        try:
            super(VolumeFile, self).close()
        finally:
            if self._volume is not None:
                self._volume.close()
                self._volume = None

    def _has_data(self, count):
        """Return true if zeros written here would change something."""
        return (self._opened().read(self._position, count) !=
                _ZEROS[:count])

    def _opened(self):
        if self.closed:
            raise ValueError('the volume %s is closed' % self)
        if self._volume is None:
            self._volume = edge.at(self._place).open(self._place.name)
        return self._volume

    def _size(self):
        return edge.at(self._place).size(self._place.name)
