# SPDX-License-Identifier: Apache-2.0

"""The supervisor with engines that misbehave in ways of their own."""

import os
import re
import stat
import tempfile
import unittest
from unittest import mock

from ovs_storagedriver import data_folder
from ovs_storagedriver import engine_process
from ovs_storagedriver import errors
from ovs_storagedriver.tests import support


class EngineProcessTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-engine-')
        self.addCleanup(folder.cleanup)
        self.folder = data_folder.DataFolder(os.path.join(folder.name,
                                                          'vpool'))
        self.folder.open()
        self.addCleanup(self.folder.close)

    def process(self, script):
        path = self.folder.file('engine')
        with open(path, 'w') as text:
            text.write('#!/bin/sh\n' + script)
        os.chmod(path, stat.S_IRWXU)
        process = engine_process.EngineProcess(path, self.folder, [], 'pool')
        self.addCleanup(process.stop)
        return process

    def test_one_that_dies_again_and_again(self):
        process = self.process('echo ready\nexit 7\n')
        with self.assertLogs(engine_process.LOG, 'ERROR') as logs:
            process.start()
            support.eventually(lambda: process.restarts >= 3,
                               'the engine is started three times more')
            process.stop()
        pauses = re.findall(r'ended with code 7.* in (\S+) s',
                            '\n'.join(logs.output))
        self.assertEqual(['0.1', '0.2', '0.4'], pauses[:3])
        restarts = process.restarts
        self.assertIsNone(process.pid)
        self.assertEqual(restarts, process.restarts)

    def test_one_that_comes_back_only_after_a_while(self):
        process = self.process('test -e broken && { rm broken; echo ouch >&2;'
                               ' exit 1; }\necho ready\nexec sleep 1000\n')
        process.start()
        first = process.pid
        open(self.folder.file('broken'), 'w').close()
        with self.assertLogs(engine_process.LOG, 'INFO') as logs:
            os.kill(first, 9)
            second = support.eventually(
                lambda: process.restarts == 2 and process.pid,
                'the engine is back')
            support.eventually(lambda: 'serves' in logs.output[-1], 'ready')
        self.assertNotEqual(first, second)
        self.assertIn('ended with code 1: ouch', '\n'.join(logs.output))

    def test_one_that_is_never_ready(self):
        process = self.process('exec sleep 1000\n')
        with mock.patch.object(engine_process, 'READY_SECONDS', 0.2):
            with self.assertRaisesRegex(errors.ServiceError,
                                        'not ready within'):
                process.start()
        self.assertIsNone(process.pid)

    def test_one_that_does_not_stop(self):
        process = self.process('trap "" TERM\necho ready\n'
                               'while :; do sleep 0.1; done\n')
        process.start()
        pid = process.pid
        with mock.patch.object(engine_process, 'STOP_SECONDS', 0.2):
            with self.assertLogs(engine_process.LOG, 'ERROR') as logs:
                process.stop()
        self.assertIn('it is killed', logs.output[0])
        self.assertFalse(support.is_alive(pid))

    def test_stop_without_start(self):
        self.process('').stop()


class FindTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-engine-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {'PATH': os.path.join(self.folder, 'path')}
        self.enterContext(mock.patch.object(
            engine_process, 'PREFIX', os.path.join(self.folder, 'prefix')))
        self.enterContext(mock.patch.dict(os.environ, self.environment,
                                          clear=True))

    def make(self, *parts):
        path = os.path.join(self.folder, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, 'w').close()
        os.chmod(path, stat.S_IRWXU)
        return path

    def test_order(self):
        with self.assertRaisesRegex(errors.SettingsError, 'was not found'):
            engine_process.find()
        in_path = self.make('path', 'ovs-edge')
        self.assertEqual(in_path, engine_process.find())
        installed = self.make('prefix', 'bin', 'ovs-edge')
        self.assertEqual(installed, engine_process.find())
        of_environment = self.make('one')
        os.environ['OVS_EDGE'] = of_environment
        self.assertEqual(of_environment, engine_process.find())
        given = self.make('two')
        self.assertEqual(given, engine_process.find(given))

    def test_what_is_named_has_to_be_there(self):
        self.make('path', 'ovs-edge')
        plain = self.make('plain')
        os.chmod(plain, 0o600)
        for given in ('/no/such/file', self.folder, plain):
            with self.assertRaisesRegex(errors.SettingsError,
                                        'no program that can be run'):
                engine_process.find(given)
        os.environ['OVS_EDGE'] = '/no/such/file'
        with self.assertRaisesRegex(errors.SettingsError, r'\$OVS_EDGE'):
            engine_process.find()
