# SPDX-License-Identifier: Apache-2.0

"""The clients of the soak: they know what they wrote, and look."""

import ctypes
import errno
import os
import random
import threading
import time
import traceback
import uuid

import crash
from support import resend
from support import wire

MIB = 1 << 20
#: every fourth is one of the library, if there is one
LIBRARY_EVERY = 4
#: layers that were read, and the pipes and sessions of the engine's threads
DESCRIPTORS_KEPT = 128 + 64
PATIENCE = 120
ONES = (errno.EIO, errno.ECONNREFUSED, errno.ECONNRESET, errno.ENOTCONN,
        errno.EPIPE, errno.ETIMEDOUT, errno.EBUSY, errno.EHOSTUNREACH)


class WireClient(crash.Worker):
    start_size, largest = MIB, 3 * MIB

    def others(self):
        return super().others() + (self.do_fence,)

    def do_fence(self):
        """A session that is fenced is over; the next one reads on."""
        self.disk.close()
        session = uuid.uuid4()
        fenced = resend.keep_trying(lambda: wire.Data(
            self.engine.address, self.volume, session))
        assert self.control('fence', self.volume) >= 0
        try:
            fenced.write(0, b'after the fence')
            raise AssertionError('a fenced session wrote')
        except OSError:
            fenced.sock.close()
        self.disk = resend.Disk(self.engine.address, self.volume)
        self.expect(self.disk, self.now, 0, 4096)
        self.count('fences')


class LibraryClient(threading.Thread):
    """A client of libovsvolumedriver, as QEMU is."""

    def __init__(self, library, number, engine, seed, stop):
        super().__init__(name='library%d' % number, daemon=True)
        self.library, self.stop = library, stop
        self.host, self.port = engine.address
        self.rng = random.Random(seed * 1000 + number)
        self.volume = b'library%d' % number
        self.failure, self.counts = None, {}
        self.now = bytearray(MIB)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def run(self):
        try:
            self.begin()
            while not self.stop.is_set():
                self.step()
            self.expect(0, len(self.now))
            self.library.ovs_ctx_destroy(self.disk)
            self.library.ovs_ctx_destroy(self.control)
        except BaseException:
            self.failure = traceback.format_exc()
            self.stop.set()

    def context(self):
        attributes = self.library.ovs_ctx_attr_new()
        self.library.ovs_ctx_attr_set_transport(
            attributes, b'tcp', self.host.encode(), self.port)
        self.library.ovs_ctx_attr_enable_ha(attributes)
        context = self.library.ovs_ctx_new(attributes)
        self.library.ovs_ctx_attr_destroy(attributes)
        assert context
        return context

    def ask(self, name, *arguments, done=None):
        """Repeat the call without an engine; `done`: errno of a done call."""
        end = time.monotonic() + PATIENCE
        tries = 0
        while True:
            result = getattr(self.library, name)(*arguments)
            seen = ctypes.get_errno()
            if result == 0 or (tries and seen == done):
                return
            assert seen in ONES and time.monotonic() < end, (
                name, errno.errorcode.get(seen, seen))
            tries += 1
            time.sleep(0.05)

    def begin(self):
        self.control = self.context()
        self.ask('ovs_create_volume', self.control, self.volume,
                 len(self.now), done=errno.EEXIST)
        self.disk = self.context()
        self.ask('ovs_ctx_init', self.disk, self.volume, os.O_RDWR)

    def step(self):
        length = self.rng.choice((512, 4096, 65536, 100000))
        offset = self.rng.randrange(len(self.now) - length)
        choice = self.rng.random()
        if choice < 0.5:
            data = self.rng.randbytes(length)
            self.works(length, self.library.ovs_write(
                self.disk, data, length, offset))
            self.now[offset:offset + length] = data
            self.count('library writes')
        elif choice < 0.9:
            self.expect(offset, length)
        elif choice < 0.96:
            self.works(0, self.library.ovs_flush(self.disk))
            self.count('library flushes')
        else:
            self.snapshot()

    def works(self, wanted, result):
        seen = ctypes.get_errno()
        assert result == wanted, (self.name, result,
                                  errno.errorcode.get(seen, seen))

    def expect(self, offset, length):
        memory = ctypes.create_string_buffer(length)
        self.works(length, self.library.ovs_read(self.disk, memory, length,
                                                 offset))
        assert memory.raw == self.now[offset:offset + length], (
            self.name, offset, length)
        self.count('library reads')

    def snapshot(self):
        self.ask('ovs_snapshot_create', self.control, self.volume, b's', 60,
                 done=errno.EEXIST)
        self.ask('ovs_snapshot_remove', self.control, self.volume, b's',
                 done=errno.ENOENT)
        self.count('library snapshots')


def crew(engine, number, seed, stop):
    library = None
    if os.environ.get('OVS_LIBRARY'):
        # ovs.py wants both, and only one is used here.
        os.environ.setdefault('OVS_LIBRARY_IMPATIENT',
                              os.environ['OVS_LIBRARY'])
        import ovs
        library = ovs.load('OVS_LIBRARY')
    return [LibraryClient(library, one, engine, seed, stop)
            if library and one % LIBRARY_EVERY == 0
            else WireClient(one, engine, seed, stop)
            for one in range(number)]
