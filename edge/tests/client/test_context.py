# SPDX-License-Identifier: Apache-2.0

"""ovs_ctx_new, ovs_ctx_init, ovs_ctx_destroy, and buffers."""

import ctypes
import errno
import os
import unittest

import cases
from cases import O_RDONLY, O_RDWR, O_WRONLY


class NewTest(cases.EngineCase):

    def test_null_and_no_transport(self):
        attr = self.lib.ovs_ctx_attr_new()
        self.addCleanup(self.lib.ovs_ctx_attr_destroy, attr)
        self.assertFails(errno.EINVAL, self.lib.ovs_ctx_new(None), None)
        self.assertFails(errno.EINVAL, self.lib.ovs_ctx_new(attr), None)
        self.assertFails(errno.EINVAL, self.lib.ovs_ctx_destroy(None))

    def test_nobody_listens(self):
        attr = self.attributes(port=cases.free_port())
        self.assertFails(errno.ECONNREFUSED, self.lib.ovs_ctx_new(attr),
                         None)

    def test_every_address_of_the_host_is_tried(self):
        """The engine listens on 127.0.0.1; localhost may be ::1 first."""
        self.host = b'localhost'
        self.context()

    def test_rdma_is_not_there(self):
        attr = self.attributes(transport=b'rdma')
        self.assertFails(errno.EIO, self.lib.ovs_ctx_new(attr), None)

    def test_shared_memory_is_not_there(self):
        context = self.context(transport=b'shm')
        self.assertFails(errno.EACCES,
                         self.lib.ovs_ctx_init(context, b'v', O_RDWR))
        self.assertFails(errno.EIO,
                         self.lib.ovs_create_volume(context, b'v', 4096))

    def test_attributes_may_go_before_the_context(self):
        attr = self.lib.ovs_ctx_attr_new()
        self.lib.ovs_ctx_attr_set_transport(attr, b'tcp', self.host,
                                            self.port)
        context = self.lib.ovs_ctx_new(attr)
        self.assertWorks(self.lib.ovs_ctx_attr_destroy(attr))
        self.assertWorks(self.lib.ovs_ctx_init(context, self.volume(),
                                               O_RDWR))
        self.assertWorks(self.lib.ovs_ctx_destroy(context))


class InitTest(cases.EngineCase):

    def test_null(self):
        self.assertFails(errno.EINVAL,
                         self.lib.ovs_ctx_init(None, b'v', O_RDWR))

    def test_names(self):
        for name in (None, b'', b'x' * 255, b'x' * 4096):
            with self.subTest(name=name and len(name)):
                self.assertFails(errno.EINVAL,
                                 self.lib.ovs_ctx_init(self.ctx, name, O_RDWR))
        self.assertFails(errno.ENOENT,
                         self.lib.ovs_ctx_init(self.ctx, b'x' * 254, O_RDWR))

    def test_flags(self):
        volume = self.volume()
        for flag in (O_RDONLY, O_WRONLY, O_RDWR):
            with self.subTest(flag=flag):
                self.opened(volume, flag)
        for flag in (3, O_RDWR | os.O_CREAT, O_RDWR | os.O_SYNC, -1):
            with self.subTest(flag=flag):
                self.assertFails(errno.EINVAL, self.lib.ovs_ctx_init(
                    self.ctx, volume, flag))

    def test_one_open_per_context(self):
        volume = self.volume()
        context = self.opened(volume)
        self.assertFails(errno.EIO,
                         self.lib.ovs_ctx_init(context, volume, O_RDWR))
        self.assertEqual(1, self.write(context, b'x'))

    def test_a_missing_volume_leaves_the_context_usable(self):
        volume = self.volume()
        self.assertFails(errno.ENOENT,
                         self.lib.ovs_ctx_init(self.ctx, b'none', O_RDWR))
        self.assertWorks(self.lib.ovs_ctx_init(self.ctx, volume, O_RDWR))

    def test_volumes_are_opened_by_many(self):
        volume = self.volume()
        first, second = self.opened(volume), self.opened(volume)
        self.assertEqual(5, self.write(first, b'hello'))
        self.assertEqual(b'hello', self.read(second, 5))

    def test_not_open(self):
        memory = ctypes.create_string_buffer(8)
        request = cases.Request(8)
        stat = cases.ovs.Stat()
        for result in (
                lambda: self.lib.ovs_read(self.ctx, memory, 8, 0),
                lambda: self.lib.ovs_write(self.ctx, memory, 8, 0),
                lambda: self.lib.ovs_flush(self.ctx),
                lambda: self.lib.ovs_stat(self.ctx, ctypes.byref(stat)),
                lambda: self.lib.ovs_truncate(self.ctx, 8192),
                lambda: self.lib.ovs_aio_read(self.ctx, request.pointer),
                lambda: self.lib.ovs_aio_write(self.ctx, request.pointer)):
            self.assertFails(errno.EBADF, result())

    def test_access_modes(self):
        volume = self.volume()
        memory = ctypes.create_string_buffer(8)
        request = cases.Request(8)
        completion = self.completion()
        self.addCleanup(self.lib.ovs_aio_release_completion, completion)
        reader = self.opened(volume, O_RDONLY)
        writer = self.opened(volume, O_WRONLY)
        lib = self.lib
        self.assertEqual(8, lib.ovs_read(reader, memory, 8, 0))
        self.assertFails(errno.EBADF, lib.ovs_write(reader, memory, 8, 0))
        self.assertFails(errno.EBADF, lib.ovs_flush(reader))
        self.assertFails(errno.EBADF, lib.ovs_truncate(reader, 1 << 30))
        self.assertFails(errno.EBADF,
                         lib.ovs_aio_write(reader, request.pointer))
        self.assertFails(errno.EBADF, lib.ovs_aio_writecb(
            reader, request.pointer, completion))
        self.assertFails(errno.EBADF, lib.ovs_aio_flushcb(reader, completion))
        self.assertEqual(8, lib.ovs_write(writer, memory, 8, 0))
        self.assertWorks(lib.ovs_flush(writer))
        self.assertFails(errno.EBADF, lib.ovs_read(writer, memory, 8, 0))
        self.assertFails(errno.EBADF,
                         lib.ovs_aio_read(writer, request.pointer))
        self.assertFails(errno.EBADF, lib.ovs_aio_readcb(
            writer, request.pointer, completion))

    def test_io_on_a_removed_volume(self):
        volume = self.volume()
        context = self.opened(volume)
        self.assertWorks(self.lib.ovs_remove_volume(self.ctx, volume))
        self.assertFails(errno.EIO, self.write(context, b'x'))

    def test_a_forked_child_makes_its_own_context(self):
        volume = self.volume()
        context = self.opened(volume)
        self.assertEqual(6, self.write(context, b'parent'))
        child = os.fork()
        if child == 0:
            try:
                self.in_child(context, volume)
            except BaseException:
                os._exit(1)
            os._exit(0)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        self.assertEqual(b'child!', self.read(context, 6))

    def in_child(self, inherited, volume):
        memory = ctypes.create_string_buffer(6)
        self.assertFails(errno.EBADF,
                         self.lib.ovs_read(inherited, memory, 6, 0))
        stat = cases.ovs.Stat()
        self.assertFails(errno.EBADF, self.lib.ovs_stat(
            inherited, ctypes.byref(stat)))
        self.assertWorks(self.lib.ovs_ctx_destroy(inherited))
        own = self.opened(volume)
        self.assertEqual(b'parent', self.read(own, 6))
        self.assertEqual(6, self.write(own, b'child!'))
        self.assertWorks(self.lib.ovs_ctx_destroy(own))


class BufferTest(cases.EngineCase):

    def test_allocate(self):
        buffer = self.lib.ovs_allocate(self.ctx, 10000)
        self.assertEqual(10000, self.lib.ovs_buffer_size(buffer))
        data = self.lib.ovs_buffer_data(buffer)
        ctypes.memset(data, 7, 10000)
        context = self.opened(self.volume())
        self.assertEqual(10000, self.lib.ovs_write(context, data, 10000, 0))
        self.assertWorks(self.lib.ovs_deallocate(self.ctx, buffer))
        self.assertEqual(b'\7' * 10000, self.read(context, 10000))

    def test_invalid(self):
        lib = self.lib
        buffer = lib.ovs_allocate(self.ctx, 1)
        self.assertFails(errno.EINVAL, lib.ovs_allocate(None, 1), None)
        self.assertFails(errno.EINVAL, lib.ovs_allocate(self.ctx, 0), None)
        self.assertFails(errno.ENOMEM,
                         lib.ovs_allocate(self.ctx, 1 << 62), None)
        self.assertFails(errno.EINVAL, lib.ovs_buffer_data(None), None)
        self.assertFails(errno.EINVAL, lib.ovs_buffer_size(None), 2 ** 64 - 1)
        self.assertFails(errno.EINVAL, lib.ovs_deallocate(None, buffer))
        self.assertFails(errno.EINVAL, lib.ovs_deallocate(self.ctx, None))
        self.assertWorks(lib.ovs_deallocate(self.ctx, buffer))


if __name__ == '__main__':
    unittest.main()
