# SPDX-License-Identifier: Apache-2.0

"""Clients that survive the engine's death by PROTOCOL.md's rules."""

import errno
import struct
import time
import uuid

from support import wire

RECONNECT_SECONDS = 60
LOST = (ConnectionError, OSError)


def keep_trying(action):
    """Until the engine is back; the last error if it stays away."""
    end = time.monotonic() + RECONNECT_SECONDS
    while True:
        try:
            return action()
        except LOST:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Control:
    """Control requests that are asked again when their reply was lost."""

    def __init__(self, address):
        self.address, self.options = address, None

    def _ask(self, name, args):
        if not self.options:
            self.options = wire.Options(self.address)
        try:
            return getattr(self.options, name)(*args)
        except LOST:
            self.options.close()
            self.options = None
            raise

    def __call__(self, name, *args):
        asked = []

        def ask():
            asked.append(name)
            return self._ask(name, args)

        try:
            return keep_trying(ask)
        except wire.Refused as refused:
            # an earlier try did it and its reply was lost
            if (len(asked) > 1 and refused.errno == errno.ENOENT and
                    name in ('remove', 'snapshot_remove')):
                return None
            raise

    def close(self):
        if self.options:
            self.options.close()


class Disk:
    """A data connection that resends what was not answered."""

    def __init__(self, address, name):
        self.address, self.name = address, name
        self.session, self.boot_id = uuid.uuid4(), None
        self.waiting, self.results = {}, {}
        self.cookie, self.reconnects = 0, 0
        self.data = None
        keep_trying(self._connect)

    def _connect(self):
        self.data = wire.Data(self.address, self.name, self.session)
        hello = self.data.hello
        if self.boot_id not in (None, hello.boot_id):
            raise AssertionError('the host was rebooted: must not resend')
        self.boot_id = hello.boot_id
        for message, _ in self.waiting.values():
            self.data.sock.sendall(message)

    def _reconnect(self):
        self.reconnects += 1
        self.data.sock.close()
        keep_trying(self._connect)

    def submit(self, kind, offset=0, length=0, data=b'', flags=0):
        self.cookie += 1
        message = struct.pack('>IHHQQI', wire.REQUEST_MAGIC, flags, kind,
                              self.cookie, offset, length) + data
        self.waiting[self.cookie] = (
            message, length if kind == wire.READ else 0)
        try:
            self.data.sock.sendall(message)
        except LOST:
            self._reconnect()
        return self.cookie

    def _receive(self):
        cookie, error = self.data.reply()
        length = self.waiting[cookie][1]
        data = b'' if error else wire.receive(self.data.sock, length)
        del self.waiting[cookie]
        if error:
            raise wire.NBDError(error)
        self.results[cookie] = data

    def collect(self, cookie=None):
        """Waits for one request, or for all."""
        while self.waiting if cookie is None else cookie in self.waiting:
            try:
                self._receive()
            except LOST:
                self._reconnect()
        if cookie is None:
            self.results.clear()
            return None
        return self.results.pop(cookie)

    def read(self, offset, length):
        return self.collect(self.submit(wire.READ, offset, length))

    def close(self):
        self.data.close()
