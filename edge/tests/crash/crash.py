#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Kills the engine at random moments under verified load.

Several workers write to a volume of their own, and snapshot, clone, roll
back, grow and delete; each knows what every byte must be. The engine is
killed (-9) and started again meanwhile. No acknowledged write may be lost, no
block be wrong, no request fail, and the store must pass its check.

  OVS_EDGE=build/server/ovs-edge edge/tests/crash/crash.py --kills 200
"""

import errno
import os
import random
import sys
import threading
import time
import traceback
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support import engine as engines  # noqa: E402
from support import long_form  # noqa: E402
from support import resend  # noqa: E402
from support import wire  # noqa: E402

MIB = 1 << 20
UNIT = 4096
DEPTH = 8
SNAPSHOTS_KEPT = 4


class Worker(threading.Thread):
    start_size, largest = 4 * MIB, 12 * MIB

    def __init__(self, number, engine, seed, stop):
        super().__init__(name='worker%d' % number, daemon=True)
        self.rng = random.Random(seed * 1000 + number)
        self.engine, self.stop = engine, stop
        self.control = resend.Control(engine.address)
        self.base = self.volume = 'volume%d' % number
        self.serial = 0
        self.failure = None
        self.counts = {}

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number

    def run(self):
        try:
            self.begin()
            while not self.stop.is_set():
                self.step()
            self.verify_all()
        except BaseException:
            self.failure = traceback.format_exc()
            self.stop.set()

    def begin(self):
        self.control('create', self.volume, self.start_size, uuid.uuid4())
        self.now = bytearray(self.start_size)
        self.snapshots = {}     # name: (order, content)
        self.disk = resend.Disk(self.engine.address, self.volume)

    def new_name(self, prefix):
        self.serial += 1
        return '%s-%s%d' % (self.base, prefix, self.serial)

    def step(self):
        choice = self.rng.random()
        if choice < 0.80:
            self.do_io()
        else:
            self.disk.collect()
            self.rng.choice(self.others())()

    def others(self):
        """Return the actions beside I/O; frequent ones stand twice."""
        return (self.do_snapshot, self.do_snapshot, self.do_clone,
                self.do_clone, self.do_rollback, self.do_remove_snapshot,
                self.do_grow, self.do_recreate)

    def pieces(self):
        """Ranges that do not overlap, so that any order is the same."""
        count = self.rng.randrange(1, DEPTH + 1)
        slot = len(self.now) // count // UNIT * UNIT
        for number in range(count):
            length = min(self.rng.choice((1, 100, 4096, 65536, 150000)), slot)
            start = number * slot + self.rng.randrange(slot - length + 1)
            if self.rng.random() < 0.5:
                start = start // UNIT * UNIT
            yield start, length

    def do_io(self):
        for offset, length in self.pieces():
            if self.rng.random() < 0.25:
                kind = self.rng.choice((wire.TRIM, wire.WRITE_ZEROES))
                self.disk.submit(kind, offset, length)
                self.now[offset:offset + length] = bytes(length)
                self.count('trims')
            else:
                data = self.rng.randbytes(length)
                flags = wire.FUA if self.rng.random() < 0.03 else 0
                self.disk.submit(wire.WRITE, offset, length, data, flags)
                self.now[offset:offset + length] = data
                self.count('writes')
        if self.rng.random() < 0.1:
            self.disk.submit(wire.FLUSH)
        self.disk.collect()
        offset = self.rng.randrange(len(self.now))
        length = min(300000, len(self.now) - offset)
        self.expect(self.disk, self.now, offset, length)

    def expect(self, disk, content, offset, length):
        found = disk.read(offset, length)
        self.count('reads')
        if found != content[offset:offset + length]:
            wrong = next(i for i in range(length)
                         if found[i] != content[offset + i])
            raise AssertionError(
                '%s: wrong byte at %d (cluster %d), %d bytes read at %d' % (
                    disk.name, offset + wrong, (offset + wrong) >> 16, length,
                    offset))

    def expect_all(self, name, content):
        disk = resend.Disk(self.engine.address, name)
        for offset in range(0, len(content), MIB):
            self.expect(disk, content, offset,
                        min(MIB, len(content) - offset))
        return disk

    def do_snapshot(self):
        if len(self.snapshots) >= SNAPSHOTS_KEPT:
            return
        name, number = self.new_name('s'), uuid.uuid4()
        while True:
            try:
                self.control('snapshot', self.volume, name, number)
                break
            except wire.Refused as refused:
                if refused.errno != errno.EBUSY:
                    raise
                newest = max(self.snapshots,
                             key=lambda key: self.snapshots[key][0])
                self.control('wait_synced', self.volume, newest)
        self.snapshots[name] = (self.serial, bytes(self.now))
        self.count('snapshots')

    def do_clone(self):
        if not self.snapshots:
            return
        source = self.rng.choice(sorted(self.snapshots))
        name = self.new_name('c')
        self.control('clone', self.volume, source, name, uuid.uuid4())
        content = bytearray(self.snapshots[source][1])
        disk = resend.Disk(self.engine.address, name)
        for _ in range(self.rng.randrange(6)):
            offset = self.rng.randrange(len(content) - 5000)
            data = self.rng.randbytes(5000)
            disk.collect(disk.submit(wire.WRITE, offset, 5000, data))
            content[offset:offset + 5000] = data
        disk.close()
        self.expect_all(name, content).close()
        self.control('remove', name)
        self.count('clones')

    def do_rollback(self):
        if not self.snapshots:
            return
        name = self.rng.choice(sorted(self.snapshots))
        self.control('rollback', self.volume, name)
        order, content = self.snapshots[name]
        self.now[:] = content + bytes(len(self.now) - len(content))
        self.snapshots = {key: value for key, value in self.snapshots.items()
                          if value[0] <= order}
        self.count('rollbacks')

    def do_remove_snapshot(self):
        if self.snapshots:
            name = self.rng.choice(sorted(self.snapshots))
            self.control('snapshot_remove', self.volume, name)
            del self.snapshots[name]
            self.count('snapshots removed')

    def do_grow(self):
        if len(self.now) < self.largest:
            size = len(self.now) + self.rng.randrange(1, 50) * UNIT
            self.control('truncate', self.volume, size)
            self.now.extend(bytes(size - len(self.now)))
            self.count('grown')

    def do_recreate(self):
        if self.rng.random() < 0.2:
            self.disk.close()
            self.control('remove', self.volume)
            self.volume = self.new_name('v')
            self.begin()
            self.count('removed')

    def verify_all(self):
        self.disk.collect()
        self.expect_all(self.volume, self.now).close()
        size, found = self.control('snapshots', self.volume)
        assert size == len(self.now)
        wanted = sorted(self.snapshots,
                        key=lambda key: self.snapshots[key][0])
        assert [s.name for s in found] == wanted, (found, wanted)
        for name in wanted:
            clone = self.new_name('v')
            self.control('clone', self.volume, name, clone, uuid.uuid4())
            self.expect_all(clone, self.snapshots[name][1]).close()
            self.control('remove', clone)
        self.disk.close()
        self.control.close()


def run(kills, seed, workers=3, pause=(0.1, 1.2), say=print):
    """Raises on any failure; returns what was done."""
    with engines.scratch_store() as data, engines.Engine(data) as engine:
        stop = threading.Event()
        crew = [Worker(number, engine, seed, stop)
                for number in range(workers)]
        for worker in crew:
            worker.start()
        done = kill_often(engine, kills, random.Random(seed), pause, stop, say)
        stop.set()
        for worker in crew:
            worker.join(300)
        failures = [worker.failure or 'it hangs' for worker in crew
                    if worker.failure or worker.is_alive()]
        assert not failures, 'seed %d: %s\n%s' % (
            seed, '\n'.join(failures), engine.log_text()[-3000:])
        status, text = finish(engine, data)
        assert status == 0, 'seed %d: %s' % (seed, text)
        return total(done, crew)


def kill_often(engine, kills, rng, pause, stop, say):
    for done in range(1, kills + 1):
        stop.wait(rng.uniform(*pause))
        if stop.is_set():
            return done - 1
        engine.restart(kill=True)
        if done % 20 == 0:
            say('%d kills' % done)
    return kills


def total(kills, crew):
    totals = {'kills': kills}
    for worker in crew:
        for what, number in worker.counts.items():
            totals[what] = totals.get(what, 0) + number
    return totals


def finish(engine, data):
    """The store must be good right after a kill, and after a clean stop."""
    engine.kill()
    status, text = engines.check(data)
    if status:
        return status, text
    engine.start()
    engine.stop()
    return engines.check(data)


def main():
    arguments = long_form.arguments(__doc__, kills=200)
    begun = time.monotonic()
    totals = run(arguments.kills, arguments.seed,
                 say=lambda text: print(text, flush=True))
    print('%.0f s: %s' % (time.monotonic() - begun, ', '.join(
        '%d %s' % (number, what) for what, number in totals.items())))
    print('no acknowledged write lost, no wrong block, check clean')


if __name__ == '__main__':
    main()
