#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""QEMU's own driver for volumes against raw files, in one run.

  edge/bench/hypervisor.py [--prefix /opt/openvstorage] [--repeat N]

"qemu-img bench" of the prefix on a volume, which the engine of the prefix
serves over TCP, and on a file beside the engine's store: with the host's page
cache under both ("writeback"), and without it under the file ("none", what
Nova uses; a volume is the engine's affair in either case). Nothing here
passes or fails: it prints.
"""

import argparse
import os
import shutil
import subprocess
import sys

import bench

from support import engine as engines


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


def compare(cache, shares):
    print()
    for (size, kind, depth), target in bench.TARGETS.items():
        share = shares[size, kind, depth, 'volume']
        print('cache=%s, %dk %s depth %d: %.2f of the raw file, target %.2f: '
              '%s' % (cache, size >> 10, kind, depth, share, target,
                      'met' if share >= target else 'not met'))


def fill(program, image):
    """Nobody reads holes for long."""
    subprocess.run([program, '-f', 'raw', '-c',
                    'write -q -P 7 0 %d' % bench.SIZE, image], check=True,
                   timeout=600)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--prefix', default='/opt/openvstorage')
    parser.add_argument('--repeat', type=int, default=5)
    arguments = parser.parse_args()
    programs = os.path.join(arguments.prefix, 'bin')
    qemu_img = os.path.join(programs, 'qemu-img')
    if not os.path.exists(qemu_img):
        sys.exit('there is no %s: run hypervisor/build, or say --prefix'
                 % qemu_img)
    os.environ.setdefault('OVS_EDGE', os.path.join(programs, 'ovs-edge'))
    folder = engines.scratch_folder()
    try:
        data = os.path.join(folder, 'store')
        os.mkdir(data)
        with engines.Engine(data) as engine:
            with engine.options() as control:
                control.create('bench', bench.SIZE)
            images = {
                'raw file': os.path.join(folder, 'raw'),
                'volume': 'openvstorage+tcp:%s:%d/bench' % engine.address}
            with open(images['raw file'], 'wb') as file:
                file.truncate(bench.SIZE)
            for image in images.values():
                fill(os.path.join(programs, 'qemu-io'), image)
            print('TCP congestion control: %s' % bench.congestion_control())
            for cache in 'writeback', 'none':
                shares = bench.throughput(
                    'cache=' + cache,
                    [QemuTarget(name, qemu_img, cache, image)
                     for name, image in images.items()], arguments.repeat)
                compare(cache, shares)
            engine.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()
