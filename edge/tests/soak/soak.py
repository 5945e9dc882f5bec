#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Many clients for a long time, with faults; nothing may be wrong or grow.

Clients of the wire and of the library write, read, flush, snapshot, clone,
roll back, fence and remove, and each knows what every byte must be. Meanwhile
others freeze, read slowly, are cut off in the middle of a request, and in the
first quarter the engine is killed (-9) and started again. A line a minute
tells what the engine takes. In the end the second quarter is compared with
the last.

  OVS_EDGE=build/server/ovs-edge \\
  OVS_LIBRARY=build/client/libovsvolumedriver.so.1 \\
      edge/tests/soak/soak.py --minutes 60 --clients 50
"""

import os
import random
import socket
import statistics
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, *(os.path.join(TESTS, name)
                         for name in ('soak', 'crash', 'client'))]

import clients  # noqa: E402
from support import engine as engines  # noqa: E402
from support import long_form  # noqa: E402
from support import wire  # noqa: E402

MIB = 1 << 20
BIG = 'of-the-faulty'       # the volume of those that misbehave
BIG_BYTES = 256 * MIB
#: growth that is none: pools, caches and allocators fill slowly
LEEWAY, MEMORY_LEEWAY_MIB, DESCRIPTORS_LEEWAY = 1.1, 32, 32
#: when the engine was just killed: what is asked of it, or of its process
GONE = (OSError, KeyError, wire.Refused)


class Meter(threading.Thread):
    """Looks at the engine now and then."""

    def __init__(self, engine, seconds):
        super().__init__(name='meter', daemon=True)
        self.engine, self.seconds = engine, seconds
        self.begun, self.samples = time.monotonic(), []
        self.stop = threading.Event()

    def run(self):
        while not self.stop.wait(min(5, self.seconds / 40)):
            try:
                self.samples.append((time.monotonic() - self.begun,
                                     *self.look()))
            except GONE:
                pass    # it was just killed

    def look(self):
        """Resident MiB, descriptors, threads."""
        process = '/proc/%d/' % self.engine.process.pid
        with open(process + 'status') as status:
            fields = dict(line.split(':', 1) for line in status)
        return (int(fields['VmRSS'].split()[0]) / 1024,
                len(os.listdir(process + 'fd')), int(fields['Threads']))

    def quarter(self, number):
        """Medians of memory and descriptors in it."""
        width = self.seconds / 4
        found = [sample for sample in self.samples
                 if (number - 1) * width <= sample[0] < number * width]
        return [statistics.median(sample[column] for sample in found)
                for column in (1, 2)]


class Table:
    """A line a minute, and all of them in the end."""

    HEAD = ('    time   operations/s   MiB   descriptors   threads   volumes'
            '   open   layers   kills')

    def __init__(self, engine, say):
        self.engine, self.say = engine, say
        self.rows, self.before = [], (time.monotonic(), 0)
        self.begun = self.before[0]
        say(self.HEAD)

    def row(self, meter, operations, kills):
        now = time.monotonic()
        rate = (operations - self.before[1]) / (now - self.before[0])
        self.before = now, operations
        try:
            memory, descriptors, threads = meter.look()
            volumes, opened = self.volumes()
        except GONE:
            return      # it was just killed; the next line tells
        minutes, seconds = divmod(int(now - self.begun), 60)
        self.rows.append('%5d:%02d %14.0f %5.0f %13d %9d %9d %6d %8d %7d' % (
            minutes, seconds, rate, memory, descriptors, threads, volumes,
            opened, self.layers(), kills))
        self.say(self.rows[-1])

    def volumes(self):
        opened = 0
        with self.engine.options() as control:
            found = control.list()
            for entry in found:
                try:
                    opened += control.info(entry.id).opens > 0
                except wire.Refused:
                    pass    # removed meanwhile
        return len(found), opened

    def layers(self):
        return sum(name.endswith('.data') for name in os.listdir(
            os.path.join(self.engine.data, 'layers')))


class Faults(threading.Thread):
    """Clients that misbehave, one after the other."""

    def __init__(self, engine, seed, stop):
        super().__init__(name='faults', daemon=True)
        self.engine, self.stop = engine, stop
        self.rng = random.Random(seed)
        self.counts, self.held = {}, []

    def run(self):
        while not self.stop.wait(self.rng.uniform(0.2, 1)):
            fault = self.rng.choice((self.freeze, self.read_slowly,
                                     self.cut_off, self.say_nothing))
            try:
                fault()
                name = fault.__name__
                self.counts[name] = self.counts.get(name, 0) + 1
            except (OSError, wire.OptionError):
                pass    # the engine was killed, or has cut it off
            self.let_go(12)
        self.let_go(0)

    def let_go(self, most):
        while len(self.held) > most:
            self.held.pop(0).close()

    def freeze(self):
        """Ask for much and take nothing."""
        disk = self.engine.open(BIG)
        self.held.append(disk.sock)
        for _ in range(8):
            disk.send(wire.READ, 0, 2 * MIB)

    def read_slowly(self):
        disk = self.engine.open(BIG)
        self.held.append(disk.sock)
        disk.send(wire.READ, 0, 8 * MIB)
        for _ in range(8):
            disk.sock.recv(65536)
            self.stop.wait(0.05)

    def cut_off(self):
        """Reset the connection in the middle of a write."""
        disk = self.engine.open(BIG)
        offset = self.rng.randrange(BIG_BYTES // MIB) * MIB
        disk.send(wire.WRITE, offset, MIB, bytes(self.rng.randrange(MIB)))
        disk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             b'\1\0\0\0\0\0\0\0')
        disk.sock.close()

    def say_nothing(self):
        self.held.append(wire.connect(self.engine.address))


class Soak:
    def __init__(self, engine, seconds, number, seed, say):
        self.engine, self.seconds, self.say = engine, seconds, say
        self.rng, self.stop, self.kills = random.Random(seed), \
            threading.Event(), 0
        with engine.options() as control:
            control.create(BIG, BIG_BYTES)
        self.idle = len(os.listdir('/proc/%d/fd' % engine.process.pid))
        self.crew = clients.crew(engine, number, seed, self.stop)
        self.faults = Faults(engine, seed, self.stop)
        self.meter = Meter(engine, seconds)
        self.table = Table(engine, say)

    def operations(self):
        return sum(sum(worker.counts.values()) for worker in self.crew)

    def run(self):
        for thread in [*self.crew, self.faults, self.meter]:
            thread.start()
        self.wait()
        self.meter.stop.set()
        self.stop.set()
        for thread in [*self.crew, self.faults]:
            thread.join(600)
        failures = [worker.failure or worker.name + ' hangs'
                    for worker in self.crew
                    if worker.failure or worker.is_alive()]
        assert not failures, '\n'.join(failures) + \
            self.engine.log_text()[-3000:]

    def wait(self):
        """Kills in the first quarter; from then on one process is judged."""
        begun = time.monotonic()
        line = kill = begun
        while not self.stop.wait(0.2):
            now = time.monotonic()
            if now - begun > self.seconds:
                return
            if now - begun < self.seconds / 4 and now > kill:
                if kill > begun:
                    self.engine.restart(kill=True)
                    self.kills += 1
                kill = now + self.rng.uniform(1, max(2, self.seconds / 60))
            if now - line > min(60, self.seconds / 10):
                line = now
                self.table.row(self.meter, self.operations(), self.kills)

    def verdict(self):
        """Return lines of text, and true if nothing grows."""
        (memory, descriptors), (later_memory, later_descriptors) = (
            self.meter.quarter(2), self.meter.quarter(4))
        grows = [
            later_memory > memory * LEEWAY + MEMORY_LEEWAY_MIB,
            later_descriptors > descriptors * LEEWAY + DESCRIPTORS_LEEWAY]
        lines = ['%-12s %7.0f in the 2nd quarter, %7.0f in the last: %s' % (
            name, first, last, 'GROWING' if growing else 'flat')
            for name, first, last, growing in (
                ('MiB', memory, later_memory, grows[0]),
                ('descriptors', descriptors, later_descriptors, grows[1]))]
        return lines, not any(grows)

    def descriptors_left(self):
        """Count descriptors beyond those at the start, without clients."""
        return len(os.listdir('/proc/%d/fd' % self.engine.process.pid)
                   ) - self.idle


def counted(crew):
    totals = {}
    for worker in crew:
        for what, number in worker.counts.items():
            totals[what] = totals.get(what, 0) + number
    return ', '.join('%d %s' % (number, what)
                     for what, number in sorted(totals.items()))


def run(seconds, number, seed, say=print):
    """Raises when something is wrong; returns the soak, and if it is flat."""
    with engines.scratch_store() as data, engines.Engine(data) as engine:
        soak = Soak(engine, seconds, number, seed, say)
        soak.run()
        lines, flat = soak.verdict()
        engines.poll('volumes to be let go', lambda: (
            soak.descriptors_left() < clients.DESCRIPTORS_KEPT))
        engine.restart(kill=True)
        engine.stop()
        status, text = engines.check(data)
        assert status == 0, text
        say('\n'.join(['', Table.HEAD, *soak.table.rows, '',
                       counted(soak.crew + [soak.faults]), *lines,
                       text.strip()]))
        return soak, flat


def main():
    arguments = long_form.arguments(__doc__, minutes=60.0, clients=50)
    _, flat = run(arguments.minutes * 60, arguments.clients, arguments.seed,
                  lambda text: print(text, flush=True))
    return 0 if flat else 1


if __name__ == '__main__':
    sys.exit(main())
