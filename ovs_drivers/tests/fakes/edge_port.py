# SPDX-License-Identifier: Apache-2.0

"""The edge port of the fake vPool.

The fake client library (``libovsvolumedriver.c``) sends one line a call,
operation and fields with tabs between them, and gets errno, result and fields.
"""

import binascii
import errno

from ovs_drivers.tests.fakes import vpool as fake_vpool

try:
    import SocketServer as socketserver
except ImportError:
    import socketserver


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, vpool, address=('127.0.0.1', 0)):
        socketserver.TCPServer.__init__(self, address, Handler)
        self.vpool = vpool
        self.port = self.server_address[1]


class Handler(socketserver.StreamRequestHandler):

    def handle(self):
        for line in self.rfile:
            fields = line.decode('utf-8').rstrip('\n').split('\t')
            how = self.server.vpool.failure_of('edge', fields[0])
            if how == 'refuse':
                return
            answer = self._answer(fields)
            if how == 'lose':
                return
            self.wfile.write('\t'.join(answer).encode('utf-8') + b'\n')

    def _answer(self, fields):
        try:
            with self.server.vpool.lock:
                result = getattr(self, '_' + fields[0])(*fields[1:])
        except fake_vpool.Refused as refused:
            return ['%d' % refused.errno, '-1']
        return ['0'] + ['%s' % field for field in result or [0]]

    def _create(self, name, size):
        self.server.vpool.create(name, int(size))

    def _truncate(self, name, size):
        self.server.vpool.truncate(name, int(size))

    def _stat(self, name):
        return [self.server.vpool.volume(name).size]

    def _read(self, name, offset, count):
        volume = self.server.vpool.volume(name)
        count = max(0, min(int(count), volume.size - int(offset)))
        data = self.server.vpool.read(name, int(offset), count)
        data = data.ljust(count, b'\0')
        return [count, binascii.hexlify(data).decode('ascii')]

    def _write(self, name, offset, digits):
        data = binascii.unhexlify(digits.encode('ascii'))
        if int(offset) + len(data) > self.server.vpool.volume(name).size:
            raise fake_vpool.Refused(errno.EFBIG, 0, 'past the end')
        self.server.vpool.write(name, int(offset), data)
        return [len(data)]

    def _flush(self, name):
        self.server.vpool.volume(name)

    def _list(self):
        names = self.server.vpool.names()
        return [len(names)] + names

    def _snapshot_create(self, name, snapshot, timeout):
        vpool = self.server.vpool
        vpool.snapshot_create(name, snapshot)
        if getattr(vpool, 'back_end_is_slow', False) and int(timeout) > 0:
            vpool.snapshot_destroy(name, snapshot)
            raise fake_vpool.Refused(errno.ETIMEDOUT, 0, 'not safe in time')

    def _snapshot_is_synced(self, name, snapshot):
        volume = self.server.vpool.volume(name)
        if snapshot not in volume.snapshots:
            raise fake_vpool.Refused(errno.ENOENT, 0, 'no snapshot')
        return [int(volume.snapshots[snapshot].in_backend)]
