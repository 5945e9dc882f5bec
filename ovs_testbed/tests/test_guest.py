# SPDX-License-Identifier: Apache-2.0

import os
import stat
import struct
import subprocess
import tempfile
import unittest
from unittest import mock

from harness import files
from harness import run
from harness.guest import debian
from harness.tests import support
from ovs_testbed.guest import image
from ovs_testbed.guest import rootfs


class DiskTestCase(unittest.TestCase):

    def test_partitions(self):
        with tempfile.TemporaryDirectory() as folder:
            names = {}
            for name, size in (('boot', 3 << 20), ('root', 2 << 20)):
                names[name] = os.path.join(folder, name)
                with open(names[name], 'wb') as stream:
                    stream.write(name.encode().ljust(size, b'.'))
            code = os.path.join(folder, 'mbr')
            with open(code, 'wb') as stream:
                stream.write(b'code')
            disk = os.path.join(folder, 'disk')
            with mock.patch.object(image, '_MBR', code):
                image._join(disk, names['boot'], names['root'])
            with open(disk, 'rb') as stream:
                data = stream.read()
        self.assertEqual(b'code', data[:4])
        self.assertEqual(b'\x55\xaa', data[510:512])
        first, second = (struct.unpack('<B3xB3xII', data[at:at + 16])
                         for at in (446, 462))
        self.assertEqual((0x80, 0x0e, 2048, 6144), first)
        self.assertEqual((0, 0x83, 8192, 4096), second)
        self.assertEqual(b'boot', data[2048 * 512:][:4])
        self.assertEqual(b'root', data[8192 * 512:][:4])
        self.assertEqual(6 << 20, len(data))

    def test_key_changes_with_every_file(self):
        before = image._key()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'x')
            keys = []
            with mock.patch.object(image, '_HERE', folder):
                for text in 'a', 'b':
                    with open(path, 'w') as stream:
                        stream.write(text)
                    keys.append(image._key())
        self.assertEqual(2, len(set(keys)))
        self.assertEqual(before, image._key())


class TreeTestCase(support.FolderTestCase):
    """The root file system, of packages that have next to nothing"""

    def setUp(self):
        super().setUp()
        self.parts = debian.Parts(self.path('packages'))
        self.put('bin/busybox', '#!/bin/sh\necho init\necho ls\necho lsblk\n')
        for library in 'libnss_files.so.2', 'libnss_dns.so.2':
            self.put('lib/x86_64-linux-gnu/' + library, library)
        for name in 'modules.order', 'modules.builtin':
            self.put('lib/modules/6.1/' + name, '')
        self.put('lib/modules/6.1/kernel/a.ko', 'module')
        self.commands = []
        for owner, name, value in (
                (rootfs, '_MODULES', ('a',)),
                (debian.Parts, 'program', self.program),
                (run, 'run', lambda words, log: self.commands.append(words)),
                (run, 'output', lambda words: subprocess.check_output(
                    words, text=True))):
            patched = mock.patch.object(owner, name, value)
            patched.start()
            self.addCleanup(patched.stop)
        self.tree = self.path('tree')
        rootfs.make_tree(self.tree, self.parts, 'log')

    def put(self, name, text):
        path = os.path.join(self.path('packages'), name)
        files.write(path, text, 0o755)
        return path

    def program(self, name):
        return {name: self.put('program', name),
                'lib/libc.so.6': self.put('libc', 'libc')}

    def read(self, name):
        with open(os.path.join(self.tree, name)) as stream:
            return stream.read()

    def test_programs_with_their_libraries(self):
        self.assertEqual('usr/sbin/dropbear', self.read('usr/sbin/dropbear'))
        self.assertEqual('libc', self.read('lib/libc.so.6'))
        self.assertEqual('libnss_dns.so.2', self.read('lib/libnss_dns.so.2'))

    def test_busybox_does_what_no_program_does(self):
        for name in 'bin/ls', 'sbin/init':
            self.assertEqual('/bin/busybox', os.readlink(
                os.path.join(self.tree, name)))
        self.assertEqual('bin/lsblk', self.read('bin/lsblk'))

    def test_modules_can_be_found_by_modprobe(self):
        self.assertEqual('module', self.read('lib/modules/6.1/kernel/a.ko'))
        self.assertEqual([['depmod', '--basedir', self.tree, '6.1']],
                         self.commands)

    def test_passwords_are_roots(self):
        shadow = os.stat(os.path.join(self.tree, 'etc', 'shadow'))
        self.assertEqual(0o600, stat.S_IMODE(shadow.st_mode))
