#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Faults one after the other, and nothing that was acknowledged may be lost.

Volumes are written to, flushed, snapshotted, cloned, rolled back, grown and
removed. Meanwhile the engine is killed at any call that changes the store,
the power is cut there, writes, syncs and renames fail with EIO or ENOSPC,
syncs are slow, and engines are stopped and started in the same boot or
another. After each death and each cut the store must pass its check, and every
volume and snapshot is held against what was acknowledged (model.py).

  OVS_EDGE=FILE OVS_RECORD=FILE edge/tests/faults/faults.py --faults 2000
"""

import collections
import contextlib
import errno
import os
import random
import shutil
import struct
import sys
import threading
import time
import uuid

import machine as machines
import model
from model import SECTOR
from model import Wrong

from support import engine as engines
from support import long_form
from support import wire

CLUSTER = 65536
SIZE = 24 * CLUSTER // SECTOR       # of a new volume, in sectors
LARGEST = 40 * CLUSTER // SECTOR
ROOTS, CLONES, SNAPSHOTS = 2, 2, 3
STEPS = 25                          # until a fault must have come
FAILED = (errno.EIO, errno.ENOSPC)
HISTORY = 40                        # how much of it is told
TRIES = 50
PLAN = {'kill': 30, 'power cut': 30, 'EIO': 12, 'ENOSPC': 12, 'slow sync': 8,
        'restart': 8}


class Rebooted(Exception):
    """A power cut came instead of the answer."""


class Checker:
    """Holds an engine against the model."""

    def __init__(self, volumes, rng):
        self.volumes, self.rng = volumes, rng

    def verify(self, engine, after_cut, adopt=True, thorough=True):
        with engine.options() as control:
            there = {entry.name for entry in control.list()}
            unknown = there - {volume.name for volume in self.volumes}
            if unknown:
                raise Wrong('no client has made %s' % sorted(unknown))
            found = [(volume, self._state(engine, control, volume, after_cut)
                      if volume.name in there else self._absent(volume))
                     for volume in self.volumes]
            snapshots = [each for volume, state in found if state and thorough
                         for each in self._snapshots(
                             engine, control, volume, state[0], after_cut)]
        if adopt:
            for volume, state in found:
                self._adopt(volume, state, after_cut)
            for content, data in snapshots:
                content.adopt(data, True)   # its clone has synced it

    @staticmethod
    def _absent(volume):
        if not volume.may_be_absent():
            raise Wrong('volume %s is lost' % volume.name)

    def _adopt(self, volume, state, after_cut):
        if state:
            data, content = state[1], state[0].content
            content.adopt(data, after_cut)
        others = [] if after_cut else [
            other for other in volume.states
            if other is not (state and state[0])]
        volume.states = others + [state and state[0]]
        if volume.states == [None]:
            self.volumes.remove(volume)

    @staticmethod
    def _state(engine, control, volume, after_cut):
        """Return the state that the volume is in, and its bytes."""
        size, entries = control.snapshots(volume.name)
        names = [entry.name for entry in entries]
        states = [state for state in volume.states if state and
                  list(state.snapshots) == names and
                  len(state.content.now) * SECTOR == size]
        if not states:
            raise Wrong('volume %s has size %d and snapshots %s' % (
                volume.name, size, names))
        data = read_all(engine, volume.name, size)
        faults = [(state.content.difference(data, after_cut), state)
                  for state in states]
        right = [state for fault, state in faults if not fault]
        if not right:
            raise Wrong('volume %s: %s' % (volume.name, faults[-1][0]))
        return right[-1], data

    @staticmethod
    def _snapshots(engine, control, volume, state, after_cut):
        for name, content in state.snapshots.items():
            clone = 'look-at-%s' % name
            control.clone(volume.name, name, clone)
            data = read_all(engine, clone, len(content.now) * SECTOR)
            control.remove(clone)
            fault = content.difference(data, after_cut)
            if fault:
                raise Wrong('snapshot %s of %s: %s' % (name, volume.name,
                                                       fault))
            yield content, data


def read_all(engine, name, size):
    with engine.open(name) as disk:
        return disk.read(0, size) if size else b''


def verify_partial_writes(engine, volumes):
    """Lost data must not come back with the rest of its cluster."""
    with engine.options() as control:
        there = {entry.name: entry.size for entry in control.list()}
    for volume in volumes:
        if volume.name not in there:
            continue
        size = there[volume.name]
        with engine.open(volume.name) as disk:
            expected = bytearray(disk.read(0, size))
            for start in range(0, size, CLUSTER):
                disk.write(start + 1000, b'partial')
                expected[start + 1000:start + 1007] = b'partial'
            if disk.read(0, size) != expected:
                raise Wrong('volume %s: lost data came back' % volume.name)


class Run:
    def __init__(self, folder, seed, recorder, say):
        self.rng = random.Random(seed)
        self.say = say
        self.machine = machines.Machine(folder, recorder)
        self.volumes = []
        self.checker = Checker(self.volumes, self.rng)
        self.version = self.serial = 0
        self.counts = collections.Counter()
        self.fate = 'kill'      # what the engine's death means
        self.failed = False     # a call was made to fail in this boot
        self.made = False       # there is a store, for certain
        self.disks, self._control = {}, None
        self.history = collections.deque(maxlen=HISTORY)

    def note(self, what, *details):
        """Remember the step; a failure prints the last steps."""
        self.counts[what] += 1
        self.history.append(' '.join(map(str, (what,) + details)))

    # connections

    def disconnect(self):
        for disk in self.disks.values():
            disk.sock.close()
        if self._control:
            self._control.close()
        self.disks, self._control = {}, None

    def patiently(self, action):
        """Repeat the action, which may fail at first after a failed call."""
        for again in range(TRIES):
            try:
                return action()
            except (wire.OptionError, wire.Refused):
                if not self.failed or again == TRIES - 1:
                    raise

    def disk(self, volume):
        if volume.name not in self.disks:
            self.disks[volume.name] = self.patiently(
                lambda: self.machine.open(volume.name, uuid.uuid4()))
        return self.disks[volume.name]

    def control(self):
        if not self._control:
            self._control = self.machine.options()
            self._control.hello()
        return self._control

    # requests, and what becomes of them

    def until_answered(self, action):
        """Repeat the action, as a client does, when the engine died."""
        while True:
            try:
                return action()
            except OSError:
                self.died()

    def ask(self, volume, action):
        """Change names; return true if the engine did it."""
        def repeated():
            asked.append(1)
            return action(self.control())

        asked, after = [], volume.now
        try:
            self.until_answered(repeated)
        except wire.Refused as refused:
            if refused.errno == errno.ENOENT and len(asked) > 1:
                pass            # it was removed the first time
            elif refused.errno in FAILED and self.failed:
                self.find_out(volume)
                return False
            elif refused.errno == errno.EBUSY:
                volume.take_back(after)
                return False
            else:
                raise
        volume.settle(after)
        self.made = True
        return True

    def find_out(self, volume):
        """Find the state after a failed change: both may be durable."""
        self.note('changes that failed', volume.name)
        self.until_answered(lambda: self.checker.verify(
            self.machine, False, thorough=False))

    # what is done

    def extents(self, volume):
        """Yield ranges that do not overlap: any order is the same."""
        count = self.rng.randrange(1, 5)
        slot = len(volume.now.content.now) // count
        for number in range(count):
            length = min(self.rng.choice((1, 3, 8, 128, 300)), slot)
            start = number * slot + self.rng.randrange(slot - length + 1)
            if self.rng.random() < 0.5:
                start = max(start // 128 * 128, number * slot)
            yield range(start, start + length)

    def write(self, volume):
        waiting = {}
        for number, sectors in enumerate(self.extents(volume), 1):
            kind = self.rng.choice((wire.WRITE, wire.WRITE, wire.WRITE,
                                    wire.TRIM, wire.WRITE_ZEROES))
            flags = wire.FUA if self.rng.random() < 0.05 else 0
            version = 0
            if kind == wire.WRITE:
                self.version += 1
                version = self.version
            waiting[number] = (kind, flags, sectors, version)
        self.until_answered(lambda: self.exchange(volume, waiting))
        if any(content.asked for content in volume.contents()):
            self.read_back(volume)

    def exchange(self, volume, waiting):
        disk = self.disk(volume)
        for number, (kind, flags, sectors, version) in waiting.items():
            for content in volume.contents():
                content.ask(sectors, version)
            length = len(sectors) * SECTOR
            data = (model.stamp(version) * len(sectors)
                    if kind == wire.WRITE else b'')
            disk.sock.sendall(struct.pack(
                '>IHHQQI', wire.REQUEST_MAGIC, flags, kind, number,
                sectors.start * SECTOR, length) + data)
        while waiting:
            number, error = disk.reply()
            _kind, flags, sectors, version = waiting.pop(number)
            self.note('writes', volume.name, sectors, version,
                      'FUA' if flags else '', error or '')
            if not error:
                for content in volume.contents():
                    content.answered(sectors, durable=flags & wire.FUA and
                                     len(volume.states) == 1)
            elif error not in FAILED or not self.failed:
                raise Wrong('a write failed: %s' % os.strerror(error))

    def read_back(self, volume):
        """A write that failed is in force or not."""
        self.note('writes that failed', volume.name)
        size = len(volume.now.content.now) * SECTOR
        data = self.until_answered(
            lambda: self.disk(volume).read(0, size))
        fault = volume.now.content.difference(data, False)
        if fault:
            raise Wrong('volume %s: %s' % (volume.name, fault))
        # of the states that a failed change left, the engine has shown one
        volume.now.content.adopt(data, False)

    def flush(self, volume):
        try:
            self.until_answered(lambda: self.disk(volume).flush())
        except wire.NBDError as error:
            if error.errno not in FAILED or not self.failed:
                raise Wrong('a flush failed: %s' % error)
            self.note('flushes that failed', volume.name)
        else:
            self.note('flushes', volume.name)
            volume.flushed()

    def snapshot(self, volume):
        if len(volume.now.snapshots) >= SNAPSHOTS:
            return
        name, number = self.new_name('snapshot'), uuid.uuid4()
        volume.change('snapshot', name)
        if not self.ask(volume, lambda control: control.snapshot(
                volume.name, name, number)):
            return
        self.note('snapshots', volume.name, name)
        if self.rng.random() < 0.5 and self.until_answered(
                lambda: self.control().synced(volume.name, name, 200)):
            volume.now.snapshots[name].flushed()
            self.note('snapshots synced', name)

    def is_cloned(self, volume, name):
        return any(other.parent == (volume.name, name)
                   for other in self.volumes)

    def remove_snapshot(self, volume):
        names = [name for name in volume.now.snapshots
                 if not self.is_cloned(volume, name)]
        if names:
            name = self.rng.choice(names)
            volume.change('remove_snapshot', name)
            if self.ask(volume, lambda control: control.snapshot_remove(
                    volume.name, name)):
                self.note('snapshots removed', volume.name, name)

    def rollback(self, volume):
        names = list(volume.now.snapshots)
        while names and not any(self.is_cloned(volume, newer)
                                for newer in names[1:]):
            if self.rng.random() < 0.5 or len(names) == 1:
                name = names[0]
                volume.change('rollback', name)
                if self.ask(volume, lambda control: control.rollback(
                        volume.name, name)):
                    self.note('rollbacks', volume.name, name)
                return
            del names[0]

    def clone(self, volume):
        if (sum(1 for other in self.volumes if other.parent) >= CLONES or
                not volume.now.snapshots):
            return
        source = self.rng.choice(list(volume.now.snapshots))
        name, number = self.new_name('clone'), uuid.uuid4()
        clone = model.Volume(name, 0, (volume.name, source))
        clone.now.content = volume.now.snapshots[source].copy()
        self.volumes.append(clone)
        if self.ask(clone, lambda control: control.clone(
                volume.name, source, name, number)):
            clone.now.flushed()
            volume.now.snapshots[source].flushed()
            self.note('clones', volume.name, source, name)

    def grow(self, volume):
        if len(volume.now.content.now) < LARGEST:
            size = len(volume.now.content.now) + 8 * self.rng.randrange(1, 99)
            volume.change('grow', size)
            if self.ask(volume, lambda control: control.truncate(
                    volume.name, size * SECTOR)):
                self.note('grown', volume.name, size)

    def remove(self, volume):
        if any(self.is_cloned(volume, name)
               for state in volume.states if state
               for name in state.snapshots) or self.rng.random() < 0.6:
            return
        disk = self.disks.pop(volume.name, None)
        if disk:
            disk.close()
        volume.remove()
        if self.ask(volume, lambda control: control.remove(volume.name)):
            self.volumes.remove(volume)
            self.note('removed', volume.name)

    def create(self):
        name, number = self.new_name('volume'), uuid.uuid4()
        volume = model.Volume(name, SIZE)
        self.volumes.append(volume)
        if self.ask(volume, lambda control: control.create(
                name, SIZE * SECTOR, number)):
            self.note('created', name)

    def new_name(self, prefix):
        self.serial += 1
        return '%s%d' % (prefix, self.serial)

    def step(self):
        present = [volume for volume in self.volumes if volume.now]
        roots = [volume for volume in present if not volume.parent]
        with contextlib.suppress(Rebooted):
            if len(roots) < ROOTS and not self.failed or not present:
                return self.create()
            action, = self.rng.choices(
                (self.write, self.flush, self.snapshot, self.clone,
                 self.remove_snapshot, self.rollback, self.grow, self.remove),
                (50, 14, 10, 5, 8, 4, 3, 3))
            return action(self.rng.choice(present))

    # faults

    def check(self, data):
        status, text = engines.check(data)
        # a power cut may come before there is a store: then 2
        if status and (status != 2 or self.made):
            raise Wrong('the check says: %s' % text)

    def died(self):
        """Go on without the engine in this boot, or in another one."""
        self.machine.process.wait(engines.WAIT)
        if not self.machine.is_dead():
            raise Wrong('the engine ended by itself: %s' %
                        self.machine.log_text()[-3000:])
        self.disconnect()
        self.machine.feed()
        self.note(self.fate)
        if self.machine.recorder and self.rng.random() < 0.25:
            self.note('kill', 'while it starts')
            self.machine.order('kill', 'any', self.rng.randrange(1, 12), 0)
        if self.fate == 'kill' or self.rng.random() < 0.3:
            self.go_on()
        if self.fate == 'power cut':
            self.kill_machine()
            self.power_cut()
            raise Rebooted

    def go_on(self):
        self.check(self.machine.data)
        self.machine.start()
        self.machine.order()
        if self.fate == 'kill':
            self.checker.verify(self.machine, False,
                                thorough=not self.failed and
                                self.rng.random() < 0.2)

    def power_cut(self):
        """Try some of the disks that may be left; go on with the last."""
        self.machine.feed()
        self.machine.order()
        for _ in range(self.rng.randrange(3)):
            target, _disk = self.machine.after_power_cut(self.rng)
            self.try_disk(target)
            self.note('power cut')
        target, disk = self.machine.after_power_cut(self.rng)
        self.check(target)
        self.machine.boot(target, disk)
        self.failed = False
        self.checker.verify(self.machine, True)

    def try_disk(self, target):
        self.check(target)
        with engines.Engine(target, boot_id='after-the-cut') as engine:
            self.checker.verify(engine, True, adopt=False)
            verify_partial_writes(engine, self.volumes)
            engine.stop()
        status, text = engines.check(target)
        if status:
            raise Wrong('the check says: %s' % text)
        shutil.rmtree(target)
        os.unlink(target + '.log')

    def one_fault(self):
        kind, = self.rng.choices(list(PLAN), PLAN.values())
        if not self.machine.recorder and kind != 'restart':
            kind = 'kill'
        elif self.failed and self.rng.random() < 0.3:
            kind = 'power cut'      # few things can be done until then
        getattr(self, {'EIO': 'failing', 'ENOSPC': 'failing',
                       'power cut': 'deadly', 'kill': 'deadly',
                       'slow sync': 'slow', 'restart': 'restart'}[kind])(kind)

    def deadly(self, kind):
        """Kill at a call that changes the store, or (no recorder) at any."""
        self.fate = kind
        before = self.counts[kind]
        if self.machine.recorder:
            self.machine.order('kill', 'any',
                               int(2 ** self.rng.uniform(0, 7)), 0)
        else:
            threading.Timer(self.rng.uniform(0, 0.3),
                            self.machine.process.kill).start()
        for _ in range(STEPS):
            self.step()
            if self.counts[kind] > before:
                return
        self.kill_now()

    def kill_now(self):
        self.kill_machine()
        with contextlib.suppress(Rebooted):
            self.died()

    def kill_machine(self):
        present = [volume for volume in self.volumes if volume.now]
        self.machine.die(present[0].name if present else None)

    def failing(self, kind):
        calls = self.rng.choice(('write', 'write', 'sync', 'rename'))
        self.fate, self.failed = 'kill', True
        self.machine.feed()
        self.machine.order('fail', calls, int(2 ** self.rng.uniform(0, 4)),
                           getattr(errno, kind))
        for _ in range(STEPS):
            self.step()
            if self.machine.has_injected():
                self.note(kind, calls)
                break
        self.machine.order()
        for _ in range(self.rng.randrange(5)):
            self.step()

    def slow(self, kind):
        """Let others write during a slow sync; perhaps kill the engine."""
        self.fate = 'kill'
        present = [volume for volume in self.volumes if volume.now]
        if len(present) < 2:
            return
        slow, other = self.rng.sample(present, 2)
        self.write(slow)
        self.machine.feed()
        self.machine.order('slow', 'sync', 1, 200)
        disk = self.disk(slow)
        disk.sock.sendall(struct.pack(
            '>IHHQQI', wire.REQUEST_MAGIC, 0, wire.FLUSH, 1 << 40, 0, 0))
        if self.rng.random() < 0.5:
            self.kill_now()
        self.write(other)
        if slow.name in self.disks and disk.reply() == (1 << 40, 0):
            slow.flushed()
        self.machine.order()
        self.counts[kind] += self.machine.has_injected()

    def restart(self, kind):
        """A clean stop: all is flushed, unless a sync has failed."""
        self.disconnect()
        said = len(self.machine.log_text())
        self.machine.stop()
        self.note(kind)
        if 'not everything could be flushed' in (
                self.machine.log_text()[said:]):
            if not self.failed:
                raise Wrong('a stop could not flush everything')
        else:
            for volume in self.volumes:
                if volume.now:      # else a removal or a creation failed
                    volume.flushed()
        self.check(self.machine.data)
        if self.machine.recorder and self.rng.random() < 0.5:
            self.note('power cut', 'after a clean stop')
            self.power_cut()
        else:
            self.machine.start()
            self.checker.verify(self.machine, False, thorough=not self.failed)

    def faults(self):
        return sum(self.counts[kind] for kind in PLAN)

    def run(self, count):
        told = 0
        while self.faults() < count:
            self.one_fault()
            if self.faults() // 100 > told:
                told = self.faults() // 100
                self.say('%d faults' % self.faults())
        self.disconnect()
        self.kill_machine()
        self.check(self.machine.data)
        return self.counts


def run(count, seed, recorder, say=print):
    """Raise on any failure; return the counts of all steps."""
    with engines.scratch_store() as data:
        life = None
        try:
            life = Run(os.path.dirname(data), seed, recorder, say)
            return life.run(count)
        except Exception as error:
            raise Wrong('seed %d: %s; what was done last:\n%s' % (
                seed, error, '\n'.join(life.history) if life else 'nothing')
            ) from error


def main():
    arguments = long_form.arguments(__doc__, faults=2000)
    begun = time.monotonic()
    counts = run(arguments.faults, arguments.seed, os.environ['OVS_RECORD'],
                 lambda text: print(text, flush=True))
    print('%d faults in %.0f s: %s' % (
        sum(counts[kind] for kind in PLAN), time.monotonic() - begun,
        ', '.join('%d %s' % (counts[kind], kind) for kind in PLAN)))
    print('meanwhile: %s' % ', '.join(
        '%d %s' % (number, what) for what, number in counts.items()
        if what not in PLAN))
    print('0 lost, 0 wrong, check clean')


if __name__ == '__main__':
    sys.exit(main())
