# SPDX-License-Identifier: Apache-2.0

"""The commands as an operator types them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

from ovs_storagedriver import engine_process
from ovs_storagedriver import testing
from ovs_storagedriver.tests import support


def run(*arguments):
    engine = testing.find_engine()
    return subprocess.run(
        [sys.executable, '-m', 'ovs_storagedriver'] + list(arguments),
        env=dict(os.environ, **{'OVS_EDGE': engine} if engine else {}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=support.WAIT_SECONDS)


class RunningTestCase(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.running = testing.RunningStorageDriver(nodes=2).__enter__()
        cls.addClassCleanup(cls.running.__exit__, None, None, None)
        plain = support.Plain(cls.running.xml_rpc_port, cls.running.guid)
        _name, cls.volume = plain.create('parent', '3GiB')
        plain.snapshot(cls.volume, 'one')
        plain('volumeClone', target_path='/clone.raw', vrouter_id='node1',
              parent_volume_id=cls.volume, parent_snapshot_id='one')
        _name, template = plain.create('template')
        plain('setVolumeAsTemplate', volume_id=template)
        plain('volumeClone', target_path='/copy.raw', parent_snapshot_id='',
              parent_volume_id=template)

    def rows(self, *arguments):
        done = run(*arguments, '-f', 'json', '--data', self.running.data)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_status(self):
        row, = self.rows('status')
        self.assertEqual(('myvpool01', self.running.guid, self.running.data,
                          4, True), (row['vPool'], row['GUID'], row['Data'],
                                     row['Volumes'], row['Multiattach']))
        self.assertEqual(
            [{'vrouter_id': 'node%d' % (index + 1),
              'edge': '127.0.0.1:%d' % self.running.edge_ports[index],
              'xml_rpc': '127.0.0.1:%d' % self.running.xml_rpc_ports[index]}
             for index in range(2)], row['Nodes'])
        self.assertEqual((6 << 30) + (2 << 20),
                         row['Capacity']['provisioned'])
        self.assertEqual({'pid': self.running.engine_pid, 'restarts': 0,
                          'uptime': row['Engine']['uptime']}, row['Engine'])

    def test_status_for_people(self):
        done = run('status', '--data', self.running.data)
        for text in (self.running.guid, 'node2 edge 127.0.0.1:',
                     'provisioned 6.002 GiB', 'restarts 0'):
            self.assertIn(text, done.stdout)

    def test_list(self):
        rows = {row['Name']: row for row in self.rows('list')}
        self.assertEqual({'parent', 'clone', 'template', 'copy'}, set(rows))
        self.assertEqual(
            {'vPool': 'myvpool01', 'Name': 'parent', 'ID': self.volume,
             'Size': 3 << 30, 'Stored': 0, 'Type': 'volume', 'Parent': '',
             'Snapshots': 1, 'Clones': 1, 'Owner': 'node1'}, rows['parent'])
        self.assertEqual('parent@one', rows['clone']['Parent'])
        self.assertEqual('template', rows['copy']['Parent'])
        self.assertEqual('template', rows['template']['Type'])

    def test_list_for_people(self):
        done = run('list', '--data', self.running.data)
        self.assertIn('3 GiB', done.stdout)

    def test_columns(self):
        done = run('list', '--data', self.running.data, '-f', 'value',
                   '-c', 'Name', '-c', 'Type')
        self.assertEqual({'parent volume', 'clone volume', 'copy volume',
                          'template template'},
                         set(done.stdout.splitlines()))

    def test_check_of_what_is_served(self):
        done = run('check', '--data', self.running.data)
        self.assertEqual(4, done.returncode)
        self.assertIn('stop that one first', done.stderr)


class EngineDownTestCase(unittest.TestCase):

    def test_status_tells_at_once_and_the_engine_comes_back(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-engine-')
        self.addCleanup(folder.cleanup)
        engine = os.path.join(folder.name, 'ovs-edge')
        os.symlink(engine_process.find(testing.find_engine()), engine)
        with testing.RunningStorageDriver(engine=engine) as running:
            pid = running.engine_pid
            away = engine + '.away'
            os.rename(engine, away)
            os.kill(pid, signal.SIGKILL)
            support.eventually(lambda: not support.is_alive(pid), 'killed')
            for command in ('status', 'list'):
                done = run(command, '--data', running.data)
                self.assertEqual(1, done.returncode)
                self.assertIn('the engine does not answer', done.stderr)
                self.assertIn('the log of the service', done.stderr)
            os.rename(away, engine)
            self.assertNotEqual(pid, running.engine_pid)


class StoppedTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-storagedriver-')
        self.addCleanup(folder.cleanup)
        self.data = os.path.join(folder.name, 'vpool')
        with testing.RunningStorageDriver(data=self.data) as running:
            self.guid = running.guid
            plain = support.Plain(running.xml_rpc_port, running.guid)
            for name in ('one', 'two'):
                plain.create(name)
                with support.disk(self.data, name) as disk:
                    disk.write(0, os.urandom(support.MIB))

    def files(self):
        return sorted(os.path.join(folder, name) for folder, _subs, names
                      in os.walk(self.data) for name in names)

    def test_check(self):
        before = self.files()
        done = run('check', '--data', self.data)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn('%s (guid %s): sound' % (self.data, self.guid),
                      done.stdout)
        self.assertEqual(before, self.files())

    def test_check_of_a_damaged_store(self):
        record = next(path for path in self.files() if '/volumes/' in path)
        os.truncate(record, os.path.getsize(record) // 2)
        done = run('check', '--data', self.data)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn(os.path.basename(record), done.stdout + done.stderr)
        self.assertIn('DAMAGED', done.stdout)

    def test_status_and_list_of_what_is_not_served(self):
        for command in ('status', 'list'):
            done = run(command, '--data', self.data)
            self.assertEqual(1, done.returncode)
            self.assertIn('%s is not being served. hint: start' % self.data,
                          done.stderr)


class OtherTestCase(unittest.TestCase):

    def test_no_vpool(self):
        with tempfile.TemporaryDirectory() as folder:
            for command in ('status', 'list', 'check'):
                done = run(command, '--data', folder)
                self.assertEqual(1, done.returncode)
                self.assertIn('holds no vPool', done.stderr)
            self.assertEqual([], os.listdir(folder))

    def test_which_vpool(self):
        for command in ('serve', 'status', 'list', 'check'):
            done = run(command, '--config', '/no/such/file')
            self.assertEqual(2, done.returncode)
            self.assertIn('/no/such/file cannot be read', done.stderr)

    def test_help_teaches(self):
        for arguments, text in (
                ((), 'serve --data DIR'),
                (('--help',), 'serve --data DIR'),
                (('serve', '--help'), '[myvpool02]'),
                (('help', 'check'), 'Exit codes'),
                (('list', '--help'), 'volume@snapshot')):
            done = run(*arguments)
            self.assertEqual(0, done.returncode)
            self.assertIn(text, done.stdout)

    def test_the_standard_library_is_enough(self):
        done = subprocess.run(
            [sys.executable, '-S', '-m', 'ovs_storagedriver', 'status',
             '--config', '/no/such/file'], stderr=subprocess.PIPE, text=True)
        self.assertIn('/no/such/file cannot be read', done.stderr)

    def test_the_log_can_go_into_a_file_too(self):
        with tempfile.NamedTemporaryFile('r') as log:
            done = run('-q', '--debug', '--log-file', log.name, 'check',
                       '--config', '/no/such/file')
            for text in (done.stderr, log.read()):
                self.assertIn('/no/such/file cannot be read', text)
                self.assertIn('Traceback', text)

    def test_unknown_command(self):
        self.assertEqual(2, run('destroy').returncode)
