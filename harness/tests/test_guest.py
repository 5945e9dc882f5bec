# SPDX-License-Identifier: Apache-2.0

import gzip
import lzma
import os
import tempfile
import unittest

from harness import errors
from harness import files
from harness.guest import cpio
from harness.guest import debian
from harness.tests import support


def _entries(content):
    """Read an archive as the kernel does."""
    found, at = [], 0
    while at < len(content):
        magic, numbers = content[at:at + 6], [
            int(content[at + 6 + 8 * i:at + 14 + 8 * i], 16)
            for i in range(13)]
        mode, size, length = numbers[1], numbers[6], numbers[11]
        at += 110
        name = content[at:at + length - 1].decode()
        at = -(-(at + length) // 4) * 4
        found.append((magic, name, mode, content[at:at + size],
                      tuple(numbers[9:11])))
        at = -(-(at + size) // 4) * 4
    return found


class ArchiveTestCase(unittest.TestCase):

    def test_it_has_what_was_put_in(self):
        archive = cpio.Archive()
        archive.add_folder('bin')
        archive.add_file('bin/odd', b'abc', 0o755)
        archive.add_character_device('console', 5, 1)
        content = archive.content()
        self.assertEqual(0, len(content) % 4)
        self.assertEqual([
            (b'070701', 'bin', 0o040755, b'', (0, 0)),
            (b'070701', 'bin/odd', 0o100755, b'abc', (0, 0)),
            (b'070701', 'console', 0o020600, b'', (5, 1)),
            (b'070701', 'TRAILER!!!', 0, b'', (0, 0))], _entries(content))


class PartsTestCase(support.FolderTestCase):

    MODULES = 'lib/modules/6.1'

    def setUp(self):
        super().setUp()
        self.parts = debian.Parts(self.folder)
        self.put('boot/vmlinuz-6.1', b'kernel')
        self.put('usr/bin/busybox', b'busybox')
        self.put(self.MODULES + '/modules.builtin', b'kernel/fs/ext4.ko\n')
        self.put(self.MODULES + '/kernel/ring.ko', b'ELF\0depends=\0end')
        self.put(self.MODULES + '/kernel/virtio.ko.xz',
                 lzma.compress(b'ELF\0depends=ring\0'))
        self.put(self.MODULES + '/kernel/virtio-blk.ko',
                 b'ELF\0depends=virtio,ring\0name=virtio_blk\0')

    def put(self, name, content):
        path = os.path.join(self.parts.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with files.draft(path) as stream:
            stream.write(content)
        return path

    def test_files_are_found_in_usr_too(self):
        self.assertEqual(os.path.join(self.parts.folder, 'usr/bin/busybox'),
                         self.parts.path('bin/busybox'))
        with self.assertRaisesRegex(errors.Error, 'guest has bin/vi'):
            self.parts.path('bin/vi')

    def test_modules_come_after_those_that_they_need(self):
        found = self.parts.modules(['virtio_blk', 'ext4', 'ring'])
        self.assertEqual(['kernel/ring.ko', 'kernel/virtio.ko',
                          'kernel/virtio-blk.ko'], list(found))
        self.assertEqual(b'ELF\0depends=ring\0', found['kernel/virtio.ko'])

    def test_a_module_that_is_not_there(self):
        with self.assertRaisesRegex(errors.Error, 'no module nosuch'):
            self.parts.modules(['nosuch'])

    def test_initramfs(self):
        init = self.put('init.sh', b'#!/bin/busybox sh')
        packed = debian.initramfs(self.parts, init, ['virtio-blk'])
        found = {entry[1]: entry[3]
                 for entry in _entries(gzip.decompress(packed))}
        self.assertEqual(b'#!/bin/busybox sh', found['init'])
        self.assertEqual(b'busybox', found['bin/busybox'])
        self.assertEqual(
            ['modules/00-ring.ko', 'modules/01-virtio.ko',
             'modules/02-virtio-blk.ko'],
            [name for name in found if name.startswith('modules/')])


class ProgramTestCase(unittest.TestCase):
    """On this machine's own files: a loader has to run."""

    def test_a_program_has_its_libraries_and_the_loader(self):
        found = debian.Parts('/').program('bin/ls')
        self.assertLessEqual({'bin/ls', 'lib64/ld-linux-x86-64.so.2',
                              'lib/libc.so.6'}, found.keys())
        for path in found.values():
            self.assertTrue(os.path.isfile(path), path)

    def test_a_library_of_the_machine_is_none_of_the_guest(self):
        with tempfile.TemporaryDirectory() as folder:
            home = os.path.join(folder, 'lib', 'x86_64-linux-gnu')
            os.makedirs(home)
            os.makedirs(os.path.join(folder, 'bin'))
            machine = debian.Parts('/')
            os.symlink(machine.library(debian._LOADER),
                       os.path.join(home, debian._LOADER))
            os.symlink('/bin/ls', os.path.join(folder, 'bin', 'ls'))
            with self.assertRaisesRegex(
                    errors.Error, r'guest has lib\S+, which bin/ls needs'):
                debian.Parts(folder).program('bin/ls')
