# SPDX-License-Identifier: Apache-2.0

"""One control connection to the engine: NBD's option phase, never left."""

import enum
import os
import struct

from ovs_storagedriver import unix_socket
from ovs_storagedriver import wire

_NBD_MAGIC = b'NBDMAGIC'
_OPTION_MAGIC = b'IHAVEOPT'
_REPLY_MAGIC = 0x0003E889045565A9
_CLIENT_FLAGS = 3  # fixed newstyle, no zeroes
_OPT_OVS = 0x4F565301
_PROTOCOL = 1
_REPLY_BYTES_MAX = 16 << 20


class Operation(enum.IntEnum):
    """Requests of the vendor option; edge/PROTOCOL.md has their fields."""

    HELLO = 1
    VOLUME_CREATE = 10
    VOLUME_REMOVE = 11
    VOLUME_TRUNCATE = 12
    VOLUME_INFO = 14
    VOLUME_LIST = 15
    VOLUME_CLONE = 16
    VOLUME_SET_TEMPLATE = 17
    VOLUME_SET_OWNER = 18
    VOLUME_FENCE = 19
    SNAPSHOT_CREATE = 20
    SNAPSHOT_REMOVE = 21
    SNAPSHOT_ROLLBACK = 22
    SNAPSHOT_LIST = 23
    SNAPSHOT_INFO = 24
    SNAPSHOT_SYNCED = 25
    STORE_STAT = 30


class EngineError(Exception):
    """The engine refused a request."""

    def __init__(self, errno, reason, message):
        super().__init__(message or os.strerror(errno))
        self.errno = errno
        self.reason = reason
        # Set by who sent the request again after a lost reply.
        self.may_be_repeated = False


class ReplyLost(ConnectionError):
    """The engine has the request, and closed the connection."""


class NotTheEngine(Exception):
    """The peer is no engine of ours, or one of another version."""


class EngineConnection:
    """Ask one question after the other.

    After an OSError or NotTheEngine the connection is of no more use.
    """

    def __init__(self, path, timeout):
        self._socket = unix_socket.connect(path, timeout)
        try:
            self._shake_hands()
            self._say_hello()
        except ReplyLost as error:
            self.close()
            raise ConnectionError('%s' % error)
        except BaseException:
            self.close()
            raise

    def close(self):
        self._socket.close()

    def ask(self, operation, fields=b''):
        """Return a Reader on the reply's fields.

        :raises: EngineError, OSError, NotTheEngine
        """
        data = wire.u16(operation) + fields
        self._socket.sendall(_OPTION_MAGIC + wire.u32(_OPT_OVS) +
                             wire.blob(data))
        magic, option, kind, size = struct.unpack('>QIII', self._receive(20))
        if (magic, option, kind) != (_REPLY_MAGIC, _OPT_OVS, _OPT_OVS):
            raise NotTheEngine('it does not know the vendor option')
        if size > _REPLY_BYTES_MAX:
            raise NotTheEngine('it announces a reply of %d bytes' % size)
        reply = wire.Reader(self._receive(size))
        errno, reason = reply.u32(), reply.u16()
        if errno:
            raise EngineError(errno, reason, reply.text())
        return reply

    def _shake_hands(self):
        if self._receive(18)[:16] != _NBD_MAGIC + _OPTION_MAGIC:
            raise NotTheEngine('it does not speak NBD')
        self._socket.sendall(wire.u32(_CLIENT_FLAGS))

    def _say_hello(self):
        version = self.ask(Operation.HELLO, wire.NO_UUID.bytes).u16()
        if version != _PROTOCOL:
            raise NotTheEngine('it speaks version %d of the control protocol, '
                               'this service version %d: install both from '
                               'one release' % (version, _PROTOCOL))

    def _receive(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self._receive_some(size - len(data))
            if not piece:
                raise ReplyLost('the engine closed the connection')
            data += piece
        return bytes(data)

    def _receive_some(self, size):
        try:
            return self._socket.recv(min(size, 1 << 20))
        except ConnectionError:
            return b''
