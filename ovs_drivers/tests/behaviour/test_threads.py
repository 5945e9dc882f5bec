# SPDX-License-Identifier: Apache-2.0

"""One driver object, and 200 calls at once, each in a native thread.

cinder-volume of 2026.2 runs its requests like this when the environment says
OS_CINDER_DISABLE_EVENTLET_PATCHING=true. The tests run on the fake vPool, and
on a live one where the environment names one (see backends.py).
"""

import logging
import os
import random
import subprocess
import sys
import threading
import unittest

from ovs_drivers.tests.behaviour import base
from ovs_drivers.tests.behaviour.base import GIB

CALLS = 200
_GREEN = '''
import sys
import eventlet
try:
    import monotonic    # on Python 2 it finds no libc once all is patched
except ImportError:
    pass
eventlet.monkey_patch()
import unittest
unittest.main(sys.argv.pop(), 'ThreadsTestCase')
'''
CONNECTOR = {'host': 'node1', 'ip': '192.0.2.1', 'multipath': False}
#: for all calls together, on a machine that is busy with other things
_SECONDS = 600


class ThreadsTestCase(base.DriverTestCase):

    def at_once(self, calls):
        """Make the calls at the same moment; each has to succeed."""
        self.assertEqual(CALLS, len(calls))
        random.Random(CALLS).shuffle(calls)
        go, failures = threading.Event(), []

        def make(call):
            go.wait()
            try:
                call()
            except Exception as error:
                failures.append(repr(error))
        threads = [threading.Thread(target=make, args=(call,))
                   for call in calls]
        for thread in threads:
            thread.daemon = True
            thread.start()
        go.set()
        for thread in threads:
            thread.join(_SECONDS)
        self.assertEqual([], failures)
        self.assertFalse([thread for thread in threads if thread.is_alive()])

    def with_data(self, data):
        volume = self.create()
        self.backend.write(volume.name, 4096, data)
        return volume

    def data_of(self, volume):
        return self.backend.read(volume.name, 4096, 9)

    def attach_and_detach(self, volume):
        connection = self.driver.initialize_connection(volume, CONNECTOR)
        self.assertEqual(self.driver.local_path(volume),
                         connection['data']['device_path'])
        self.driver.terminate_connection(volume, CONNECTOR)

    def test_calls_of_all_kinds(self):
        sources = [self.with_data(b'source %02d' % number)
                   for number in range(10)]
        small = [self.create() for _ in range(30)]
        old = [self.create() for _ in range(30)]
        new, clones, snapshots = [], [], []
        self.at_once(
            [lambda: new.append(self.create(2)) for _ in range(30)] +
            [lambda source=source: clones.append(
                (source, self.clone(source, 2)))
             for source in sources * 4] +
            [lambda source=source: snapshots.append(
                self.take_snapshot(source)) for source in sources * 4] +
            [lambda volume=volume: self.driver.extend_volume(volume, 2)
             for volume in small] +
            [lambda volume=volume: self.delete(volume) for volume in old] +
            [lambda source=source: self.attach_and_detach(source)
             for source in sources * 3])
        copies = [copy for _source, copy in clones]
        self.assertEqual(
            sorted(volume.name for volume in sources + small + new + copies),
            self.backend.names())
        self.assertEqual([2 * GIB] * 100, [
            self.size_of(volume.name) for volume in small + new + copies])
        for source, copy in clones:
            self.assertEqual(self.data_of(source), self.data_of(copy))
        for source in sources:
            self.assertEqual(
                sorted(snapshot.name for snapshot in snapshots
                       if snapshot.volume_id == source.id),
                sorted(self.driver._vpool.snapshots(source.name)))

    def test_calls_for_one_volume(self):
        volume = self.with_data(b'source 00')
        clones, snapshots = [], []
        self.at_once(
            [lambda: clones.append(self.clone(volume, 2))] * 60 +
            [lambda: snapshots.append(self.take_snapshot(volume))] * 60 +
            [lambda: self.driver.extend_volume(volume, 2)] * 40 +
            [lambda: self.attach_and_detach(volume)] * 40)
        self.assertEqual([2 * GIB] * 61, [
            self.size_of(each.name) for each in [volume] + clones])
        self.assertEqual({b'source 00'}, set(map(self.data_of, clones)))
        self.assertEqual(
            sorted(snapshot.name for snapshot in snapshots),
            sorted(self.driver._vpool.snapshots(volume.name)))

    def test_clones_and_what_they_stand_on_go(self):
        volumes = []
        for _tree in range(10):
            source = self.create()
            clones = [self.clone(source) for _ in range(9)]
            volumes += [source] + clones + [self.clone(clone)
                                            for clone in clones]
        logged = self.use(base.fixtures.FakeLogger(level=logging.WARNING))
        # and statistics, which carry out what other deletes have left
        self.at_once([lambda volume=volume: self.delete(volume)
                      for volume in volumes] +
                     [lambda: self.driver.get_volume_stats(refresh=True)] * 10)
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([], self.backend.names())
        self.assertEqual('', logged.output)


class ImagesTestCase(base.DriverTestCase):

    def test_each_thread_gets_its_image(self):
        service = base.ImageService()
        path = os.path.join(self.folder, 'image')
        with open(path, 'wb') as stream:
            stream.write(4096 * b'image')
        image_id = service.add(path, 'raw')
        for _ in range(3):
            volume = self.create()
            thread = threading.Thread(
                target=self.driver.copy_image_to_volume,
                args=(self.context, volume, service, image_id))
            thread.daemon = True
            thread.start()
            thread.join(60)
            self.assertFalse(thread.is_alive())
            self.assertEqual(b'image',
                             self.backend.read(volume.name, 0, 5))


class GreenThreadsTestCase(unittest.TestCase):
    """The same in green threads: cinder-volume runs its requests in these
    unless it is told otherwise."""

    def test_all_of_the_above(self):
        ended = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-c', _GREEN, __name__],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = ended.communicate()[0].decode('utf-8')
        self.assertEqual(0, ended.returncode, output)
        self.assertIn('Ran 3 tests', output)
