# SPDX-License-Identifier: Apache-2.0

"""A small server of the edge port's protocol that misbehaves on demand.

It keeps one volume, `v1`, in memory. What a test wants to go wrong, it
overrides: a method of FakeServer sees every step of every connection.
"""

import socket
import struct
import threading

GREETING = struct.pack('>8sQH', b'NBDMAGIC', 0x49484156454F5054, 3)
OPTION_REPLY_MAGIC = 0x0003E889045565A9
VENDOR, GO = 0x4F565301, 7
HELLO, VOLUME_STAT, VOLUME_INFO = 1, 13, 14
VOLUME_CREATE, VOLUME_REMOVE = 10, 11
SNAPSHOT_CREATE, SNAPSHOT_REMOVE, SNAPSHOT_SYNCED = 20, 21, 25
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3


class Gone(Exception):
    """The peer has closed the connection."""


def shut_down(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass    # its peer was faster


class FakeServer:

    def __init__(self, port=0):
        self.data = bytearray(1 << 20)
        self.boot_id = 'boot-1'
        self.volume_id = b'\x01' * 16
        self.connections = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def cut(self):
        """Ends every connection; new ones are welcome."""
        with self.lock:
            connections, self.connections = self.connections, []
        for connection in connections:
            shut_down(connection)

    def close(self):
        shut_down(self.listener)
        self.acceptor.join(60)
        self.listener.close()
        self.cut()

    def serve(self, connection):
        # Closed here alone: closed by another thread its number may be that
        # of the next connection already, while this one still writes to it.
        with connection:
            try:
                connection.setsockopt(socket.IPPROTO_TCP,
                                      socket.TCP_NODELAY, 1)
                self.greet(connection)
                self.options(connection)
                self.transmission(connection)
            except (Gone, OSError):
                pass

    def receive(self, connection, length):
        data = bytearray()
        while len(data) < length:
            part = connection.recv(length - len(data))
            if not part:
                raise Gone
            data += part
        return bytes(data)

    def greet(self, connection):
        connection.sendall(GREETING)
        self.receive(connection, 4)

    def options(self, connection):
        option = None
        while option != GO:
            _, option, length = struct.unpack(
                '>QII', self.receive(connection, 16))
            self.option(connection, option,
                        self.receive(connection, length))

    def option(self, connection, option, data):
        if option == GO:
            self.go(connection)
        else:
            operation, = struct.unpack_from('>H', data)
            self.vendor(connection, operation, data)

    def reply_option(self, connection, option, kind, data):
        connection.sendall(struct.pack('>QIII', OPTION_REPLY_MAGIC, option,
                                       kind, len(data)) + data)

    def go(self, connection):
        self.reply_option(connection, GO, 3,
                          struct.pack('>HQH', 0, len(self.data), 1))
        self.reply_option(connection, GO, 1, b'')

    def vendor(self, connection, operation, data):
        self.answer(connection, 0, self.fields(operation))

    def answer(self, connection, error, fields=b''):
        self.reply_option(connection, VENDOR, VENDOR,
                          struct.pack('>IH', error, 0) + fields)

    def fields(self, operation):
        if operation == HELLO:
            boot_id = self.boot_id.encode()
            return (struct.pack('>HH', 1, len(boot_id)) + boot_id +
                    b'\x02' * 32 + struct.pack('>QI', 1 << 46, 1 << 25))
        if operation == VOLUME_INFO:
            return self.volume_id + b'\x00\x02v1'
        if operation == VOLUME_STAT:
            return struct.pack('>QB', len(self.data), 0)
        raise Gone

    def transmission(self, connection):
        while True:
            _, _, command, handle, offset, length = struct.unpack(
                '>IHHQQI', self.receive(connection, 28))
            if command == DISCONNECT:
                raise Gone
            data = (self.receive(connection, length)
                    if command == WRITE else b'')
            self.command(connection, command, handle, offset, length, data)

    def command(self, connection, command, handle, offset, length, data):
        if command == WRITE:
            self.data[offset:offset + length] = data
        payload = (bytes(self.data[offset:offset + length])
                   if command == READ else b'')
        self.reply(connection, handle, 0, payload)

    def reply(self, connection, handle, error, payload=b''):
        connection.sendall(struct.pack('>IIQ', 0x67446698, error, handle) +
                           payload)
