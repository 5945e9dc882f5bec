# SPDX-License-Identifier: Apache-2.0

"""Volumes and snapshots: every call, every errno."""

import ctypes
import errno
import unittest

import cases
import ovs
from cases import O_RDONLY

LARGEST = 64 << 40
INVALID_NAMES = (None, b'', b'x' * 255)


class VolumeTest(cases.EngineCase):

    def test_create(self):
        lib = self.lib
        name = self.volume(1 << 20)
        self.assertEqual(1 << 20, self.size_of(name))
        self.assertFails(errno.EEXIST,
                         lib.ovs_create_volume(self.ctx, name, 1 << 20))
        self.assertFails(errno.EINVAL,
                         lib.ovs_create_volume(None, b'null', 4096))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL,
                             lib.ovs_create_volume(self.ctx, invalid, 4096))
        self.assertWorks(lib.ovs_create_volume(self.ctx, b'n' * 254, 4096))

    def test_sizes_are_rounded_up(self):
        for size, rounded in ((0, 0), (1, 4096), (4096, 4096), (4097, 8192),
                              (LARGEST - 1, LARGEST)):
            with self.subTest(size=size):
                self.assertEqual(rounded, self.size_of(self.volume(size)))

    def test_sizes_that_are_too_large(self):
        for size in (LARGEST + 1, 2 ** 63, 2 ** 64 - 1):
            with self.subTest(size=size):
                self.assertFails(errno.EFBIG, self.lib.ovs_create_volume(
                    self.ctx, b'large', size))

    def test_remove(self):
        lib = self.lib
        name = self.volume()
        self.assertWorks(lib.ovs_remove_volume(self.ctx, name))
        self.assertFails(errno.ENOENT, lib.ovs_remove_volume(self.ctx, name))
        self.assertFails(errno.EINVAL, lib.ovs_remove_volume(None, name))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL,
                             lib.ovs_remove_volume(self.ctx, invalid))

    def test_truncate(self):
        lib = self.lib
        name = self.volume(8192)
        self.assertWorks(lib.ovs_truncate_volume(self.ctx, name, 8193))
        self.assertEqual(12288, self.size_of(name))
        self.assertWorks(lib.ovs_truncate_volume(self.ctx, name, 12288))
        self.assertFails(errno.EPERM,
                         lib.ovs_truncate_volume(self.ctx, name, 8192))
        self.assertFails(errno.EFBIG, lib.ovs_truncate_volume(
            self.ctx, name, LARGEST + 1))
        self.assertFails(errno.ENOENT,
                         lib.ovs_truncate_volume(self.ctx, b'none', 8192))
        self.assertFails(errno.EINVAL,
                         lib.ovs_truncate_volume(None, name, 8192))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL, lib.ovs_truncate_volume(
                self.ctx, invalid, 8192))
        self.assertEqual(12288, self.size_of(name))


class ListTest(cases.EngineCase):

    def list(self, room):
        names = ctypes.create_string_buffer(b'\xee' * max(room, 1),
                                            max(room, 1))
        size = ctypes.c_size_t(room)
        result = self.lib.ovs_list_volumes(self.ctx, names,
                                           ctypes.byref(size))
        return result, names.raw, size.value

    def test_list(self):
        self.assertEqual(0, self.list(0)[0])
        wanted = sorted(b'list-%04d' % i for i in range(1100))
        for name in wanted:
            self.assertWorks(
                self.lib.ovs_create_volume(self.ctx, name, 4096))
        needed = sum(len(name) + 1 for name in wanted)
        for room in (0, 1, needed - 1):
            result, _, size = self.list(room)
            self.assertFails(errno.ERANGE, result)
            self.assertEqual(needed, size)
        for room in (needed, needed + 100):
            result, names, size = self.list(room)
            self.assertEqual(needed, result)
            self.assertEqual(wanted, names[:needed - 1].split(b'\0'))
            self.assertEqual(b'\xee' * (room - needed), names[needed:])
        size = ctypes.c_size_t(needed)
        self.assertFails(errno.EINVAL, self.lib.ovs_list_volumes(
            self.ctx, None, ctypes.byref(size)))
        size = ctypes.c_size_t(0)
        self.assertFails(errno.ERANGE, self.lib.ovs_list_volumes(
            self.ctx, None, ctypes.byref(size)))

    def test_invalid(self):
        names, size = ctypes.create_string_buffer(9), ctypes.c_size_t(9)
        self.assertFails(errno.EINVAL, self.lib.ovs_list_volumes(
            None, names, ctypes.byref(size)))
        self.assertFails(errno.EINVAL,
                         self.lib.ovs_list_volumes(self.ctx, names, None))


class SnapshotTest(cases.EngineCase):

    def list(self, volume, room):
        """Result, *max afterwards and the entries up to the sentinel."""
        entries = (ovs.SnapshotInfo * max(room, 1))()
        entries[max(room, 1) - 1].size = 77
        most = ctypes.c_int(room)
        result = self.lib.ovs_snapshot_list(self.ctx, volume, entries,
                                            ctypes.byref(most))
        seen = ctypes.get_errno()
        found = [(e.name, e.size) for e in entries[:result + 1]]
        if result >= 0:
            self.lib.ovs_snapshot_list_free(entries)
            self.assertIsNone(entries[0].name)
        ctypes.set_errno(seen)
        return result, most.value, found

    def names(self, volume):
        return [name for name, _ in self.list(volume, 64)[2][:-1]]

    def test_create(self):
        lib = self.lib
        volume = self.volume()
        for timeout in (30, 0):
            name = b'timeout-%d' % timeout
            self.assertWorks(lib.ovs_snapshot_create(self.ctx, volume, name,
                                                     timeout))
            self.assertEqual(1, lib.ovs_snapshot_is_synced(
                self.ctx, volume, name))
        self.assertFails(errno.EEXIST, lib.ovs_snapshot_create(
            self.ctx, volume, b'timeout-0', 30))
        self.assertFails(errno.ENOENT, lib.ovs_snapshot_create(
            self.ctx, b'none', b's', 30))
        self.assertFails(errno.EINVAL, lib.ovs_snapshot_create(
            None, volume, b's', 30))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_create(
                self.ctx, invalid, b's', 30))
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_create(
                self.ctx, volume, invalid, 30))
        self.assertEqual([b'timeout-30', b'timeout-0'], self.names(volume))

    def test_create_without_waiting(self):
        lib = self.lib
        volume = self.volume()
        self.assertWorks(lib.ovs_snapshot_create(self.ctx, volume, b's1', -1))
        self.assertIn(lib.ovs_snapshot_is_synced(self.ctx, volume, b's1'),
                      (0, 1))
        cases.wait_until(lambda: lib.ovs_snapshot_is_synced(
            self.ctx, volume, b's1') == 1, 'the snapshot is synced')

    def test_is_synced(self):
        lib = self.lib
        volume = self.volume()
        self.assertFails(errno.ENOENT, lib.ovs_snapshot_is_synced(
            self.ctx, volume, b'none'))
        self.assertFails(errno.ENOENT, lib.ovs_snapshot_is_synced(
            self.ctx, b'none', b's'))
        self.assertFails(errno.EINVAL, lib.ovs_snapshot_is_synced(
            None, volume, b's'))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_is_synced(
                self.ctx, invalid, b's'))
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_is_synced(
                self.ctx, volume, invalid))

    def test_list(self):
        volume = self.volume(8192)
        self.assertEqual((0, 1, [(None, 0)]), self.list(volume, 1))
        for name in (b'b', b'a', b'c'):
            self.snapshot(volume, name)
        self.lib.ovs_truncate_volume(self.ctx, volume, 12288)
        wanted = [(b'b', 12288), (b'a', 12288), (b'c', 12288), (None, 0)]
        for room in (4, 5, 100):
            self.assertEqual((3, room, wanted), self.list(volume, room))
        for room in (-1, 0, 1, 3):
            result, most, _ = self.list(volume, room)
            self.assertFails(errno.ERANGE, result)
            self.assertEqual(4, most)

    def test_list_invalid(self):
        lib = self.lib
        volume = self.volume()
        entries, most = (ovs.SnapshotInfo * 4)(), ctypes.c_int(4)
        self.assertFails(errno.ENOENT, lib.ovs_snapshot_list(
            self.ctx, b'none', entries, ctypes.byref(most)))
        self.assertFails(errno.EINVAL, lib.ovs_snapshot_list(
            None, volume, entries, ctypes.byref(most)))
        self.assertFails(errno.EINVAL, lib.ovs_snapshot_list(
            self.ctx, volume, entries, None))
        self.assertFails(errno.EINVAL, lib.ovs_snapshot_list(
            self.ctx, volume, None, ctypes.byref(most)))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_list(
                self.ctx, invalid, entries, ctypes.byref(most)))
        lib.ovs_snapshot_list_free(None)

    def test_remove(self):
        lib = self.lib
        volume = self.volume()
        self.snapshot(volume, b's1')
        self.snapshot(volume, b's2')
        self.assertWorks(lib.ovs_snapshot_remove(self.ctx, volume, b's1'))
        self.assertEqual([b's2'], self.names(volume))
        self.assertFails(errno.ENOENT, lib.ovs_snapshot_remove(
            self.ctx, volume, b's1'))
        self.assertFails(errno.ENOENT, lib.ovs_snapshot_remove(
            self.ctx, b'none', b's2'))
        self.assertFails(errno.EINVAL, lib.ovs_snapshot_remove(
            None, volume, b's2'))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_remove(
                self.ctx, invalid, b's2'))
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_remove(
                self.ctx, volume, invalid))

    def test_rollback(self):
        lib = self.lib
        volume = self.volume()
        context = self.opened(volume)
        for name in (b's1', b's2', b's3'):
            self.write(context, name)
            self.snapshot(volume, name)
        self.write(context, b'xx')
        self.assertWorks(lib.ovs_snapshot_rollback(self.ctx, volume, b's2'))
        self.assertEqual([b's1', b's2'], self.names(volume))
        self.assertEqual(b's2', self.read(context, 2))
        self.assertEqual(b's2', self.read(self.opened(volume, O_RDONLY), 2))

    def test_rollback_invalid(self):
        lib = self.lib
        volume = self.volume()
        self.assertFails(errno.ENOENT, lib.ovs_snapshot_rollback(
            self.ctx, b'none', b's'))
        self.assertFails(errno.EIO, lib.ovs_snapshot_rollback(
            self.ctx, volume, b'none'))
        self.assertFails(errno.EINVAL, lib.ovs_snapshot_rollback(
            None, volume, b's'))
        for invalid in INVALID_NAMES:
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_rollback(
                self.ctx, invalid, b's'))
            self.assertFails(errno.EINVAL, lib.ovs_snapshot_rollback(
                self.ctx, volume, invalid))

    def test_clones_hold_what_they_stand_on(self):
        lib = self.lib
        volume = self.volume()
        self.snapshot(volume, b's1')
        self.snapshot(volume, b's2')
        # The library has no call for it.
        with self.engine.options() as options:
            options.clone(volume.decode(), 's2',
                          'clone-of-' + volume.decode())
        self.assertFails(errno.ENOTEMPTY, lib.ovs_snapshot_remove(
            self.ctx, volume, b's2'))
        self.assertFails(errno.ENOTEMPTY, lib.ovs_snapshot_rollback(
            self.ctx, volume, b's1'))
        self.assertFails(errno.ENOTEMPTY, lib.ovs_remove_volume(
            self.ctx, volume))
        self.assertWorks(lib.ovs_snapshot_rollback(self.ctx, volume, b's2'))
        self.assertWorks(lib.ovs_snapshot_remove(self.ctx, volume, b's1'))
        self.assertEqual([b's2'], self.names(volume))
        self.assertWorks(lib.ovs_remove_volume(self.ctx,
                                               b'clone-of-' + volume))
        self.assertWorks(lib.ovs_snapshot_remove(self.ctx, volume, b's2'))


if __name__ == '__main__':
    unittest.main()
