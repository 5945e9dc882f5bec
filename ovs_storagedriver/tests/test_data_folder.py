# SPDX-License-Identifier: Apache-2.0

import fcntl
import json
import os
import tempfile
import unittest
from unittest import mock

from ovs_storagedriver import data_folder
from ovs_storagedriver import errors

GUID = '7968a798-a0ab-4f6a-8f3d-32f785215307'


class DataFolderTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-folder-')
        self.addCleanup(folder.cleanup)
        self.above = folder.name
        self.path = os.path.join(folder.name, 'a', 'b')

    def opened(self, *wanted):
        folder = data_folder.DataFolder(self.path)
        folder.open(*wanted)
        self.addCleanup(folder.close)
        return folder

    def test_identity_is_kept(self):
        folder = self.opened('pool', GUID)
        folder.keep()
        folder.close()
        again = self.opened()
        self.assertEqual(('pool', GUID), (again.name, again.guid))
        with open(again.file('vpool.json')) as text:
            self.assertEqual({'format': 1, 'guid': GUID, 'name': 'pool'},
                             json.load(text))

    def test_undo_of_a_new_one(self):
        folder = self.opened()
        os.mkdir(folder.store)
        folder.undo()
        self.assertEqual([], os.listdir(self.above))

    def test_undo_leaves_a_folder_that_was_there(self):
        os.makedirs(self.path)
        self.opened().undo()
        self.assertEqual([], os.listdir(self.path))

    def test_undo_of_one_with_volumes(self):
        folder = self.opened()
        folder.keep()
        folder.close()
        os.mkdir(folder.store)
        self.opened().undo()
        self.assertTrue(os.path.isdir(folder.store))
        self.opened()

    def test_refusal_of_one_with_volumes_keeps_them(self):
        folder = self.opened('pool', GUID)
        folder.keep()
        folder.close()
        os.mkdir(folder.store)
        with self.assertRaises(errors.SettingsError):
            self.opened('other')
        self.assertTrue(os.path.isdir(folder.store))

    def test_one_at_a_time(self):
        folder = self.opened()
        with self.assertRaisesRegex(errors.DataFolderInUse,
                                    r'another process \(%d\)' % os.getpid()):
            self.opened()
        self.assertTrue(os.path.exists(folder.file('vpool.json')))

    def test_closed_names_no_process(self):
        """The number will be another process's"""
        folder = self.opened()
        folder.keep()
        with self.assertRaises(errors.DataFolderInUse):
            self.opened()
        with open(folder.file('lock')) as lock:
            self.assertEqual('%d\n' % os.getpid(), lock.read())
        folder.close()
        self.assertEqual(0, os.path.getsize(folder.file('lock')))

    def test_first_start_that_was_killed(self):
        os.makedirs(self.path)
        for name in ('lock', 'engine.lock', 'vpool.json.new'):
            open(os.path.join(self.path, name), 'w').close()
        self.assertEqual('myvpool01', self.opened().name)

    def test_engine_of_a_service_that_was_killed(self):
        os.makedirs(self.path)
        left = os.open(os.path.join(self.path, 'engine.lock'),
                       os.O_RDWR | os.O_CREAT)
        fcntl.flock(left, fcntl.LOCK_EX)
        with mock.patch.object(data_folder, 'PREDECESSOR_SECONDS', 0.1):
            with self.assertRaisesRegex(errors.DataFolderInUse,
                                        'an earlier service left'):
                self.opened()
        os.close(left)
        self.opened()

    def test_mode(self):
        os.makedirs(self.path, 0o755)
        self.opened()
        self.assertEqual(0o700, os.stat(self.path).st_mode & 0o777)
