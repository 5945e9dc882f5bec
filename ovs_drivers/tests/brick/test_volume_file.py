# SPDX-License-Identifier: Apache-2.0

import io
import unittest

from ovs_drivers.brick import volume_file
from ovs_drivers import edge
from ovs_drivers import location
from ovs_drivers.tests.fakes import fixture

MIB = 1 << 20


class VolumeFileTestCase(unittest.TestCase):

    def setUp(self):
        super(VolumeFileTestCase, self).setUp()
        self.fake = fixture.FakeVPool()
        self.fake.setUp()
        self.addCleanup(self.fake.cleanUp)
        self.fake.vpool.create('v', 3 * MIB)
        self.file = self.open('v')

    def open(self, name):
        opened = volume_file.VolumeFile(location.Location(
            'tcp', '127.0.0.1', self.fake.edge.port, name))
        self.addCleanup(opened.close)
        return opened

    def test_what_is_written_is_read(self):
        data = b''.join(b'%07d\n' % n for n in range(2 * MIB // 8))
        self.file.seek(MIB // 2)
        self.assertEqual(len(data), self.file.write(data))
        self.file.flush()
        self.assertEqual(data, self.fake.vpool.read('v', MIB // 2, len(data)))
        self.assertEqual(MIB // 2 + len(data), self.file.tell())
        self.file.seek(MIB // 2)
        self.assertEqual(data, self.file.read(len(data)))

    def test_the_end(self):
        self.assertEqual(3 * MIB - 2, self.file.seek(-2, io.SEEK_END))
        self.assertEqual(b'\0\0', self.file.read(MIB))
        self.assertEqual(b'', self.file.read(MIB))
        self.assertRaises(edge.TooLarge, self.file.write, b'x')
        self.file.seek(-1, io.SEEK_CUR)
        self.assertRaises(edge.TooLarge, self.file.write, b'xy')

    def test_positions_that_do_not_exist(self):
        self.assertRaises(ValueError, self.file.seek, -1)
        self.assertRaises(ValueError, self.file.seek, 0, 7)

    def test_zeros_over_zeros_are_not_written(self):
        self.fake.vpool.write('v', MIB, b'data')
        self.assertEqual(MIB, self.file.write(bytearray(MIB)))
        self.assertNotIn(('edge', 'write'), self.fake.vpool.calls)
        # where there was something, they are
        self.file.write(bytearray(MIB))
        self.assertIn(('edge', 'write'), self.fake.vpool.calls)

    def test_zeros_over_data(self):
        self.fake.vpool.write('v', 5, b'data')
        self.file.write(b'\0' * 4096)
        self.assertEqual(b'\0' * 4096, self.fake.vpool.read('v', 0, 4096))

    def test_zeros_past_the_end(self):
        self.file.seek(0, io.SEEK_END)
        self.assertRaises(edge.TooLarge, self.file.write, b'\0')

    def test_it_has_no_file_descriptor(self):
        # Cinder's backup does without fsync then.
        self.assertRaises(IOError, self.file.fileno)

    def test_closed_means_closed(self):
        self.file.read(1)
        self.file.close()
        self.file.close()
        self.assertRaises(ValueError, self.file.read, 1)

    def test_a_missing_volume_is_found_missing_when_used(self):
        missing = self.open('w')
        self.assertEqual('w', location.parse(str(missing)).name)
        self.assertRaises(edge.NotFound, missing.read, 1)
