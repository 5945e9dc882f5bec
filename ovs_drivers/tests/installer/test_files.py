# SPDX-License-Identifier: Apache-2.0

"""Transactions, locks and refusals on real files."""

import os
import stat
import subprocess
import sys
import unittest

from ovs_drivers.installer import errors
from ovs_drivers.installer import files
from ovs_drivers.tests.installer import fixtures


class TransactionTest(fixtures.TestCase):

    def setUp(self):
        self.root = fixtures.new_folder(self)
        self.path = os.path.join(self.root, 'module.py')
        fixtures.write(self.path, 'before')
        os.chmod(self.path, 0o751)
        os.utime(self.path, (1000, 1000))

    def test_put_keeps_the_mode(self):
        with files.Transaction() as transaction:
            transaction.put(self.path, b'after')
        self.assertEqual('after', fixtures.read(self.path))
        self.assertEqual(0o751, stat.S_IMODE(os.stat(self.path).st_mode))

    @unittest.skipUnless(os.geteuid() == 0, 'only root gives files away')
    def test_put_keeps_the_owner_and_new_files_follow_their_folder(self):
        os.chown(self.path, 1234, 2345)
        own = os.path.join(self.root, 'own')
        os.mkdir(own)
        os.chown(own, 3456, 4567)
        os.chmod(self.root, 0o755)
        new = os.path.join(own, 'folder', 'new.py')
        with files.Transaction() as transaction:
            transaction.put(self.path, b'after')
            transaction.put(new, b'new')
        for path, owner in ((self.path, (1234, 2345)), (new, (3456, 4567)),
                            (os.path.dirname(new), (3456, 4567))):
            status = os.stat(path)
            self.assertEqual(owner, (status.st_uid, status.st_gid), path)

    def test_new_folders_can_be_read_whatever_the_umask_is(self):
        before = os.umask(0o077)
        try:
            with files.Transaction() as transaction:
                transaction.put(os.path.join(self.root, 'a/b.py'), b'')
        finally:
            os.umask(before)
        for name, mode in (('a', 0o755), ('a/b.py', 0o644)):
            self.assertEqual(mode, stat.S_IMODE(os.stat(
                os.path.join(self.root, name)).st_mode))

    def test_what_cannot_be_put_back_is_named_and_the_rest_is(self):
        other = os.path.join(self.root, 'other.py')
        fixtures.write(other, 'before')
        write, full = files._write, []

        def write_or_fail(path, wanted):
            if full and path == other:
                raise OSError(28, 'No space left on device')
            write(path, wanted)

        files._write = write_or_fail
        try:
            with self.assertRaises(errors.NotPutBack) as caught:
                with files.Transaction() as transaction:
                    transaction.put(self.path, b'after')
                    transaction.put(other, b'after')
                    full.append(True)
                    raise KeyError()
        finally:
            files._write = write
        self.assertIn(other + ' (No space', str(caught.exception))
        self.assertEqual('before', fixtures.read(self.path))

    def test_put_writes_through_a_symbolic_link(self):
        link = os.path.join(self.root, 'link.py')
        os.symlink(self.path, link)
        with files.Transaction() as transaction:
            transaction.put(link, b'after')
        self.assertTrue(os.path.islink(link))
        self.assertEqual('after', fixtures.read(self.path))

    def test_put_does_not_write_into_a_hard_link(self):
        other = os.path.join(self.root, 'cache of uv')
        os.link(self.path, other)
        with files.Transaction() as transaction:
            transaction.put(self.path, b'after')
        self.assertEqual('before', fixtures.read(other))

    def test_error_puts_everything_back(self):
        before = fixtures.fingerprint(self.root)
        folder = os.path.join(self.root, 'empty')
        os.mkdir(folder)
        with self.assertRaises(KeyboardInterrupt):
            with files.Transaction() as transaction:
                transaction.put(self.path, b'after')
                transaction.put(self.path, b'after all')
                transaction.put(os.path.join(self.root, 'a/b/c.py'), b'new')
                transaction.drop(self.path)
                transaction.drop_folder_if_empty(folder)
                raise KeyboardInterrupt()
        self.assertTrue(os.path.isdir(folder))
        os.rmdir(folder)
        self.assertEqual(before, fixtures.fingerprint(self.root))
        self.assertEqual(1000, os.stat(self.path).st_mtime)

    def test_a_failed_write_leaves_no_temporary_file(self):
        with self.assertRaises(TypeError):
            with files.Transaction() as transaction:
                transaction.put(self.path, None)
        self.assertEqual(['module.py'], os.listdir(self.root))

    def test_drop_folder_keeps_what_is_in_use(self):
        with files.Transaction() as transaction:
            transaction.drop_folder_if_empty(self.root)
            transaction.drop(os.path.join(self.root, 'absent'))
        self.assertEqual(['module.py'], os.listdir(self.root))

    def test_sweep_removes_only_our_temporary_files(self):
        for name in ('.ovs-drivers-abc.tmp', 'other.tmp'):
            fixtures.write(os.path.join(self.root, name), '')
        files.sweep(self.root)
        self.assertEqual(['module.py', 'other.tmp'],
                         sorted(os.listdir(self.root)))

    def test_bytecode_of_every_python_and_of_no_other_module(self):
        for name in ('module.pyc', 'module.pyo', 'modules.pyc',
                     '__pycache__/module.cpython-311.pyc',
                     '__pycache__/module.cpython-36.opt-1.pyc',
                     '__pycache__/module2.cpython-311.pyc'):
            fixtures.write(os.path.join(self.root, name), '')
        self.assertEqual(
            ['__pycache__/module.cpython-311.pyc',
             '__pycache__/module.cpython-36.opt-1.pyc',
             'module.pyc', 'module.pyo'],
            sorted(os.path.relpath(path, self.root)
                   for path in files.bytecode_of(self.path)))


class LockTest(fixtures.TestCase):

    def test_a_second_installer_is_refused_until_the_first_ends(self):
        root = fixtures.new_folder(self)
        program = ('import sys; from ovs_drivers.installer import files\n'
                   'with files.locked([sys.argv[1]]):\n'
                   '    print("locked"); sys.stdout.flush()\n'
                   '    sys.stdin.read()\n')
        other = subprocess.Popen(
            [sys.executable, '-c', program, root], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=':'.join(
                sys.path)))
        self.assertEqual(b'locked\n', other.stdout.readline())
        with self.assertRaises(errors.Busy) as caught:
            with files.locked([root]):
                pass
        self.assertIn(root, str(caught.exception))
        other.communicate()
        with files.locked([root]):
            pass
        self.assertEqual([], os.listdir(root))


class WritableTest(fixtures.TestCase):

    def test_a_folder_that_may_not_be_written(self):
        root = fixtures.new_folder(self)
        os.chmod(root, 0o555)
        program = ('import os, sys\n'
                   'from ovs_drivers.installer import errors, files\n'
                   'if os.geteuid() == 0:\n'
                   '    os.setgid(65534); os.setuid(65534)\n'
                   'try:\n'
                   '    files.check_writable([sys.argv[1]])\n'
                   'except errors.NotWritable as error:\n'
                   '    print(error.problem)\n')
        output = subprocess.check_output(
            [sys.executable, '-c', program, os.path.join(root, 'a', 'b.py')],
            env=dict(os.environ, PYTHONPATH=':'.join(sys.path)))
        self.assertEqual('this user may not write in %s\n' % root,
                         output.decode('utf-8'))
