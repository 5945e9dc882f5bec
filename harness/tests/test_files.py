# SPDX-License-Identifier: Apache-2.0

import os
import stat
import subprocess
import sys
from unittest import mock

from harness import cache
from harness import errors
from harness import files
from harness.tests import support

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
#: locks a path, says so, and keeps it until its standard input ends
_HOLDER = ('import sys; sys.path.insert(0, sys.argv[1])\n'
           'from harness import files\n'
           'with files.locked(sys.argv[2]):\n'
           '    print("locked", flush=True)\n'
           '    sys.stdin.read()\n')


class FilesTestCase(support.FolderTestCase):

    def test_write_replaces_whole_files(self):
        path = self.path('new', 'file')
        files.write(path, 'long text', 0o644)
        files.write(path, 'short')
        with open(path) as stream:
            self.assertEqual('short', stream.read())
        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
        self.assertEqual(['file'], os.listdir(self.path('new')))

    def test_a_draft_that_fails_leaves_the_old_file(self):
        path = self.path('file')
        files.write(path, 'old')
        with self.assertRaises(ValueError), files.draft(path) as stream:
            stream.write(b'half')
            raise ValueError
        with open(path) as stream:
            self.assertEqual('old', stream.read())
        self.assertEqual(['file'], os.listdir(self.folder))

    def test_a_folder_is_there_when_it_is_whole(self):
        path = self.path('made')
        with self.assertRaises(ValueError), files.draft_folder(path):
            raise ValueError
        self.assertEqual([], os.listdir(self.folder))
        with files.draft_folder(path) as draft:
            files.write(os.path.join(draft, 'a'), '')
            self.assertFalse(os.path.exists(path))
        self.assertEqual(['a'], os.listdir(path))
        self.assertEqual(0o755, stat.S_IMODE(os.stat(path).st_mode))

    def test_json(self):
        path = self.path('file')
        self.assertEqual([], files.read_json(path, []))
        files.write_json(path, {'a': 1})
        self.assertEqual({'a': 1}, files.read_json(path))
        files.write(path, '{')
        with self.assertRaisesRegex(errors.Error, 'file is damaged'):
            files.read_json(path)

    def test_remove_tree(self):
        os.makedirs(self.path('a', 'b'))
        files.remove_tree(self.path('a'))
        files.remove_tree(self.path('a'))
        self.assertEqual([], os.listdir(self.folder))


class LockTestCase(support.FolderTestCase):

    def holder(self, path):
        """Start another process that has the lock."""
        process = subprocess.Popen(
            [sys.executable, '-c', _HOLDER, _CHECKOUT, path], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.assertEqual('locked\n', process.stdout.readline())
        return process

    def test_an_error_names_the_process_that_has_it(self):
        for path in self.folder, self.path('lock'):
            other = self.holder(path)
            with self.assertRaisesRegex(
                    errors.Busy, r'^it is in use \(process (%d|unknown)\)$'
                    % other.pid) as caught:
                with files.locked(path, 'it is in use', 'wait'):
                    self.fail('two have the lock')
            self.assertEqual('wait', caught.exception.hint)
            other.communicate()
            with files.locked(path, 'it is in use'):
                pass

    def test_without_an_error_it_is_waited_for(self):
        other = self.holder(self.path('lock'))
        waits = subprocess.Popen(
            [sys.executable, '-c', _HOLDER, _CHECKOUT, self.path('lock')],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        other.communicate()
        self.assertEqual('locked\n', waits.communicate(timeout=60)[0])


class CacheTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.cache = cache.Cache(self.path('cache'))

    def test_what_is_remembered(self):
        self.assertIsNone(self.cache.recall('sources'))
        self.cache.remember('sources', {'qemu': ['1']})
        self.assertEqual({'qemu': ['1']}, self.cache.recall('sources'))

    def test_two_commands_do_not_share_it(self):
        with self.cache.locked():
            with self.assertRaisesRegex(
                    errors.Busy, 'another command is using %s'
                    % self.cache.folder):
                with self.cache.locked():
                    self.fail('two have the lock')

    def test_a_folder_that_cannot_be_made(self):
        files.write(self.path('cache'), '')
        with self.assertRaisesRegex(errors.Error, 'cannot be made'):
            self.cache.make('logs')

    def test_the_folder(self):
        variables = mock.patch.dict(os.environ, OVS_CACHE='/mine')
        with variables:
            self.assertEqual('/mine/a/b', cache.folder('a', 'b'))
        variables = mock.patch.dict(
            os.environ, OVS_CACHE='', XDG_CACHE_HOME='/else')
        with variables:
            self.assertEqual('/else/devstack-plugin-openvstorage',
                             cache.folder())

    def test_a_key_depends_on_the_text(self):
        self.assertNotEqual(cache.key_of('a'), cache.key_of('b'))
        # keys of earlier versions stay valid: nothing is built twice
        self.assertEqual('ca978112ca1bbdca', cache.key_of('a'))
