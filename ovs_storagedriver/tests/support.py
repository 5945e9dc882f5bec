# SPDX-License-Identifier: Apache-2.0

"""The base of the tests that talk to a running service."""

import contextlib
import os
import struct
import time
import uuid
import xmlrpc.client

from ovs_storagedriver import unix_socket

KIB = 1 << 10
MIB = 1 << 20
WAIT_SECONDS = 30


def eventually(condition, what):
    """Return what CONDITION() returns as soon as that is true.

    :param what: what is waited for, to say so if it never comes
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError('not within %d s: %s' % (WAIT_SECONDS, what))
        time.sleep(0.01)


def is_alive(pid):
    """Return true if a process runs and is no zombie."""
    try:
        with open('/proc/%d/stat' % pid) as stat:
            return stat.read().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def signal_if_alive(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def unique(prefix='volume'):
    return '%s-%s' % (prefix, uuid.uuid4())


class Plain:
    """Python's own XML-RPC client at one port: no redirect is followed."""

    def __init__(self, port, guid=None, host='127.0.0.1'):
        self._port = port
        self._guid = guid
        self._host = host

    def __call__(self, method, **request):
        """Return the answer; None as a value leaves a key out."""
        request.setdefault('vrouter_cluster_id', self._guid)
        return self.send(method, {key: value for key, value
                                  in request.items() if value is not None})

    def send(self, method, *parameters):
        with xmlrpc.client.ServerProxy('http://%s:%d/RPC2' % (
                self._host, self._port)) as proxy:
            return getattr(proxy, method)(*parameters)

    def create(self, name=None, size='1MiB', **request):
        """Make a volume; return its name and id."""
        name = name or unique()
        answer = self('volumeCreate', target_path='/%s.raw' % name,
                      volume_size=size, **request)
        return name, answer['volume_id']

    def snapshot(self, volume_id, name=None, metadata=None):
        """Take a snapshot and wait until it is on the back end."""
        name = name or unique('snapshot')
        answer = self('snapshotCreate', volume_id=volume_id,
                      snapshot_id=name, metadata=metadata)
        if answer != name:
            raise AssertionError('snapshotCreate: %r' % (answer,))
        eventually(lambda: self('isVolumeSyncedUpToSnapshot',
                                volume_id=volume_id, snapshot_id=name),
                   'snapshot %s is on the back end' % name)
        return name


class Disk:
    """The data of a volume, by NBD at the engine's control socket."""

    _REQUEST, _REPLY = 0x25609513, 0x67446698
    _READ, _WRITE, _DISCONNECT, _FLUSH = 0, 1, 2, 3

    def __init__(self, data, name):
        self._socket = unix_socket.connect(
            os.path.join(data, 'engine.sock'), WAIT_SECONDS)
        greeting = self._receive(18)
        if greeting[:16] != b'NBDMAGICIHAVEOPT':
            raise AssertionError('no NBD: %r' % greeting)
        name = name.encode()
        self._socket.sendall(struct.pack('>I8sII', 3, b'IHAVEOPT', 1,
                                         len(name)) + name)
        self.size, _flags = struct.unpack('>QH', self._receive(10))

    def write(self, offset, data):
        self._ask(self._WRITE, offset, len(data), data)

    def read(self, offset, length):
        self._ask(self._READ, offset, length)
        return self._receive(length)

    def flush(self):
        self._ask(self._FLUSH, 0, 0)

    def close(self):
        with contextlib.suppress(BrokenPipeError):   # it was cut off
            self._socket.sendall(struct.pack('>IHHQQI', self._REQUEST, 0,
                                             self._DISCONNECT, 0, 0, 0))
        self._socket.close()

    def _ask(self, command, offset, length, data=b''):
        self._socket.sendall(struct.pack('>IHHQQI', self._REQUEST, 0, command,
                                         1, offset, length) + data)
        magic, error, _cookie = struct.unpack('>IIQ', self._receive(16))
        if magic != self._REPLY:
            raise AssertionError('no NBD reply: %x' % magic)
        if error:
            raise OSError(error, os.strerror(error))

    def _receive(self, size):
        data = b''
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise ConnectionError('the engine closed the connection')
            data += piece
        return data


@contextlib.contextmanager
def disk(data, name):
    opened = Disk(data, name)
    try:
        yield opened
    finally:
        opened.close()
