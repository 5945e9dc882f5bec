# SPDX-License-Identifier: Apache-2.0

"""Reads, writes, flush, stat and truncate that wait."""

import ctypes
import errno
import threading
import unittest

import cases
from cases import O_RDONLY

SIZE = 1 << 20


class IoTest(cases.EngineCase):

    def setUp(self):
        super().setUp()
        self.name = self.volume(SIZE)
        self.io = self.opened(self.name)

    def test_what_is_written_is_read(self):
        for length, offset in ((1, 0), (511, 1), (512, 512), (4096, 4095),
                               (65536, 65537), (SIZE, 0), (3, SIZE - 3)):
            with self.subTest(length=length, offset=offset):
                data = bytes(i * 7 % 251 for i in range(length))
                self.assertEqual(length, self.write(self.io, data, offset))
                self.assertEqual(data, self.read(self.io, length, offset))

    def test_a_new_volume_reads_zeros(self):
        self.assertEqual(bytes(SIZE), self.read(self.io, SIZE))

    def test_reads_are_clipped_at_the_end(self):
        self.write(self.io, b'end', SIZE - 3)
        for length, offset, data in ((10, SIZE - 3, b'end'),
                                     (2 * SIZE, SIZE - 1, b'd'),
                                     (1, SIZE, b''), (10, SIZE + 1, b''),
                                     (10, 2 ** 62, b'')):
            with self.subTest(length=length, offset=offset):
                self.assertEqual(data, self.read(self.io, length, offset))

    def test_writes_past_the_end_write_nothing(self):
        for length, offset in ((4, SIZE - 3), (1, SIZE), (1, 2 ** 62),
                               (SIZE + 1, 0)):
            with self.subTest(length=length, offset=offset):
                self.assertFails(errno.EFBIG,
                                 self.write(self.io, b'x' * length, offset))
        self.assertEqual(bytes(SIZE), self.read(self.io, 2 * SIZE))

    def test_invalid(self):
        memory = ctypes.create_string_buffer(8)
        for call in (self.lib.ovs_read, self.lib.ovs_write):
            for arguments in ((None, memory, 8, 0), (self.io, None, 8, 0),
                              (self.io, memory, 0, 0),
                              (self.io, memory, 8, -1),
                              (self.io, memory, 2 ** 63, 0)):
                self.assertFails(errno.EINVAL, call(*arguments))
        self.assertFails(errno.EINVAL, self.lib.ovs_flush(None))

    def test_requests_longer_than_the_server_takes(self):
        """The engine takes 32 MiB; the library sends pieces."""
        length = (80 << 20) + 512
        size = length + 7680
        context = self.opened(self.volume(size))
        data = bytes(range(256)) * (length // 256)
        self.assertEqual(length, self.write(context, data, 100))
        self.assertTrue(data == self.read(context, length, 100))
        self.assertEqual(size - 8192,
                         len(self.read(context, length, 8192)))
        other = b'\xff' * length
        self.assertFails(errno.EFBIG, self.write(context, other, 8192))
        self.assertTrue(data == self.read(context, length, 100))

    def test_flush(self):
        self.assertWorks(self.lib.ovs_flush(self.io))
        self.write(self.io, b'x')
        self.assertWorks(self.lib.ovs_flush(self.io))

    def test_stat(self):
        stat = self.stat(self.io)
        self.assertEqual((512, SIZE), (stat.st_blksize, stat.st_size))
        self.assertFails(errno.EINVAL, self.lib.ovs_stat(
            None, ctypes.byref(stat)))
        self.assertFails(errno.EINVAL, self.lib.ovs_stat(self.io, None))

    def test_truncate(self):
        lib = self.lib
        self.assertWorks(lib.ovs_truncate(self.io, SIZE + 1))
        self.assertEqual(SIZE + 4096, self.stat(self.io).st_size)
        self.assertEqual(4, self.write(self.io, b'tail', SIZE + 4092))
        self.assertEqual(bytes(4092) + b'tail',
                         self.read(self.io, SIZE, SIZE))
        self.assertFails(errno.EPERM, lib.ovs_truncate(self.io, SIZE))
        self.assertFails(errno.EFBIG, lib.ovs_truncate(self.io, 2 ** 63))
        self.assertFails(errno.EINVAL, lib.ovs_truncate(None, SIZE))

    def test_growth_by_another_client_is_seen_at_once(self):
        reader = self.opened(self.name, O_RDONLY)
        writer = self.opened(self.name)
        for step in range(1, 4):
            size = SIZE + step * 4096
            self.assertWorks(self.lib.ovs_truncate_volume(
                self.ctx, self.name, size))
            self.assertEqual(4, self.write(writer, b'grow', size - 4))
            self.assertEqual(b'grow', self.read(reader, 100, size - 4))
            self.assertEqual(size, self.stat(reader).st_size)

    def test_threads_share_a_context(self):
        def work(number):
            offset = number * 65536
            for turn in range(50):
                data = bytes([number, turn]) * 2048
                self.assertEqual(4096, self.write(self.io, data, offset))
                self.assertEqual(data, self.read(self.io, 4096, offset))
            done.append(number)
        done = []
        threads = [threading.Thread(target=work, args=(number,))
                   for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(cases.PATIENCE)
        self.assertEqual(list(range(8)), sorted(done))


if __name__ == '__main__':
    unittest.main()
