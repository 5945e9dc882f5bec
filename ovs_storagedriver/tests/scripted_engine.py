# SPDX-License-Identifier: Apache-2.0

"""A control socket that says what a test wants, right or wrong.

For what the real engine cannot be made to do at a certain moment: die
between a request and its reply, or answer nonsense.
"""

import contextlib
import os
import socket
import struct
import tempfile
import threading

from ovs_storagedriver import wire

GREETING = b'NBDMAGICIHAVEOPT\x00\x03'
OPT_OVS = 0x4F565301
VERSION_1 = wire.u16(1)
# A step of a script: close the connection instead of answering.
CLOSE = object()


def reply(fields=b'', errno=0, reason=0):
    return frame(wire.u32(errno) + wire.u16(reason) + fields)


def refusal(errno, reason, message='refused'):
    return reply(wire.text(message), errno, reason)


def frame(data, magic=0x0003E889045565A9, option=OPT_OVS, kind=OPT_OVS):
    return struct.pack('>QIII', magic, option, kind, len(data)) + data


class ScriptedEngine:
    """Answer the n-th request with the n-th step, over all connections.

    ``requests`` has (operation, fields) of each; HELLO is answered and not
    counted.
    """

    def __init__(self, steps, greeting=GREETING, hello=reply(VERSION_1)):
        self._steps = iter(steps)
        self._greeting = greeting
        self._hello = hello
        self.requests = []

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix='ovs-engine-')
        self.path = os.path.join(self._folder.name, 'engine.sock')
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        self._folder.cleanup()

    def _accept(self):
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,),
                             daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(ConnectionError), connection, \
                connection.makefile('rb') as stream:
            connection.sendall(self._greeting)
            stream.read(4)
            while True:
                header = stream.read(16)
                if len(header) < 16:
                    return
                data = stream.read(struct.unpack('>I', header[12:])[0])
                operation = struct.unpack('>H', data[:2])[0]
                if operation == 1:
                    connection.sendall(self._hello)
                    continue
                self.requests.append((operation, data[2:]))
                step = next(self._steps)
                if step is CLOSE:
                    return
                connection.sendall(step)
