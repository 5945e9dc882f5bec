#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""QEMU's own driver for volumes against raw files, in one run.

  qemu.py [--prefix /opt/openvstorage] [--repeat N] [--no-guest]

"qemu-img bench" of the prefix on a volume, which the engine of the prefix
serves over TCP, and on a file beside the engine's store: with the host's page
cache under both ("writeback"), and without it under the file ("none", what
Nova uses; a volume is the engine's affair in either case). "bare TCP" is a
connection inside this host that carries as many bytes and nothing else:
an upper bound, but for the noise of a busy machine.

Then fio in a guest with both as virtio disks, cache=none. The guest's kernel
and fio come from Debian's packages; the network is needed once.

As root everything runs with the highest priority, so that what else the
machine does counts less. Nothing here passes or fails: it prints.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, 'edge', 'bench'), TOP]

import bench  # noqa: E402
import fio_guest  # noqa: E402
from harness import cache as caches  # noqa: E402
from harness import errors  # noqa: E402
from support import engine as engines  # noqa: E402


class QemuTarget:
    def __init__(self, name, program, cache, image):
        self.name = name
        self._command = [program, 'bench', '-f', 'raw', '-t', cache, image]

    def seconds(self, size, kind, depth, count):
        done = subprocess.run(
            self._command + ['-c', str(count), '-d', str(depth), '-s',
                             str(size)] + (['-w'] if kind == 'write' else []),
            check=True, stdout=subprocess.PIPE, timeout=600)
        return float(done.stdout.split(b'completed in ')[1].split()[0])


def compare(title, shares):
    print()
    for (size, kind, depth), target in bench.TARGETS.items():
        share = shares[size, kind, depth, 'volume']
        print('%s, %dk %s depth %d: %.2f of the raw file, target %.2f: '
              '%s' % (title, size >> 10, kind, depth, share, target,
                      'met' if share >= target else 'not met'))


def fill(program, image):
    """Write an image once: holes are read without the disk."""
    subprocess.run([program, '-f', 'raw', '-c',
                    'write -q -P 7 0 %d' % bench.SIZE, image], check=True,
                   timeout=600)


@contextlib.contextmanager
def images(programs, folder):
    """A raw file and a volume, both written once: {name: image}, address."""
    data = os.path.join(folder, 'store')
    os.mkdir(data)
    raw = os.path.join(folder, 'raw')
    with open(raw, 'wb') as file:
        file.truncate(bench.SIZE)
    with engines.Engine(data) as engine:
        with engine.options() as control:
            control.create('bench', bench.SIZE)
        found = {'raw file': raw,
                 'volume': 'openvstorage+tcp:%s:%d/bench' % engine.address}
        for image in found.values():
            fill(os.path.join(programs, 'qemu-io'), image)
        yield found, engine.address
        engine.stop()


def through_qemu_img(program, found, bare, repeat):
    for cache in 'writeback', 'none':
        targets = [QemuTarget(name, program, cache, image)
                   for name, image in found.items()]
        if cache == 'writeback':
            targets.insert(1, bare)
        title = 'cache=' + cache
        compare(title, bench.throughput(title, targets, repeat))


def in_guest(program, folder, found, address, repeat):
    """The same through virtio, an iothread and a guest's kernel."""
    disks = {
        'raw': 'driver=file,aio=native,filename=' + found['raw file'],
        'volume': 'driver=openvstorage,transport=tcp,host=%s,port=%d,'
                  'volume=bench' % address}
    cache = caches.folder('hypervisor', 'guest')
    with fio_guest.Guest(program, folder, cache, disks) as guest:
        targets = [fio_guest.Target(name, guest, serial)
                   for name, serial in (('raw file', 'raw'),
                                        ('volume', 'volume'))]
        print('\nfio in a guest, accelerator %s%s' % (
            guest.accelerator, '' if guest.accelerator == 'kvm' else
            ': the processor is emulated, so what the guest itself does '
            'takes most of\nthe time and shares are nearer to 1 than with '
            'KVM'))
        compare('fio', bench.throughput('cache=none', targets, repeat))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--prefix', default='/opt/openvstorage')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--no-guest', action='store_true',
                        help='without fio in a guest, which takes minutes')
    arguments = parser.parse_args()
    programs = os.path.join(arguments.prefix, 'bin')
    qemu_img = os.path.join(programs, 'qemu-img')
    if not os.path.exists(qemu_img):
        sys.exit('there is no %s: run hypervisor/build, or say --prefix'
                 % qemu_img)
    os.environ.setdefault('OVS_EDGE', os.path.join(programs, 'ovs-edge'))
    if os.geteuid() == 0:
        os.nice(-20)
    print('TCP congestion control: %s' % bench.congestion_control())
    bench.warn_if_busy()
    folder = engines.scratch_folder()
    try:
        bare = bench.Target(
            'bare TCP', bench.compile_driver(folder, 'tcp', []), [])
        with images(programs, folder) as (found, address):
            through_qemu_img(qemu_img, found, bare, arguments.repeat)
            if not arguments.no_guest:
                in_guest(os.path.join(programs, 'qemu-system-x86_64'),
                         folder, found, address, arguments.repeat)
    except errors.Error as problem:
        sys.exit('%s' % problem)
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()
