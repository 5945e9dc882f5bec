# SPDX-License-Identifier: Apache-2.0

import errno
import gc
import os
import socket
import subprocess
import sys
import threading
import unittest

import fixtures

from ovs_drivers import edge
from ovs_drivers import location
from ovs_drivers.tests.fakes import fixture

MIB = 1 << 20


class EdgeTestCase(unittest.TestCase):

    def setUp(self):
        super(EdgeTestCase, self).setUp()
        self.fake = fixture.FakeVPool()
        self.fake.setUp()
        self.addCleanup(self.fake.cleanUp)
        self.vpool = self.fake.vpool
        self.edge = self.new_edge()

    def new_edge(self, hosts=('127.0.0.1',), **kwargs):
        return edge.Edge(hosts, self.fake.edge.port, **kwargs)

    def test_a_volume_lives_and_grows(self):
        self.edge.create('v', MIB + 1)
        self.assertEqual(MIB + 4096, self.edge.size('v'))
        self.edge.truncate('v', 2 * MIB)
        self.assertEqual(2 * MIB, self.edge.size('v'))
        self.assertEqual(['v'], self.edge.volumes())

    def test_data_is_read_and_written(self):
        self.edge.create('v', MIB)
        opened = self.edge.open('v')
        self.addCleanup(opened.close)
        self.assertEqual(5, opened.write(MIB - 5, b'a\0b\xffc'))
        opened.flush()
        self.assertEqual(b'\0a\0b\xffc', opened.read(MIB - 6, 4096))
        self.assertEqual(b'', opened.read(MIB, 1))
        self.assertRaises(edge.TooLarge, opened.write, MIB, b'x')
        opened.close()
        opened.close()

    def test_what_is_not_there_is_not_opened(self):
        self.assertRaises(edge.NotFound, self.edge.open, 'w')

    def test_errno_becomes_the_kind_of_error(self):
        self.edge.create('v', MIB)
        for kind, number, call in (
                (edge.Exists, errno.EEXIST,
                 lambda: self.edge.create('v', MIB)),
                (edge.NotFound, errno.ENOENT,
                 lambda: self.edge.truncate('w', MIB)),
                (edge.NotFound, errno.ENOENT, lambda: self.edge.size('w')),
                (edge.Shrinking, errno.EPERM,
                 lambda: self.edge.truncate('v', 4096)),
                (edge.TooLarge, errno.EFBIG,
                 lambda: self.edge.truncate('v', 1 << 60))):
            with self.assertRaises(kind) as caught:
                call()
            self.assertEqual(number, caught.exception.errno)
            self.assertIn(errno.errorcode[number], str(caught.exception))

    def test_snapshots(self):
        self.edge.create('v', MIB)
        self.edge.snapshot_create('v', 's1', 10)
        self.vpool.write('v', 0, b'new')
        self.edge.snapshot_create('v', 's2', -1)
        self.assertEqual(['s1', 's2'], self.vpool.snapshot_names('v'))
        self.assertTrue(self.edge.snapshot_is_synced('v', 's1'))
        self.vpool.rollback('v', 's1')
        self.assertEqual(b'\0\0\0', self.vpool.read('v', 0, 3))
        self.assertRaises(edge.NotFound, self.edge.snapshot_is_synced, 'v',
                          's3')

    def test_lists_of_any_length(self):
        names = ['volume-%03d-%s' % (i, 240 * 'x') for i in range(300)]
        for name in names:
            self.vpool.create(name, 4096)
        self.assertEqual(names, self.edge.volumes())

    def test_names_of_any_language(self):
        name = u'v\u00e9\u4e2d \u0416'
        self.edge.create(name, 4096)
        self.assertEqual([name], self.edge.volumes())

    def test_a_name_that_c_would_cut_off_is_refused(self):
        for name in ('a\0b', '', 'a/b', 255 * 'x'):
            self.assertRaises(location.BadName, self.edge.create, name, 4096)
        self.assertEqual([], self.vpool.calls)

    def test_a_lost_connection_is_an_error(self):
        self.vpool.fail('edge', 'create', 'refuse')
        with self.assertRaises(edge.EdgeError) as caught:
            self.edge.create('v', 4096)
        self.assertEqual(errno.EIO, caught.exception.errno)

    def test_the_first_host_that_answers_is_used(self):
        client = self.new_edge(['127.0.0.2', '127.0.0.1'])
        self.assertEqual('127.0.0.1', client.find_host())
        client.create('v', 4096)

    def test_the_host_that_has_answered_is_asked_without_a_probe(self):
        client = self.new_edge(['127.0.0.2', '127.0.0.1'])
        client.create('v', 4096)
        self.assertEqual('127.0.0.1', client.host)
        probes = self.count_probes()
        client.size('v')
        self.assertRaises(edge.NotFound, client.size, 'w')
        client.volumes()
        self.assertEqual([], probes)

    def test_the_next_host_is_asked_when_one_is_gone(self):
        second = self.fake.second_edge('127.0.0.2')
        client = self.new_edge(['127.0.0.2', '127.0.0.1'])
        client.create('v', 4096)
        self.assertEqual('127.0.0.2', client.host)
        second.shutdown()
        second.server_close()
        client.create('w', 4096)
        self.assertEqual('127.0.0.1', client.host)
        self.assertEqual(['v', 'w'], client.volumes())

    def test_a_failure_makes_the_next_call_look_for_a_host(self):
        self.edge.create('v', 4096)
        self.vpool.fail('edge', 'stat', 'refuse')
        self.assertRaises(edge.EdgeError, self.edge.size, 'v')
        probes = self.count_probes()
        self.edge.size('v')
        self.edge.size('v')
        self.assertEqual(['127.0.0.1'], probes)

    def count_probes(self):
        """Return a list that gets the host of each probe from now on."""
        probes, connect = [], socket.create_connection

        def probe(address, *arguments):
            probes.append(address[0])
            return connect(address, *arguments)
        patch = fixtures.MonkeyPatch('socket.create_connection', probe)
        patch.setUp()
        self.addCleanup(patch.cleanUp)
        return probes

    def test_nobody_answers(self):
        client = edge.Edge(['127.0.0.2', '127.0.0.3'], self.fake.edge.port)
        with self.assertRaises(edge.Unreachable) as caught:
            client.volumes()
        self.assertIn('127.0.0.2, 127.0.0.3', str(caught.exception))

    def test_hosts_are_needed(self):
        self.assertRaises(ValueError, self.new_edge, [])

    def test_a_wrong_transport_is_named(self):
        self.assertRaises(location.BadTransport, self.new_edge,
                          transport='shm')

    def test_nothing_the_library_gives_is_kept(self):
        self.edge.create('v', MIB)
        self.edge.snapshot_create('v', 's', 10)

        def use():
            for _ in range(300):
                self.edge.volumes()
                self.assertRaises(edge.NotFound, self.edge.size, 'w')
            gc.collect()
            return _resident_kib(), len(os.listdir('/proc/self/fd'))
        use()
        before, after = use(), use()
        self.assertLess(after[0] - before[0], 1024)
        # The fake's own sockets close when its threads come to it.
        self.assertLess(after[1] - before[1], 100)


class LibraryTestCase(unittest.TestCase):

    def test_a_missing_library_is_said_with_its_cure(self):
        with self.assertRaises(edge.LibraryMissing) as caught:
            edge.load_library(['/nonexistent'])
        self.assertIn('hypervisor/build', str(caught.exception))
        self.assertIn('ldconfig', str(caught.exception))

    def test_another_library_of_that_name_is_said(self):
        folder = fixtures.TempDir()
        folder.setUp()
        self.addCleanup(folder.cleanUp)
        path = os.path.join(folder.path, 'empty.c')
        open(path, 'w').close()
        subprocess.check_call(
            ['cc', '-shared', '-o', os.path.join(folder.path, edge.LIBRARY),
             path])
        with self.assertRaises(edge.LibraryMissing) as caught:
            edge.load_library([folder.path])
        self.assertIn('has no function', str(caught.exception))


class GreenThreadsTestCase(unittest.TestCase):
    """A call that blocks must not stop the other green threads."""

    def test_other_green_threads_go_on(self):
        try:
            import eventlet  # noqa: F401
        except ImportError:
            self.skipTest('eventlet is not in this environment')
        fake = fixture.FakeVPool()
        fake.setUp()
        self.addCleanup(fake.cleanUp)
        script = os.path.join(os.path.dirname(__file__), 'green_threads.py')
        held = threading.Event()
        server = fake.edge

        def slow(handler_self, name, snapshot, timeout):
            held.wait(30)
        server.RequestHandlerClass._snapshot_create, before = (
            slow, server.RequestHandlerClass._snapshot_create)
        self.addCleanup(setattr, server.RequestHandlerClass,
                        '_snapshot_create', before)
        process = subprocess.Popen(
            [sys.executable, script, fake.library_folder,
             '%d' % fake.edge.port], stdout=subprocess.PIPE)
        # The script prints what a green thread does while the call is held.
        self.assertEqual(b'still running\n', process.stdout.readline())
        held.set()
        self.assertEqual(b'done\n', process.stdout.readline())
        process.stdout.close()
        self.assertEqual(0, process.wait())


def _resident_kib():
    with open('/proc/self/status') as stream:
        for line in stream:
            if line.startswith('VmRSS'):
                return int(line.split()[1])
