#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Cuts the power at random moments and checks what is left.

An engine runs a workload under the recorder (record.c). From the record this
makes folders as a disk might hold them after a power failure: what was synced
is there; of the rest any sectors, in any combination; of the names a prefix,
as a journal keeps it. Each folder must pass the check, be served again after
"the reboot", hold everything that was flushed, and nothing that was not
written.

  OVS_EDGE=FILE OVS_RECORD=FILE edge/tests/powercut/powercut.py --cuts 300

The engine has one life here. edge/tests/faults has any number, and all faults
in sequences; this shows where in one record a given engine loses what.
"""

import bisect
import os
import random
import shutil
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support import engine as engines  # noqa: E402
from support import long_form  # noqa: E402

import platter  # noqa: E402

SECTOR = 512
BLOCK = 4096
SIZE = 3 << 20
SECTORS = SIZE // SECTOR


def stamp(version):
    """Return the content of a sector of this version; 0 is zeros."""
    return struct.pack('>Q', version) * (SECTOR // 8)


class History:
    """Which versions each sector has had, and until when it may."""

    def __init__(self, record):
        self.record = record
        self.versions = [[0] for _ in range(SECTORS)]
        self.issued = [[0] for _ in range(SECTORS)]
        self.flushes = []       # (position, versions seen by each sector)

    def position(self):
        return os.path.getsize(self.record)

    def put(self, sectors, version):
        position = self.position()
        for sector in sectors:
            value = version[sector] if isinstance(version, list) else version
            self.versions[sector].append(value)
            self.issued[sector].append(position)

    def flushed(self, marks):
        self.flushes.append((self.position(), marks))

    def marks(self):
        return [len(versions) for versions in self.versions]

    def allowed(self, position):
        """For each sector what it may hold after a cut at the position."""
        number = bisect.bisect_right([p for p, _ in self.flushes],
                                     position) - 1
        floor = (self.flushes[number][1] if number >= 0
                 else [1] * SECTORS)
        for sector in range(SECTORS):
            last = bisect.bisect_right(self.issued[sector], position)
            yield set(self.versions[sector][floor[sector] - 1:last])

    def current(self):
        return [versions[-1] for versions in self.versions]


class Workload:
    """Runs against a recorded engine and remembers what it may expect."""

    def __init__(self, engine, record, seed):
        self.rng = random.Random(seed)
        self.engine = engine
        self.history = History(record)
        self.version = 0
        self.snapshots = []     # (name, content, from, until) positions
        self.kept = []          # names of snapshots that exist now
        self.serial = 0

    def run(self, steps):
        control = self.control = self.engine.options()
        control.create('v', SIZE)
        self.created = self.history.position()
        self.disk = self.engine.open('v')
        for _ in range(steps):
            choice = self.rng.random()
            if choice < 0.6:
                self.write()
            elif choice < 0.75:
                self.zero()
            elif choice < 0.87:
                self.flush()
            elif choice < 0.94:
                self.snapshot()
            elif choice < 0.98:
                self.remove_snapshot()
            else:
                self.rollback()
            control.stat('v')   # so that the connection does not idle
        self.disk.close()
        control.close()
        self.end = self.history.position()

    def extent(self):
        length = self.rng.choice((1, 1, 3, 16, 20)) * BLOCK
        start = self.rng.randrange((SIZE - length) // BLOCK + 1) * BLOCK
        return start, length, range(start // SECTOR,
                                    (start + length) // SECTOR)

    def write(self):
        start, length, sectors = self.extent()
        self.version += 1
        self.history.put(sectors, self.version)
        self.disk.write(start, stamp(self.version) * len(sectors))

    def zero(self):
        start, length, sectors = self.extent()
        self.history.put(sectors, 0)
        self.rng.choice((self.disk.zero, self.disk.trim))(start, length)

    def flush(self):
        marks = self.history.marks()
        self.disk.flush()
        self.history.flushed(marks)

    def snapshot(self):
        if len(self.kept) > 5:
            return
        self.serial += 1
        name = 's%d' % self.serial
        content = self.history.current()
        self.control.snapshot('v', name)
        self.control.wait_synced('v', name)
        self.snapshots.append(
            [name, content, self.history.position(), None])
        self.kept.append(name)

    def forget(self, names):
        for entry in self.snapshots:
            if entry[0] in names and entry[3] is None:
                entry[3] = self.history.position()
        self.kept = [name for name in self.kept if name not in names]

    def remove_snapshot(self):
        if self.kept:
            name = self.rng.choice(self.kept)
            self.forget([name])
            self.control.snapshot_remove('v', name)

    def rollback(self):
        if not self.kept:
            return
        index = self.rng.randrange(len(self.kept))
        name = self.kept[index]
        self.forget(self.kept[index + 1:])
        content = next(entry[1] for entry in self.snapshots
                       if entry[0] == name)
        self.history.put(range(SECTORS), content)
        marks = self.history.marks()
        self.control.rollback('v', name)
        self.history.flushed(marks)     # a rollback is durable by itself


def verify_volume(engine, work, position):
    with engine.open('v') as disk:
        content = disk.read(0, SIZE)
    for sector, allowed in enumerate(work.history.allowed(position)):
        found = content[sector * SECTOR:(sector + 1) * SECTOR]
        if found not in [stamp(version) for version in allowed]:
            raise AssertionError(
                'sector %d holds %r, allowed are the versions %s' % (
                    sector, found[:8], sorted(allowed)))


def verify_partial_writes(engine):
    """Lost data must not come back with the rest of its cluster."""
    with engine.open('v') as disk:
        expected = bytearray(disk.read(0, SIZE))
        for start in range(0, SIZE, 65536):
            disk.write(start + 1000, b'partial')
            expected[start + 1000:start + 1007] = b'partial'
        assert disk.read(0, SIZE) == expected, 'lost data came back'


def verify_snapshots(engine, work, position):
    count = 0
    with engine.options() as control:
        for name, content, since, until in work.snapshots:
            if since > position or (until is not None and until <= position):
                continue
            control.clone('v', name, 'clone-of-' + name)
            with engine.open('clone-of-' + name) as disk:
                found = disk.read(0, SIZE)
            wanted = b''.join(map(stamp, content))
            assert found == wanted, 'snapshot %s is wrong' % name
            control.remove('clone-of-' + name)
            count += 1
    return count


def verify(target, work, position):
    status, text = engines.check(target)
    # before the first volume there may be no store yet: then 2
    assert status == 0 or (status == 2 and position < work.created), text
    with engines.Engine(target, boot_id='after-the-power-cut') as engine:
        if position >= work.created:
            verify_volume(engine, work, position)
            verify_snapshots(engine, work, position)
            verify_partial_writes(engine)
        engine.stop()
    status, text = engines.check(target)
    assert status == 0, text


def run(cuts, seed, steps=400, say=print):
    with engines.scratch_store() as data:
        folder = os.path.dirname(data)
        record = os.path.join(folder, 'record')
        with engines.Engine(data, boot_id='before', env={
                'LD_PRELOAD': os.environ['OVS_RECORD'],
                'RECORD': record}) as engine:
            work = Workload(engine, record, seed)
            work.run(steps)
        rng = random.Random(seed)
        early = cuts // 5
        positions = sorted(
            [rng.randrange(1, work.created) for _ in range(early)] +
            [rng.randrange(1, work.end) for _ in range(cuts - early)])
        replay(data, record, work, positions, rng, folder, say)
        return len(positions)


def replay(data, record, work, positions, rng, folder, say):
    disk, done = platter.Disk(data), 0
    for position, *entry in platter.entries(record):
        while done < len(positions) and positions[done] < position:
            target = os.path.join(folder, 'cut%d' % done)
            disk.write_after_power_cut(rng, target)
            try:
                verify(target, work, positions[done])
            except AssertionError as error:
                raise AssertionError('cut %d at %d, kept in %s: %s' % (
                    done, positions[done], target, error))
            shutil.rmtree(target)
            os.unlink(target + '.log')
            done += 1
            if done % 50 == 0:
                say('%d cuts' % done)
        disk.feed(*entry)
    assert done >= len(positions) - 1


def main():
    arguments = long_form.arguments(__doc__, cuts=300)
    done = run(arguments.cuts, arguments.seed)
    print('%d power cuts: nothing that was flushed was lost' % done)


if __name__ == '__main__':
    main()
