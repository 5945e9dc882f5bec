# SPDX-License-Identifier: Apache-2.0

"""The life of the service: started, stopped, killed, refused, notified."""

import concurrent.futures
import contextlib
import http.client
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

from ovs_storagedriver import key_material
from ovs_storagedriver import testing
from ovs_storagedriver.tests import support


class ServiceTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-storagedriver-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.data = os.path.join(self.folder, 'vpool')

    def start(self, **options):
        running = testing.RunningStorageDriver(**options)
        running.__enter__()
        self.addCleanup(running.__exit__, None, None, None)
        return running

    def serve(self, *options, engine=testing.find_engine()):
        """Run a service that is to fail; return its code and its log."""
        command = [sys.executable, '-m', 'ovs_storagedriver', 'serve']
        if engine:
            command += ['--engine', engine]
        failed = subprocess.run(command + list(options), text=True,
                                timeout=support.WAIT_SECONDS,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        self.assertEqual('', failed.stdout)
        self.assertNotIn('Traceback', failed.stderr)
        return failed.returncode, failed.stderr

    def ports(self, running):
        return ('--edge-port', '%d' % running.edge_port,
                '--xml-rpc-port', '%d' % running.xml_rpc_port)

    def plain(self, running):
        return support.Plain(running.xml_rpc_port, running.guid)


class LifeTestCase(ServiceTestCase):

    def test_stop_and_start(self):
        running = self.start()
        guid, engine = running.guid, running.engine_pid
        name, volume = self.plain(running).create()
        running.stop()
        self.assertFalse(support.is_alive(engine))
        self.assertEqual({'engine.lock', 'lock', 'store', 'vpool.json'},
                         set(os.listdir(running.data)))
        running.start()
        self.assertEqual(guid, running.guid)
        self.assertEqual([volume], self.plain(running)('volumesList'))

    def test_verbose_tells_each_request_to_the_engine(self):
        running = self.start()
        name, _volume = self.plain(running).create()
        support.eventually(
            lambda: re.search('volume create of .*%s: done' % name,
                              running.read_log()), 'the engine tells it')

    def test_stop_while_callers_come_and_go(self):
        running = self.start()
        for _time in range(10):
            # Their threads keep the main thread from going to sleep.
            for port in running.edge_ports + running.xml_rpc_ports:
                socket.create_connection((running.host, port)).close()
            running.stop()
            running.start()

    def test_interrupt(self):
        running = self.start()
        os.kill(running.pid, signal.SIGINT)
        support.eventually(lambda: not running.is_running, 'it ends')

    def test_every_port_serves_once_it_is_ready(self):
        running = self.start(nodes=2)
        for port in running.edge_ports + running.xml_rpc_ports:
            socket.create_connection((running.host, port)).close()

    def test_both_ports_take_only_who_is_allowed(self):
        running = self.start(options=['--allow', '127.0.0.1,127.0.4.0/24'])
        for port in (running.edge_port, running.xml_rpc_port):
            for caller, is_served in (('127.0.0.1', True),
                                      ('127.0.4.7', True),
                                      ('127.0.0.2', False)):
                with socket.create_connection(
                        (running.host, port), support.WAIT_SECONDS,
                        (caller, 0)) as connection:
                    connection.sendall(b'\0\0\0\3NO HTTP\r\n\r\n')
                    with contextlib.suppress(ConnectionError):
                        self.assertEqual(is_served,
                                         connection.recv(1) != b'')

    def test_nobody_else_may_look_inside(self):
        running = self.start()
        for path, mode in (('', 0o700), ('engine.sock', 0o600),
                           ('service.sock', 0o600), ('vpool.json', 0o600),
                           ('lock', 0o600), ('store', 0o700)):
            found = os.stat(os.path.join(running.data, path)).st_mode
            self.assertEqual(oct(mode), oct(stat.S_IMODE(found)), path)

    def test_deep_folder(self):
        running = self.start(data=os.path.join(self.folder, *['x' * 60] * 4))
        self.assertGreater(len(running.data), 200)
        self.assertTrue(running.engine_pid)

    def test_engine_killed(self):
        running = self.start()
        plain = self.plain(running)
        name, volume = plain.create()
        with support.disk(running.data, name) as disk:
            disk.write(0, b'acknowledged')
        first = running.kill_engine()
        second = running.engine_pid
        self.assertNotEqual(first, second)
        self.assertFalse(support.is_alive(first))
        with support.disk(running.data, name) as disk:
            self.assertEqual(b'acknowledged', disk.read(0, 12))
        self.assertEqual('1', plain('vpoolInfo')['engine_restarts'])
        self.assertIn('was killed by signal 9', running.read_log())

    def test_engine_killed_again_and_again(self):
        running = self.start()
        for _time in range(4):
            running.kill_engine()
        self.assertTrue(running.engine_pid)

    def test_engine_killed_while_callers_are_busy(self):
        running = self.start()
        stop, rounds, kills = threading.Event(), [], 3

        def be_busy():
            plain = self.plain(running)
            while not stop.is_set():
                name, volume = plain.create()
                snapshot = plain.snapshot(volume)
                clone = support.unique('clone')
                plain('volumeClone', target_path='/%s.raw' % clone,
                      parent_volume_id=volume, parent_snapshot_id=snapshot)
                for path in (clone, name):
                    answer = plain('unlink', target_path='/%s.raw' % path)
                    self.assertEqual('', answer)
                rounds.append(name)

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            busy = [pool.submit(be_busy) for _caller in range(6)]
            try:
                for kill in range(kills):
                    running.kill_engine()
                    enough = len(rounds) + 6
                    support.eventually(lambda: len(rounds) > enough,
                                       'callers go on after a kill')
            finally:
                stop.set()
            for each in busy:
                each.result()
        self.assertEqual([], self.plain(running)('volumesList'))
        running.stop()
        self.assertEqual(kills, running.read_log().count('killed by signal'))

    def test_service_killed(self):
        running = self.start()
        name, volume = self.plain(running).create()
        with support.disk(running.data, name) as disk:
            disk.write(0, b'acknowledged')
        engine = running.engine_pid
        running.kill()
        running.start()
        self.assertFalse(support.is_alive(engine))
        with support.disk(running.data, name) as disk:
            self.assertEqual(b'acknowledged', disk.read(0, 12))

    def test_service_killed_and_its_engine_takes_long_to_end(self):
        running = self.start()
        engine = running.engine_pid
        os.kill(engine, signal.SIGSTOP)
        self.addCleanup(support.signal_if_alive, engine, signal.SIGKILL)
        running.kill()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            started = pool.submit(running.start)
            support.eventually(lambda: running.is_running, 'a second start')
            with self.assertRaises(concurrent.futures.TimeoutError):
                started.result(0.5)
            os.kill(engine, signal.SIGCONT)
            started.result()
        self.assertNotEqual(engine, running.engine_pid)

    def test_no_orphan(self):
        running = self.start()
        engine = running.engine_pid
        running.kill()
        support.eventually(lambda: not support.is_alive(engine),
                           'the engine ends after its service was killed')

    def test_two_vpools_side_by_side(self):
        one, two = self.start(), self.start()
        self.assertNotEqual(one.guid, two.guid)
        name, volume = self.plain(one).create('same')
        _name, other = self.plain(two).create('same')
        self.assertNotEqual(volume, other)
        one.stop()
        self.assertEqual([other], self.plain(two)('volumesList'))

    def test_two_vpools_in_one_process(self):
        ports = testing.free_ports(4)
        config = os.path.join(self.folder, 'config')
        with open(config, 'w') as text:
            for index in range(2):
                text.write('[pool%d]\ndata = %s/%d\nedge_port = %d\n'
                           'xml_rpc_port = %d\nmultiattach = false\n'
                           % (index, self.folder, index, ports[2 * index],
                              ports[2 * index + 1]))
        engine = testing.find_engine()
        process = subprocess.Popen(
            [sys.executable, '-m', 'ovs_storagedriver', '-q', 'serve',
             '--config', config], stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, **{'OVS_EDGE': engine} if engine else {}))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        ready = process.stdout.readline()
        guids = re.findall(r'(pool\d) \(guid ([-0-9a-f]{36})\)', ready)
        self.assertEqual(['pool0', 'pool1'], [name for name, _id in guids])
        for index, (name, guid) in enumerate(guids):
            info = support.Plain(ports[2 * index + 1], guid)('vpoolInfo')
            self.assertEqual(name, info['name'])
            self.assertEqual('false', info['multiattach'])

    def test_systemd_is_notified(self):
        address = os.path.join(self.folder, 'notify')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.settimeout(support.WAIT_SECONDS)
            notify.bind(address)
            os.environ['NOTIFY_SOCKET'] = address
            self.addCleanup(os.environ.pop, 'NOTIFY_SOCKET')
            running = self.start()
            self.assertEqual(b'READY=1', notify.recv(100))
            running.stop()
            self.assertEqual(b'STOPPING=1', notify.recv(100))

    def test_ipv6(self):
        running = self.start(host='::1')
        self.assertEqual([], support.Plain(
            running.xml_rpc_port, running.guid, '[::1]')('volumesList'))

    def test_redirect_to_a_node_that_listens_everywhere(self):
        running = self.start(nodes=2, options=['--listen', '0.0.0.0',
                                               '--insecure', 'true'])
        answer = self.plain(running)('volumesList', vrouter_id='node2')
        self.assertEqual('127.0.0.1', answer['xmlrpc_redirect_host'])

    def test_a_node_that_is_taken_away(self):
        running = self.start(nodes=2)
        _name, volume = self.plain(running).create()
        node2 = support.Plain(running.xml_rpc_ports[1], running.guid)
        node2('migrateVolume', volume_id=volume, vrouter_id='node2',
              force='false')
        running.stop()
        fewer = self.start(data=running.data)
        self.assertEqual('node1', self.plain(fewer)(
            'volumeInfo', volume_id=volume)['vrouter_id'])


class TlsTestCase(ServiceTestCase):

    def setUp(self):
        super().setUp()
        self.keys = os.path.join(self.folder, 'tls')
        with key_material.opened(self.keys) as folder:
            folder.make_authority()
            folder.make_server(['127.0.0.1'])
            folder.make_client()
            folder.make_psk(['one'])

    def options_of(self, port):
        """Return the edge port's answer to NBD's question for a list."""
        with socket.create_connection(('127.0.0.1', port),
                                      support.WAIT_SECONDS) as connection:
            self.assertEqual(b'NBDMAGIC', connection.recv(18)[:8])
            connection.sendall(struct.pack('>I8sII', 3, b'IHAVEOPT', 3, 0))
            answer = connection.recv(20, socket.MSG_WAITALL)
            return struct.unpack('>QIII', answer)[2]

    def test_both_ports_speak_nothing_else(self):
        tls_required = 2 ** 31 + 5
        for kind in ('psk', 'x509'):
            with self.subTest(kind):
                running = self.start(tls=kind, tls_dir=self.keys)
                self.assertEqual(kind, running.ask('vpoolInfo')['tls'])
                self.assertEqual(tls_required,
                                 self.options_of(running.edge_port))
                with self.assertRaises((OSError, http.client.HTTPException)):
                    self.plain(running)('volumesList')
                running.kill_engine()
                self.assertEqual([], running.ask('volumesList'))

    def test_files_that_are_missing(self):
        os.unlink(os.path.join(self.keys, 'server-key.pem'))
        code, log = self.serve('--data', self.data, '--tls', 'x509',
                               '--tls-dir', self.keys)
        self.assertEqual(2, code)
        self.assertIn('server-key.pem cannot be read', log)
        self.assertIn('tls-init', log)
        self.assertFalse(os.path.exists(self.data))


class RefusalTestCase(ServiceTestCase):

    def test_data_served_already(self):
        running = self.start()
        code, log = self.serve('--data', running.data)
        self.assertEqual(4, code)
        self.assertIn('served by another process (%d)' % running.pid, log)
        self.assertTrue(running.engine_pid)

    def test_xml_rpc_port_taken(self):
        running = self.start()
        code, log = self.serve(
            '--data', self.data, '--xml-rpc-port', '%d'
            % running.xml_rpc_port, '--edge-port',
            '%d' % testing.free_ports(1)[0])
        self.assertEqual(3, code)
        self.assertIn('%d' % running.xml_rpc_port, log)
        self.assertFalse(os.path.exists(self.data))

    def test_edge_port_taken(self):
        running = self.start()
        code, log = self.serve(
            '--data', self.data, '--edge-port', '%d' % running.edge_port,
            '--xml-rpc-port', '%d' % testing.free_ports(1)[0])
        self.assertEqual(3, code)
        self.assertIn('%d' % running.edge_port, log)
        self.assertFalse(os.path.exists(self.data))

    def test_a_refused_start_keeps_what_was_there(self):
        running = self.start()
        _name, volume = self.plain(running).create()
        other = self.start()
        running.stop()
        code, _log = self.serve('--data', running.data, *self.ports(other))
        self.assertEqual(3, code)
        running.start()
        self.assertEqual([volume], self.plain(running)('volumesList'))

    def test_folder_that_cannot_be_made(self):
        path = os.path.join(self.folder, 'file')
        open(path, 'w').close()
        for data in (path, os.path.join(path, 'vpool'), '/proc/vpool'):
            code, log = self.serve('--data', data)
            self.assertEqual(1, code)
            self.assertIn('the data folder %s cannot be used' % data, log)
        self.assertEqual(['file'], os.listdir(self.folder))

    def test_folder_that_may_not_be_written(self):
        os.chmod(self.folder, 0o555)
        self.addCleanup(os.chmod, self.folder, 0o755)
        # Root may write everywhere, unless it gives that up.
        command = [] if os.geteuid() else [
            'setpriv', '--bounding-set=-dac_override,-dac_read_search']
        failed = subprocess.run(
            command + [sys.executable, '-m', 'ovs_storagedriver.main',
                       'serve', '--data', self.data, '--engine', '/bin/true'],
            stderr=subprocess.PIPE, text=True, timeout=support.WAIT_SECONDS)
        self.assertEqual(1, failed.returncode, failed.stderr)
        self.assertIn('Permission denied. hint: give a folder that this user '
                      'may write to', failed.stderr)

    def test_folder_with_something_else(self):
        with open(os.path.join(self.folder, 'letter'), 'w') as text:
            text.write('dear')
        code, log = self.serve('--data', self.folder)
        self.assertEqual(1, code)
        self.assertIn('is not empty and holds no vPool', log)
        self.assertEqual(['letter'], os.listdir(self.folder))

    def test_wrong_guid_or_name(self):
        running = self.start()
        running.stop()
        for option, value in (
                ('--guid', '7968a798-a0ab-4f6a-8f3d-32f785215307'),
                ('--name', 'other')):
            code, log = self.serve('--data', running.data, option, value)
            self.assertEqual(2, code)
            self.assertIn('not %s. hint: leave' % value, log)

    def test_malformed_settings(self):
        for options, text in (
                (('--guid', 'nonsense'), 'guid = nonsense'),
                (('--name', 'a b'), 'name of a vPool'),
                (('--edge-port', '0'), 'edge_port = 0'),
                (('--edge-port', '65536'), 'edge_port = 65536'),
                (('--nodes', '2', '--edge-port', '1,2,3'), '3 values'),
                (('--edge-port', '5', '--xml-rpc-port', '5'), 'used twice'),
                (('--listen', 'no.such.host.invalid'), 'listen = no.such'),
                (('--multiattach', 'maybe'), 'multiattach = maybe'),
                (('--config', '/dev/null'), 'exclude each other')):
            with self.subTest(options):
                code, log = self.serve('--data', self.data, *options)
                self.assertEqual(2, code)
                self.assertIn(text, log)
        self.assertFalse(os.path.exists(self.data))

    def test_engine_not_found(self):
        code, log = self.serve('--data', self.data, engine='/no/such/engine')
        self.assertEqual(2, code)
        self.assertIn('the engine /no/such/engine (from --engine)', log)
        self.assertFalse(os.path.exists(self.data))

    def test_engine_that_is_none(self):
        for engine, text in (('/bin/true', 'ended with code 0'),
                             ('/bin/echo', 'is not the engine: it said')):
            edge_port, xml_rpc_port = testing.free_ports(2)
            code, log = self.serve(
                '--data', self.data, '--edge-port', '%d' % edge_port,
                '--xml-rpc-port', '%d' % xml_rpc_port, engine=engine)
            self.assertEqual(1, code)
            self.assertIn(text, log)
            self.assertFalse(os.path.exists(self.data))

    def test_newer_data_folder(self):
        running = self.start()
        running.stop()
        path = os.path.join(running.data, 'vpool.json')
        with open(path) as text:
            identity = text.read()
        for written, expected in (
                (identity.replace('"format": 1', '"format": 2'),
                 'written by a newer release'),
                ('{', 'is damaged'), ('[]', 'is damaged'), ('', 'is damaged'),
                ('{"format": 1, "guid": 7, "name": "x"}', 'is damaged')):
            with self.subTest(written):
                with open(path, 'w') as text:
                    text.write(written)
                code, log = self.serve('--data', running.data)
                self.assertEqual(1, code)
                self.assertIn(expected, log)
        with open(path, 'w') as text:
            text.write(identity)
        running.start()

    def test_store_that_the_engine_refuses(self):
        running = self.start()
        _name, volume = self.plain(running).create()
        running.stop()
        path = os.path.join(running.data, 'store', 'store')
        with open(path, 'rb') as stamp:
            original = stamp.read()
        with open(path, 'wb') as stamp:
            stamp.write(b'x' * len(original))
        code, log = self.serve('--data', running.data, *self.ports(running))
        self.assertEqual(1, code)
        self.assertIn('myvpool01: the engine ended with code 1: ', log)
        self.assertIn(os.path.join(running.data, 'store'), log)
        with open(path, 'wb') as stamp:
            stamp.write(original)
        running.start()
        self.assertEqual([volume], self.plain(running)('volumesList'))
