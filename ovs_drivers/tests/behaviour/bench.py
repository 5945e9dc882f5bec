# SPDX-License-Identifier: Apache-2.0

"""Prints what the driver's own share of each operation takes.

On the fake vPool that is the driver and its connections; on a live one (see
backends.py) also the storagedriver's work. The same calls to the bare library
and XML-RPC port are the baseline of the same run.

    tox -e bench
"""

import sys
import time
import uuid

from ovs_drivers import edge
from ovs_drivers import storagedriver
from ovs_drivers.tests.behaviour import backends
from ovs_drivers.tests.behaviour import base

ROUNDS = 15
SIZES = (1, 1024)


class Bench(base.DriverTestCase):

    def runTest(self):
        """Nothing is tested here; unittest asks for a method."""

    def setUp(self):
        super(Bench, self).setUp()
        options = self.backend.options
        hosts = [options['storage_ip']]
        self.edge = edge.Edge(hosts, options['edge_port'])
        self.xml_rpc = storagedriver.StorageDriver(
            hosts, options['xml_rpc_port'], options['vpool_guid'])

    def driver_round(self, size, timed):
        volume = self.volume(size)
        self.update(volume, timed('create', self.driver.create_volume,
                                  volume))
        snapshot = self.snapshot(volume)
        timed('snapshot', self.driver.create_snapshot, snapshot)
        copy = self.volume(size)
        timed('volume from snapshot', self.driver.create_volume_from_snapshot,
              copy, snapshot)
        clone = self.volume(size, source_volid=volume.id)
        timed('clone', self.driver.create_cloned_volume, clone, volume)
        timed('extend', self.driver.extend_volume, copy, size + 1)
        timed('attach (initialize_connection)',
              self.driver.initialize_connection, copy, None)
        timed('delete clone', self.delete, clone)
        timed('delete copy', self.delete, copy)
        timed('delete snapshot', self.driver.delete_snapshot, snapshot)
        timed('delete', self.delete, volume)

    def bare_round(self, size, timed):
        name, copy = 'bench-%s' % uuid.uuid4(), 'bench-%s' % uuid.uuid4()
        size *= base.GIB
        timed('create', self.edge.create, name, size)
        timed('snapshot', self.edge.snapshot_create, name, 's', 120)
        volume_id = self.xml_rpc.volume_id(name)
        timed('volume from snapshot', self.xml_rpc.clone, copy, volume_id,
              's')
        timed('extend', self.edge.truncate, copy, size + base.GIB)
        timed('delete copy', self.xml_rpc.unlink, copy)
        timed('delete snapshot', self.xml_rpc.snapshot_destroy, volume_id,
              's')
        timed('delete', self.xml_rpc.unlink, name)

    def measure(self, one_round, size):
        """Milliseconds by operation, each a sorted list."""
        times = {}
        order = []

        def timed(what, call, *arguments):
            start = time.time()
            result = call(*arguments)
            if what not in times:
                order.append(what)
            times.setdefault(what, []).append(1000 * (time.time() - start))
            return result
        for _ in range(ROUNDS):
            one_round(size, timed)
        return [(what, sorted(times[what])) for what in order]


def main():
    bench = Bench()
    bench.setUp()
    try:
        kind = 'a live' if isinstance(bench.backend, backends.LiveBackend) \
            else 'the fake'
        print('driver on %s vPool, %d rounds, milliseconds' % (kind, ROUNDS))
        print('%-32s %8s %8s %8s %8s %8s' % ('operation', 'GiB', 'min',
                                             'median', 'max', 'bare'))
        for size in SIZES:
            bare = dict(bench.measure(bench.bare_round, size))
            for what, times in bench.measure(bench.driver_round, size):
                baseline = bare.get(what)
                print('%-32s %8d %8.1f %8.1f %8.1f %8s' % (
                    what, size, times[0], times[len(times) // 2], times[-1],
                    '%.1f' % baseline[len(baseline) // 2] if baseline
                    else '-'))
    finally:
        bench.doCleanups()
    return 0


if __name__ == '__main__':
    sys.exit(main())
