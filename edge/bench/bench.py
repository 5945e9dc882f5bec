#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Figures, side by side in one run: raw local file, nbdkit's file plugin, the
engine through the same stock client (libnbd) and, with --library, through
libovsvolumedriver; metadata latencies; memory per open volume; and what became
of the targets.

  OVS_EDGE=build/server/ovs-edge edge/bench/bench.py [--library PATH.so.1]

Nothing here passes or fails: it prints. TCP's congestion control counts, even
on loopback: one that paces (bbr) arms a timer per packet, which costs the
sender; and of a write, the sender is the stock client. Where the host has such
a one, root gets the engine once more in a network namespace without it, and
the targets are held against that row.
"""

import argparse
import contextlib
import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'tests'))

from support import engine as engines  # noqa: E402
from support import keys  # noqa: E402
from support import wire  # noqa: E402

MIB = 1 << 20
SIZE = 256 * MIB
CASES = [(size, kind, depth) for size in (65536, 4096)
         for kind in ('write', 'read') for depth in (1, 16)]
# the share of the raw file that the engine is to reach through QEMU
TARGETS = {(size, kind, 16): share for size, share in (
    (65536, 0.5), (4096, 0.6)) for kind in ('write', 'read')}

# What does not pace, and what every kernel has of it.
UNPACED = ('cubic', 'reno')
IN_A_NETWORK_OF_ITS_OWN = [
    'unshare', '--net', 'sh', '-c',
    'ip link set lo up && '
    'echo reno >/proc/sys/net/ipv4/tcp_congestion_control && exec "$@"', 'sh']
HOST, PLAIN, UNIX = 'ovs-edge', 'ovs-edge, reno', 'ovs-edge, unix'


def library_flags(library):
    return ['-I', os.path.join(os.path.dirname(HERE), 'client', 'include'),
            library, '-Wl,-rpath,' + os.path.dirname(library)]


def compile_driver(folder, name, flags):
    """The drivers are C: Python would measure itself."""
    source = os.path.join(HERE, name + '.c')
    target = os.path.join(folder, name)
    subprocess.run(['cc', '-O2', '-std=c11', '-D_GNU_SOURCE', '-Wall',
                    '-Wextra', '-Werror', '-pthread', '-o', target, source] +
                   flags, check=True)
    return target


class Target:
    """A driver of ours; `place` is where it finds its blocks."""

    def __init__(self, name, driver, place, prefix=()):
        self.name, self.driver, self.place = name, driver, list(place)
        self.prefix = list(prefix)

    def seconds(self, size, kind, depth, count):
        done = subprocess.run(
            self.prefix + [self.driver] + self.place +
            [kind, str(size), str(depth), str(count), str(SIZE)], check=True,
            stdout=subprocess.PIPE, timeout=600)
        return float(done.stdout)

    def through_qemu(self):
        return QemuTarget(self.name, 'qemu-img', self.place, self.prefix)


class QemuTarget(Target):
    """The same through QEMU's block layer, as a guest would have it."""

    def seconds(self, size, kind, depth, count):
        done = subprocess.run(
            self.prefix + [
                self.driver, 'bench', '-f', 'raw', '-t', 'writeback',
                '-c', str(count), '-d', str(depth), '-s', str(size)] +
            (['-w'] if kind == 'write' else []) + self.place, check=True,
            stdout=subprocess.PIPE, timeout=600)
        return float(done.stdout.split(b'completed in ')[1].split()[0])


def throughput(title, targets, repeat):
    """Prints a table; returns for each case the share of each target."""
    shares = {}
    width = max(len(target.name) for target in targets) + 2
    print('\n%-22s' % title + ''.join(
        '%*s' % (width + 12, target.name) for target in targets))
    for size, kind, depth in CASES:
        count = SIZE // size if size == 65536 else 20000
        # interleaved, so that a noisy machine is noisy for all
        taken = {target.name: [] for target in targets}
        for _ in range(repeat):
            for target in targets:
                taken[target.name].append(
                    target.seconds(size, kind, depth, count))
        line = '%3dk %-5s depth %-2d     ' % (size >> 10, kind, depth)
        base = statistics.median(taken[targets[0].name])
        for target in targets:
            usual = statistics.median(taken[target.name])
            shares[size, kind, depth, target.name] = base / usual
            line += '%*s' % (width + 12, '%.0f (%.0f MB/s, %.2f)' % (
                count / usual, count * size / usual / 1e6, base / usual))
        print(line, flush=True)
    print('operations per second, median of %d; in brackets MB/s and the '
          'share of the raw file' % repeat)
    return shares


def congestion_control():
    with open('/proc/sys/net/ipv4/tcp_congestion_control') as file:
        return file.read().strip()


def warn_if_busy():
    load, processors = os.getloadavg()[0], os.cpu_count()
    if load > processors / 2:
        print('WARNING: this host is busy (load %.1f on %d processors); the '
              'raw file needs one, the others two: shares come out too low.'
              % (load, processors))


def compare(shares, judged):
    """One line per target of the project."""
    print('\n%s through QEMU against its targets:' % judged)
    for (size, kind, depth), target in TARGETS.items():
        share = shares[size, kind, depth, judged]
        print('%dk %s depth %d: %.2f of the raw file, target %.2f: %s' % (
            size >> 10, kind, depth, share, target,
            'met' if share >= target else 'not met'))
    if judged != HOST:
        print("Not judged: '%s', where a stock client is paced by the host's "
              '%s.' % (HOST, congestion_control()))
    elif congestion_control() not in UNPACED:
        print("The host's %s paces the stock client: as root, the engine "
              'itself would be measured.' % congestion_control())


def milliseconds(action):
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def latencies(engine, repeat):
    print('\n%-22s' % 'milliseconds' + ''.join(
        '%18s' % name for name in ('1 GiB', '1 TiB')))
    rows = {}
    for size in (1 << 30, 1 << 40):
        for _ in range(repeat):
            for what, value in one_life(engine, size):
                rows.setdefault(what, {}).setdefault(size, []).append(value)
    for what, sizes in rows.items():
        print('%-22s' % what + ''.join('%18s' % (
            '%.2f (max %.2f)' % (statistics.median(values), max(values)))
            for values in sizes.values()))
    print('median and maximum of %d, each on a volume with data' % repeat)


def one_life(engine, size):
    with engine.options() as control:
        yield 'create', milliseconds(lambda: control.create('v', size))
        with engine.open('v') as disk:
            for at in range(0, size, size // 64):
                disk.write(at, b'x' * 4096)
            yield 'snapshot', milliseconds(
                lambda: control.snapshot('v', 's'))
            yield 'snapshot synced', milliseconds(
                lambda: control.wait_synced('v', 's'))
            for at in range(0, size, size // 64):
                disk.write(at + 8192, b'y' * 4096)
            yield 'clone', milliseconds(
                lambda: control.clone('v', 's', 'c'))
            yield 'delete clone', milliseconds(lambda: control.remove('c'))
            yield 'grow', milliseconds(
                lambda: control.truncate('v', size + MIB))
            yield 'rollback', milliseconds(
                lambda: control.rollback('v', 's'))
            yield 'delete snapshot', milliseconds(
                lambda: control.snapshot_remove('v', 's'))
        yield 'delete', milliseconds(lambda: control.remove('v'))


def memory(engine, count):
    with engine.options() as control:
        for number in range(count):
            control.create('m%d' % number, 1 << 30)
        before = engine.memory()
        disks = []
        for number in range(count):
            disk = engine.open('m%d' % number)
            disk.write(number * 65536, b'x' * 4096)
            disk.read(number * 65536, 4096)
            disks.append(disk)
        after = engine.memory()
        print('\n%d open volumes: %.1f MB resident, %.1f KiB each' % (
            count, after / 1e6, (after - before) / count / 1024))
        for disk in disks:
            disk.close()


@contextlib.contextmanager
def nbdkit(folder):
    image = os.path.join(folder, 'nbdkit.image')
    with open(image, 'wb') as file:
        file.truncate(SIZE)
    process = subprocess.Popen(
        ['nbdkit', '-f', '-i', '127.0.0.1', '-p', '10899', 'file', image],
        stderr=subprocess.DEVNULL)
    try:
        engines.poll('nbdkit', lambda: subprocess.run(
            ['nbdinfo', '--size', 'nbd://127.0.0.1:10899'],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0)
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def serving(folder, name, prefix=(), extra=()):
    """An engine with a volume for each way to it."""
    data = os.path.join(folder, name)
    os.mkdir(data)
    engine = engines.Engine(data, control=data + '.socket', prefix=prefix,
                            extra=['--connections', '4096', *extra])
    with engine:
        with wire.Options(engine.control) as control:
            for volume in ('bench', 'bench-unix', 'bench-library'):
                control.create(volume, SIZE)
        yield engine
        engine.stop()


def uri(engine):
    return 'nbd://%s:%d/bench' % engine.address


def secured(stack, folder, nbd, library):
    """The same by TLS: what encryption costs."""
    place = keys.pre_share(keys.x509_folder(os.path.join(folder, 'keys')),
                           'bench')
    for kind, user, option in (
            ('psk', 'bench@', 'tls-psk-file=%s/keys.psk' % place),
            ('x509', '', 'tls-certificates=' + place)):
        engine = stack.enter_context(serving(
            folder, kind, extra=['--tls', kind, '--tls-dir', place]))
        yield Target('ovs-edge, ' + kind, nbd, ['nbds://%s%s:%d/bench?%s' % (
            (user,) + engine.address + (option,))])
        if library:
            configuration = os.path.join(folder, kind + '.conf')
            with open(configuration, 'w') as file:
                file.write('[default]\ntls = %s\ntls_dir = %s\n'
                           'psk_identity = bench\n' % (kind, place))
            yield Target('library, ' + kind, library, [
                engine.address[0], str(engine.address[1]), 'bench-library'],
                ['env', 'OVS_EDGE_CONFIG=' + configuration])


def targets(stack, folder, engine, library):
    """Return the targets; the stack gets what has to run meanwhile."""
    nbd = compile_driver(folder, 'nbd', ['-lnbd'])
    raw = compile_driver(folder, 'raw', [])
    yield Target('raw file', raw, [os.path.join(folder, 'raw.image')])
    if shutil.which('nbdkit'):
        stack.enter_context(nbdkit(folder))
        yield Target('nbdkit file', nbd, ['nbd://127.0.0.1:10899'])
    yield Target(HOST, nbd, [uri(engine)])
    if congestion_control() not in UNPACED and os.geteuid() == 0:
        plain = stack.enter_context(
            serving(folder, 'plain', IN_A_NETWORK_OF_ITS_OWN))
        yield Target(PLAIN, nbd, [uri(plain)], [
            'nsenter', '--net=/proc/%d/ns/net' % plain.process.pid])
    yield Target(UNIX, nbd, [
        'nbd+unix:///bench-unix?socket=' + engine.control])
    if library:
        library = compile_driver(folder, 'library', library_flags(
            os.path.abspath(library)))
        yield Target('library', library, [
            engine.address[0], str(engine.address[1]), 'bench-library'],
            ['env', 'OVS_EDGE_CONFIG=' + os.devnull])
    yield from secured(stack, folder, nbd, library)


def measure(stack, arguments):
    folder = engines.scratch_folder()
    stack.callback(shutil.rmtree, folder)
    engine = stack.enter_context(serving(folder, 'store'))
    measured = list(targets(stack, folder, engine, arguments.library))
    print('TCP congestion control of this host: %s' % congestion_control())
    warn_if_busy()
    throughput('without QEMU', measured, arguments.repeat)
    shares = {}
    if shutil.which('qemu-img'):
        measured = [target.through_qemu() for target in measured
                    if not target.name.startswith('library')
                    and not target.name.endswith(('psk', 'x509'))]
        shares = throughput('through QEMU', measured, arguments.repeat)
    latencies(engine, 20)
    memory(engine, arguments.volumes)
    if shares:
        compare(shares, PLAIN if PLAIN in [target.name for target in measured]
                else HOST)
    else:
        print('\nthe targets need qemu-img: apt install qemu-utils')


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--library', help='libovsvolumedriver.so.1')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--volumes', type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.library:
        ctypes.CDLL(arguments.library)      # a clear error before the rest
    with contextlib.ExitStack() as stack:
        measure(stack, arguments)


if __name__ == '__main__':
    main()
