# SPDX-License-Identifier: Apache-2.0

"""The errno after success, for each of the 42 functions.

The vendor's QEMU 2.5 reads errno after a count of 0, and destroys attributes
before it reads the errno of the context that could not be made.
"""

import ctypes
import errno
import unittest

import cases
import ovs

STALE = errno.EXDEV
#: Give something back: errno stays what it was.
KEEP = {'ovs_ctx_attr_destroy', 'ovs_ctx_destroy', 'ovs_deallocate',
        'ovs_snapshot_list_free', 'ovs_aio_finish',
        'ovs_aio_release_completion'}
#: Has no success.
NEVER = {'ovs_aio_cancel'}


class Recorder:
    """The library, with a stale errno before each call."""

    def __init__(self, lib):
        self._lib, self.left = lib, {}

    def __getattr__(self, name):
        function = getattr(self._lib, name)

        def call(*arguments):
            ctypes.set_errno(STALE)
            result = function(*arguments)
            failed = result is None or result == -1
            if not failed or name == 'ovs_snapshot_list_free':
                self.left.setdefault(name, set()).add(ctypes.get_errno())
            return result
        return call


class ErrnoTest(cases.EngineCase):

    def setUp(self):
        self.recorder = self.lib = Recorder(ovs.lib)
        super().setUp()

    def test_every_function(self):
        for step in (self.attributes_and_buffers, self.volumes,
                     self.snapshots, self.waiting_io, self.asynchronous_io):
            step()
        self.lib.ovs_ctx_destroy(self.context(destroy=False))
        left = self.recorder.left
        self.assertEqual(set(ovs.PROTOTYPES) - NEVER, set(left))
        for name in left:
            with self.subTest(name):
                self.assertEqual({STALE if name in KEEP else 0}, left[name])

    def attributes_and_buffers(self):
        self.attributes(ha=True, depth=7)
        attr = self.lib.ovs_ctx_attr_new()
        self.assertWorks(self.lib.ovs_ctx_attr_set_transport(
            attr, None, None, 0))
        shm = self.lib.ovs_ctx_new(attr)
        self.lib.ovs_ctx_attr_destroy(attr)
        self.lib.ovs_ctx_destroy(shm)
        buffer = self.lib.ovs_allocate(self.ctx, 4096)
        self.lib.ovs_buffer_data(buffer)
        self.lib.ovs_buffer_size(buffer)
        self.lib.ovs_deallocate(self.ctx, buffer)

    def volumes(self):
        size = ctypes.c_size_t(0)
        self.assertEqual(0, self.lib.ovs_list_volumes(self.ctx, None,
                                                      ctypes.byref(size)))
        name = self.volume()
        self.lib.ovs_truncate_volume(self.ctx, name, 2 << 20)
        self.lib.ovs_remove_volume(self.ctx, name)

    def snapshots(self):
        name = self.volume()
        self.assertEqual(0, self.list_snapshots(name))
        for snapshot in (b's1', b's2'):
            self.snapshot(name, snapshot)
        self.assertEqual(2, self.list_snapshots(name))
        self.lib.ovs_snapshot_is_synced(self.ctx, name, b's1')
        self.lib.ovs_snapshot_rollback(self.ctx, name, b's1')
        self.lib.ovs_snapshot_remove(self.ctx, name, b's1')

    def list_snapshots(self, name):
        """Give too little room at first, as the vendor's QEMU does."""
        room = ctypes.c_int(0)
        count = self.lib.ovs_snapshot_list(self.ctx, name, None,
                                           ctypes.byref(room))
        self.assertEqual((-1, errno.ERANGE), (count, ctypes.get_errno()))
        entries = (ovs.SnapshotInfo * room.value)()
        count = self.lib.ovs_snapshot_list(self.ctx, name, entries,
                                           ctypes.byref(room))
        self.lib.ovs_snapshot_list_free(entries)
        return count

    def waiting_io(self):
        context = self.opened(self.volume())
        self.write(context, b'x')
        self.assertEqual(b'x', self.read(context, 1))
        self.assertEqual(b'', self.read(context, 1, 1 << 20))   # the end
        self.lib.ovs_flush(context)
        self.stat(context)
        self.lib.ovs_truncate(context, 2 << 20)

    def asynchronous_io(self):
        context = self.opened(self.volume())
        for call in (self.lib.ovs_aio_write, self.lib.ovs_aio_read):
            request = cases.Request(512)
            self.assertWorks(call(context, request.pointer))
            self.wait(context, request)
            self.assertEqual(0, self.lib.ovs_aio_error(context,
                                                       request.pointer))
            self.finish(context, request)
        for call in (self.lib.ovs_aio_writecb, self.lib.ovs_aio_readcb):
            request, completion = cases.Request(512), self.completion()
            self.assertWorks(call(context, request.pointer, completion))
            self.complete(completion)
            self.finish(context, request)
        completion = self.completion()
        self.assertWorks(self.lib.ovs_aio_flushcb(context, completion))
        self.complete(completion)

    def complete(self, completion):
        self.assertWorks(self.lib.ovs_aio_wait_completion(
            completion, cases.absolute(cases.PATIENCE)))
        self.lib.ovs_aio_return_completion(completion)
        self.lib.ovs_aio_release_completion(completion)

    def test_cleaning_up_keeps_the_reason(self):
        """ovs_ctx_new failed; its attributes go before errno is read."""
        attr = ovs.lib.ovs_ctx_attr_new()
        self.assertWorks(ovs.lib.ovs_ctx_attr_set_transport(
            attr, b'tcp', b'127.0.0.1', cases.free_port()))
        self.assertIsNone(ovs.lib.ovs_ctx_new(attr))
        ovs.lib.ovs_ctx_attr_destroy(attr)
        self.assertEqual(errno.ECONNREFUSED, ctypes.get_errno())


class ListThatNeverEndsTest(cases.FakeCase):

    def test_names_must_increase(self):
        entry = bytes(16) + b'\0\2v1' + bytes(9) + b'\0\0'
        before = bytes(16) + b'\0\2v0' + bytes(9) + b'\0\0'
        context = self.context()
        for pages in ([entry] * 9, [entry, before], [before + entry, before]):
            with self.subTest(pages=pages):
                left = [page for page in pages]

                def vendor(connection, operation, data, left=left):
                    page = left.pop(0)
                    self.server.answer(
                        connection, 0, b'\1' + (len(page) // 31).to_bytes(
                            4, 'big') + page)
                self.server.vendor = vendor
                size = ctypes.c_size_t(0)
                self.assertFails(errno.EPROTO, self.lib.ovs_list_volumes(
                    context, None, ctypes.byref(size)))


if __name__ == '__main__':
    unittest.main()
