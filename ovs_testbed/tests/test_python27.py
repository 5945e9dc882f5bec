# SPDX-License-Identifier: Apache-2.0

"""A Python 2.7 from a small archive of the test's own, and a real one."""

import contextlib
import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

from harness import errors
from harness.tests import support
from ovs_testbed import debian_archive
from ovs_testbed import python27

_NAME, _VERSION = 'python2.7', '2.7.18-8+test'
_BUILD_INFORMATION = "{'INCLUDEPY': '/usr/include/python2.7', %s}"
_LIBDIR = "'LIBDIR': '/usr/lib%s'"
_HELLO = '''
#include <Python.h>
static PyMethodDef methods[] = {{NULL}};
PyMODINIT_FUNC inithello(void)
{
    PyModule_AddStringConstant(
        Py_InitModule("hello", methods), "word", "hello");
}
'''
_SETUP = '''
from distutils.core import Extension, setup
setup(name='hello', ext_modules=[Extension('hello', ['hello.c'])])
'''


class Archive:
    """An archive with one package, which stands for all of Python 2.7."""

    def __init__(self, folder):
        self.folder = folder
        self.keyring = os.path.join(folder, 'keyring.gpg')
        self._secrets = os.path.join(folder, 'gnupg')
        os.mkdir(self._secrets, mode=0o700)
        self._suite = os.path.join(folder, 'dists', 'bullseye')
        self._index = os.path.join(self._suite, 'main', 'binary-amd64')
        os.makedirs(self._index)
        self.package = os.path.join(folder, '%s_%s_amd64.deb'
                                    % (_NAME, _VERSION))
        self._build(os.path.join(folder, 'build'))
        self._write_index()
        self._gpg('--passphrase', '', '--quick-generate-key', 'archive',
                  'ed25519', 'sign')
        self.sign()
        self._gpg('--output', self.keyring, '--export', 'archive')

    def _build(self, root):
        def write(name, text, mode=0o644):
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w') as stream:
                stream.write(text)
            os.chmod(path, mode)
        write('DEBIAN/control',
              'Package: %s\nVersion: %s\nArchitecture: amd64\n'
              'Maintainer: test <test@localhost>\nDescription: test\n'
              % (_NAME, _VERSION))
        write('usr/bin/python2.7', '#!/bin/sh\nexit 0\n', 0o755)
        write('usr/lib/python2.7/sitecustomize.py', '')
        write('usr/lib/python2.7/plat-x86_64-linux-gnu/_sysconfigdata_nd.py',
              _BUILD_INFORMATION % _LIBDIR % '')
        write('usr/include/python2.7/pyconfig.h', 'for all\n')
        write('usr/include/x86_64-linux-gnu/python2.7/pyconfig.h', 'for one\n')
        for name in python27._LINKED:
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy('/bin/true', path)
        subprocess.run(['dpkg-deb', '--build', '--root-owner-group', root,
                        self.package], check=True, capture_output=True)

    def _write_index(self):
        with open(self.package, 'rb') as stream:
            package = stream.read()
        self.sha256 = hashlib.sha256(package).hexdigest()
        index = ('Package: %s\nVersion: %s\nArchitecture: amd64\n'
                 'Filename: %s\nSize: %d\nSHA256: %s\n' % (
                     _NAME, _VERSION, os.path.basename(self.package),
                     len(package), self.sha256)).encode()
        with open(os.path.join(self._index, 'Packages'), 'wb') as stream:
            stream.write(index)
        with open(os.path.join(self._suite, 'Release'), 'w') as stream:
            stream.write(
                'Suite: oldoldstable\nCodename: bullseye\n'
                'Architectures: amd64\nComponents: main\n'
                'Date: Sat, 09 Aug 2025 09:00:00 UTC\nSHA256:\n'
                ' %s %d main/binary-amd64/Packages\n' % (
                    hashlib.sha256(index).hexdigest(), len(index)))

    def sign(self):
        self._gpg('--yes', '--clearsign', '--output', self._signed,
                  os.path.join(self._suite, 'Release'))

    @property
    def _signed(self):
        return os.path.join(self._suite, 'InRelease')

    def unsign(self):
        os.unlink(self._signed)

    def change_what_is_signed(self):
        with open(self._signed) as stream:
            text = stream.read()
        with open(self._signed, 'w') as stream:
            stream.write(text.replace('2025', '2026'))

    def cut_the_package(self):
        os.truncate(self.package, os.path.getsize(self.package) // 2)

    def remove(self):
        self._run('gpgconf', '--kill', 'all')

    def _gpg(self, *arguments):
        self._run('gpg', '--batch', '--quiet', *arguments)

    def _run(self, *command):
        subprocess.run(command, check=True, capture_output=True,
                       env=dict(os.environ, GNUPGHOME=self._secrets))


class MadeTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.cache = self.path('cache')
        self.archive = Archive(self.folder)
        self.addCleanup(self.archive.remove)
        self.pins = self.path('pins.txt')
        self.pin(self.archive.sha256)
        self.use(debian_archive, '_KEYRINGS', (self.archive.keyring,))
        self.use(debian_archive, 'address',
                 lambda: 'file:' + self.archive.folder)
        self.use(python27, '_PINS', self.pins)
        variables = mock.patch.dict(os.environ, OVS_CACHE=self.cache)
        variables.start()
        self.addCleanup(variables.stop)

    def use(self, module, name, value):
        patched = mock.patch.object(module, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def pin(self, sha256):
        with open(self.pins, 'w') as stream:
            stream.write('# a comment\n%s %s %s\n' % (_NAME, _VERSION, sha256))

    def left(self):
        """The cache's content beside the lock and the log."""
        return sorted(
            os.path.relpath(os.path.join(folder, name), self.cache)
            for folder, _, names in os.walk(self.cache) for name in names
            if name not in ('lock', 'apt.log'))

    def refused(self, expected):
        with self.assertRaisesRegex(errors.Error, expected) as caught:
            python27.made()
        self.assertIn('OVS_PYTHON27', caught.exception.hint)
        self.assertEqual([], self.left())

    def test_made(self):
        path = python27.made()
        place = path[:-len('/usr/bin/python2.7')]
        self.assertEqual(0, subprocess.call([path]))
        self.assertFalse(os.path.exists(
            place + '/usr/lib/python2.7/sitecustomize.py'))
        self.assertEqual(
            (_BUILD_INFORMATION % _LIBDIR % '/x86_64-linux-gnu').replace(
                '/usr', place + '/usr'),
            self.read(place, 'usr/lib/python2.7/plat-x86_64-linux-gnu',
                      '_sysconfigdata_nd.py'))
        self.assertEqual('for one\n', self.read(
            place, 'usr/include/python2.7/pyconfig.h'))
        for name in python27._LINKED:
            found = subprocess.check_output(
                ['patchelf', '--print-rpath', os.path.join(place, name)],
                text=True)
            self.assertIn('$ORIGIN', found)

    def read(self, *names):
        with open(os.path.join(*names)) as stream:
            return stream.read()

    def test_second_run_takes_it_from_the_cache(self):
        first = python27.made()
        shutil.rmtree(self.archive.folder + '/dists')
        self.assertEqual(first, python27.made())

    def test_another_way_to_make_it_needs_no_archive(self):
        first = python27.made()
        shutil.rmtree(self.archive.folder + '/dists')
        self.use(python27, '_FORMAT', 'another')
        self.assertNotEqual(first, python27.made())

    def test_package_that_changed_in_the_cache(self):
        python27.made()
        package, = [name for name in self.left() if name.endswith('.deb')]
        os.truncate(os.path.join(self.cache, package), 10)
        self.use(python27, '_FORMAT', 'another')
        python27.made()
        self.assertTrue(debian_archive.has_digest(
            os.path.join(self.cache, package), self.archive.sha256))

    def test_unsigned(self):
        self.archive.unsign()
        self.refused('is not signed')

    def test_changed_after_it_was_signed(self):
        self.archive.change_what_is_signed()
        self.refused('invalid: BADSIG|not signed|InRelease')

    def test_signed_with_another_key(self):
        other = tempfile.TemporaryDirectory()
        self.addCleanup(other.cleanup)
        archive = Archive(other.name)
        self.addCleanup(archive.remove)
        self.use(debian_archive, '_KEYRINGS', (archive.keyring,))
        self.refused('not signed|public key is not available')

    def test_wrong_sha256(self):
        self.pin('0' * 64)
        self.refused('python2.7 2.7.18-8.test is not the file that is pinned')

    def test_version_that_is_gone(self):
        with open(self.pins, 'w') as stream:
            stream.write('python2.7 2.7.18-9 ' + self.archive.sha256)
        self.refused("Version '2.7.18-9' for 'python2.7' was not found")

    def test_cut_download(self):
        self.archive.cut_the_package()
        self.refused('size|[Hh]ash')

    def test_archive_that_does_not_answer(self):
        self.use(debian_archive, 'address', lambda: 'http://127.0.0.1:9/')
        self.refused('cannot be fetched')

    def test_other_processors(self):
        with mock.patch('platform.machine', return_value='aarch64'):
            self.refused('x86_64 only')

    def test_interrupted(self):
        """Ctrl-C while a package is on its way"""
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), self.interrupting_handler())
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.addCleanup(server.server_close)
        self.use(debian_archive, 'address',
                 lambda: 'http://127.0.0.1:%d/' % server.server_port)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with self.assertRaises(KeyboardInterrupt):
            python27.made()
        self.assertEqual([], self.left())
        self.assertEqual(['apt.log', 'lock'], sorted(os.listdir(
            os.path.join(self.cache, 'python27'))))

    def interrupting_handler(self):
        """Serve half of the package, then press Ctrl-C."""
        folder = self.archive.folder

        class Handler(http.server.SimpleHTTPRequestHandler):

            def __init__(self, *arguments):
                super().__init__(*arguments, directory=folder)

            def copyfile(self, source, outputfile):
                if not source.name.endswith('.deb'):
                    super().copyfile(source, outputfile)
                    return
                outputfile.write(source.read(100))
                outputfile.flush()
                os.kill(os.getpid(), signal.SIGINT)
                # until apt is gone
                with contextlib.suppress(ConnectionResetError):
                    self.connection.recv(1)

            def log_message(self, *_arguments):
                pass
        return Handler

    def test_what_a_killed_run_has_left_goes(self):
        left = os.path.join(self.cache, 'python27', 'draft-x')
        os.makedirs(left)
        python27.made()
        self.assertFalse(os.path.exists(left))


class ChoiceTestCase(support.FolderTestCase):
    """The user's own ones go before one that is made"""

    def setUp(self):
        super().setUp()
        variables = mock.patch.dict(os.environ, {
            'PATH': self.folder + '/bin:/usr/bin:/bin',
            'PYENV_ROOT': self.folder + '/pyenv', 'OVS_PYTHON27': ''})
        variables.start()
        self.addCleanup(variables.stop)
        made = mock.patch.object(python27, 'made', return_value='made')
        made.start()
        self.addCleanup(made.stop)

    def put(self, folder, status=0):
        """Write a program that is one, or is none."""
        path = os.path.join(self.folder, folder, 'python2.7')
        os.makedirs(os.path.dirname(path))
        with open(path, 'w') as stream:
            stream.write('#!/bin/sh\nexit %d\n' % status)
        os.chmod(path, 0o755)
        return path

    def test_none(self):
        self.assertEqual('made', python27.get())

    def test_those_that_do_not_work(self):
        self.put('bin', 1)
        self.put('pyenv/versions/2.7.18/bin', 1)
        self.assertEqual('made', python27.get())

    def test_pyenv(self):
        self.put('bin', 1)
        found = self.put('pyenv/versions/2.7.18/bin')
        self.assertEqual(found, python27.get())

    def test_path_goes_before_pyenv(self):
        self.put('pyenv/versions/2.7.18/bin')
        found = self.put('bin')
        self.assertEqual(found, python27.get())

    def test_chosen(self):
        self.put('bin')
        os.environ['OVS_PYTHON27'] = chosen = self.put('elsewhere')
        self.assertEqual(chosen, python27.get())

    def test_chosen_that_does_not_work(self):
        self.put('bin')
        for path in self.folder + '/missing', sys.executable:
            os.environ['OVS_PYTHON27'] = path
            with self.assertRaisesRegex(errors.Error, path):
                python27.get()


class RealTestCase(unittest.TestCase):
    """The one that is made of Debian's packages"""

    def test_c_extension(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in (('hello.c', _HELLO), ('setup.py', _SETUP)):
            with open(os.path.join(folder.name, name), 'w') as stream:
                stream.write(text)
        path = python27.made()
        self.assertTrue(python27._works(path))
        for arguments in (['setup.py', '-q', 'build_ext', '--inplace'],
                          ['-c', 'import hello, sys; '
                           'sys.exit(hello.word != "hello")']):
            done = subprocess.run([path] + arguments, cwd=folder.name,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            self.assertEqual(0, done.returncode, done.stdout)
