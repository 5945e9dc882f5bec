# SPDX-License-Identifier: Apache-2.0

"""A host that fails: an engine whose calls are recorded and spoiled.

In one boot the engine is killed and started again on the folder that it left.
A power cut makes another folder, as the disk may be then, and another boot.
"""

import contextlib
import os
import shutil
import signal
import sys
import uuid

sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), name) for name in ('', 'powercut')]

import platter  # noqa: E402

from support import engine as engines  # noqa: E402
from support import wire  # noqa: E402

STARTS = 5
OPENS = 100


class Machine(engines.Engine):
    def __init__(self, folder, recorder):
        """Without a recorder the machine can only kill the engine."""
        self.folder, self.recorder = folder, recorder
        self.boots = self.cuts = 0
        self.orders = os.path.join(folder, 'orders')
        self.deaths_at_start = 0
        data = os.path.join(folder, 'boot0')
        os.mkdir(data)
        self._insert(data, platter.Disk(data))
        super().__init__(data, boot_id='boot0', env={
            'LD_PRELOAD': recorder, 'FAULTS': self.orders,
            'RECORD': self.record} if recorder else {})

    def _insert(self, data, disk):
        """Put the disk into the machine."""
        self.data, self.disk, self.read = data, disk, 0
        self.record = data + '.record'

    def order(self, *words):
        """Give the recorder an order; without words, cancel the last."""
        with open(self.orders + '.new', 'w') as file:
            file.write(' '.join(map(str, words)))
        os.rename(self.orders + '.new', self.orders)

    def start(self):
        """Start the engine; try again if an order kills it meanwhile."""
        for again in range(STARTS):
            try:
                super().start()
                return
            except AssertionError:
                self.process.wait(engines.WAIT)
                if again == STARTS - 1 or not self.has_injected():
                    raise
                self.deaths_at_start += 1

    def has_injected(self):
        """Return true if an order was carried out since the last call."""
        before = self.disk.injected
        self.feed()
        return self.disk.injected > before

    def feed(self):
        if os.path.exists(self.record):
            for position, *entry in platter.entries(self.record, self.read):
                self.disk.feed(*entry)
                self.read = position

    def die(self, name):
        """Kill the engine under the recorder's lock: it notes each call.

        Opening the volume of that name makes such a call, and so does making
        a volume. An engine that refuses both is at rest and can be killed.
        """
        if self.recorder:
            self.order('kill', 'any', 1, 0)
            self._make_calls(name)
        self.process.kill()
        self.process.wait(engines.WAIT)

    def _make_calls(self, name):
        with contextlib.suppress(OSError):
            for _ in range(OPENS if name else 0):
                with contextlib.suppress(wire.OptionError, wire.Refused):
                    self.open(name, uuid.uuid4()).close()
        with contextlib.suppress(OSError, wire.Refused):
            self.options().create('never-made', 4096)

    def is_dead(self):
        return self.process.poll() == -signal.SIGKILL

    def after_power_cut(self, rng):
        """Return a folder as it may be after a power cut, and its disk."""
        self.cuts += 1
        target = os.path.join(self.folder, 'cut%d' % self.cuts)
        return target, self.disk.write_after_power_cut(rng, target)

    def boot(self, data, disk):
        """Boot again with this disk. The engine has ended."""
        old, self.boots = self.data, self.boots + 1
        self._insert(data, disk)
        self.env['RECORD'] = self.record
        self.boot_id = 'boot%d' % self.boots
        self.start()
        shutil.rmtree(old)
        os.unlink(old + '.record')
