# SPDX-License-Identifier: Apache-2.0

import os
import struct
import tempfile
import unittest
from unittest import mock

from ovs_testbed.guest import image


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
