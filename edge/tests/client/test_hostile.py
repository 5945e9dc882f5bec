# SPDX-License-Identifier: Apache-2.0

"""Servers that hang or lie; a fake one plays them."""

import ctypes
import errno
import struct
import threading
import unittest

import cases
import fake_server
import ovs


class HalfOpenTest(cases.FakeCase):

    def setUp(self):
        super().setUp()
        self.configure('io_timeout = 20')

    def silent(self, *arguments):
        threading.Event().wait(cases.PATIENCE)

    def test_no_greeting(self):
        self.server.greet = self.silent
        attr = self.attributes()
        self.assertFails(errno.ETIMEDOUT, self.lib.ovs_ctx_new(attr), None)

    def test_no_answer_to_a_control_call(self):
        context = self.context()
        self.server.vendor = self.silent
        self.assertFails(errno.ETIMEDOUT,
                         self.lib.ovs_remove_volume(context, b'v1'))

    def test_no_answer_to_open(self):
        context = self.context()
        self.server.go = self.silent
        self.assertFails(errno.ETIMEDOUT,
                         self.lib.ovs_ctx_init(context, b'v1',
                                               cases.O_RDWR))
        del self.server.go
        self.assertWorks(self.lib.ovs_ctx_init(context, b'v1',
                                               cases.O_RDWR))

    def test_no_answer_to_io(self):
        for ha in (False, True):
            with self.subTest(ha=ha):
                context = self.opened(b'v1', ha=ha)
                self.server.command = lambda *args: None
                self.assertFails(errno.EIO, self.write(context, b'x'))
                del self.server.command

    def test_other_answers_do_not_hide_the_missing_one(self):
        answer = self.server.command

        def command(connection, kind, handle, offset, *rest):
            if offset != 0:
                answer(connection, kind, handle, offset, *rest)
        self.server.command = command
        context = self.opened(b'v1')
        stuck = cases.Request(512)
        self.assertWorks(self.lib.ovs_aio_read(context, stuck.pointer))
        memory = ctypes.create_string_buffer(512)
        cases.wait_until(
            lambda: self.lib.ovs_read(context, memory, 512, 512) < 0,
            'the connection is given up')
        self.assertEqual((-1, errno.EIO), self.finish(context, stuck))

    def test_a_server_that_stops_reading(self):
        self.server.transmission = self.silent
        context = self.opened(b'v1')
        requests = [cases.Request(1 << 20) for _ in range(16)]
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        for request in requests:
            self.assertEqual((-1, errno.EIO), self.finish(context, request))


class HostileTest(cases.FakeCase):

    def test_wrong_greeting(self):
        for greeting in (b'', b'SSH-2.0-OpenSSH_9', b'\0' * 18,
                         fake_server.GREETING[:-1] + b'\0',
                         fake_server.GREETING[:9]):
            with self.subTest(greeting=greeting):
                def greet(connection, greeting=greeting):
                    connection.sendall(greeting)
                    raise fake_server.Gone
                self.server.greet = greet
                attr = self.attributes()
                result = self.lib.ovs_ctx_new(attr)
                self.assertIn(ctypes.get_errno(),
                              (errno.EIO, errno.ECONNRESET))
                self.assertIsNone(result)

    def test_stock_nbd_server_is_refused(self):
        self.server.vendor = lambda connection, *rest: (
            self.server.reply_option(connection, fake_server.VENDOR,
                                     0x80000001, b''))
        attr = self.attributes()
        self.assertFails(errno.EIO, self.lib.ovs_ctx_new(attr), None)

    def control_answer(self, answer):
        """Return the outcome of a control call that gets these bytes."""
        context = self.context()

        def vendor(connection, *rest):
            connection.sendall(answer)
            raise fake_server.Gone
        self.server.vendor = vendor
        names = ctypes.create_string_buffer(4096)
        size = ctypes.c_size_t(4096)
        result = self.lib.ovs_list_volumes(context, names,
                                           ctypes.byref(size))
        return result, errno.errorcode[ctypes.get_errno()]

    @staticmethod
    def vendor_reply(data, length=None, kind=fake_server.VENDOR,
                     magic=fake_server.OPTION_REPLY_MAGIC):
        return struct.pack('>QIII', magic, fake_server.VENDOR, kind,
                           len(data) if length is None else length) + data

    def test_garbage_for_control_replies(self):
        fine = struct.pack('>IH', 0, 0)
        volume = bytes(16) + b'\0\2v1' + bytes(8) + b'\0' + b'\0\0'
        cases = {
            'magic': self.vendor_reply(fine, magic=1),
            'length': self.vendor_reply(fine, length=0xffffffff),
            'kind': self.vendor_reply(fine, kind=3),
            'no errno': self.vendor_reply(b'\0\0'),
            'huge errno': self.vendor_reply(b'\xff' * 6),
            'no fields': self.vendor_reply(fine),
            'fewer entries': self.vendor_reply(
                fine + b'\0' + b'\xff\xff\xff\xff' + volume),
            'cut string': self.vendor_reply(
                fine + b'\0\0\0\0\1' + bytes(16) + b'\xff\xffv1'),
            'more of nothing': self.vendor_reply(fine + b'\1\0\0\0\0'),
            'empty name': self.vendor_reply(
                fine + b'\0\0\0\0\1' + bytes(16) + b'\0\0' + bytes(11)),
        }
        for name, answer in cases.items():
            with self.subTest(name):
                self.assertEqual((-1, 'EPROTO'), self.control_answer(answer))
                del self.server.vendor

    def test_truncated_control_reply(self):
        whole = self.vendor_reply(struct.pack('>IHBI', 0, 0, 0, 0))
        for length in range(len(whole)):
            with self.subTest(length=length):
                self.assertEqual((-1, 'ECONNRESET'),
                                 self.control_answer(whole[:length]))
                del self.server.vendor

    def test_garbage_for_the_snapshot_list(self):
        entry = bytes(16) + b'\0\2s1' + bytes(17)
        for fields in (b'', bytes(8) + b'\xff\xff\xff\xff',
                       bytes(8) + b'\0\0\0\2' + entry,
                       bytes(8) + b'\0\0\0\1' + entry[:-1]):
            with self.subTest(fields=fields):
                context = self.context()
                self.server.vendor = (
                    lambda connection, *rest, fields=fields:
                    self.server.answer(connection, 0, fields))
                entries = (ovs.SnapshotInfo * 16)()
                room = ctypes.c_int(16)
                self.assertFails(errno.EPROTO, self.lib.ovs_snapshot_list(
                    context, b'v1', entries, ctypes.byref(room)))
                self.assertIsNone(entries[0].name)
                del self.server.vendor

    def test_garbage_for_the_answer_to_open(self):
        def unending(connection):
            while True:
                self.server.reply_option(connection, fake_server.GO, 3,
                                         b'\0\3' + bytes(12))
        replies = {
            'without a size': lambda c: self.server.reply_option(
                c, fake_server.GO, 1, b''),
            'short size': lambda c: self.server.reply_option(
                c, fake_server.GO, 3, b'\0\0\0') or
            self.server.reply_option(c, fake_server.GO, 1, b''),
            'unknown kind': lambda c: self.server.reply_option(
                c, fake_server.GO, 77, b''),
            'without an end': unending,
        }
        for name, go in replies.items():
            with self.subTest(name):
                context = self.context()
                self.server.go = go
                self.assertFails(errno.EPROTO, self.lib.ovs_ctx_init(
                    context, b'v1', cases.O_RDWR))
                del self.server.go

    def io_answer(self, answer, ha):
        def command(connection, kind, handle, *rest):
            connection.sendall(answer(handle))
            raise fake_server.Gone
        self.server.command = command
        context = self.opened(b'v1', ha=ha)
        request = cases.Request(4096)
        self.assertWorks(self.lib.ovs_aio_read(context, request.pointer))
        result = self.finish(context, request)
        del self.server.command
        return result

    def test_garbage_for_io_replies(self):
        def reply(handle, magic=0x67446698, error=0):
            return struct.pack('>IIQ', magic, error, handle)
        cases = {
            'nothing': lambda handle: b'',
            'magic': lambda handle: reply(handle, magic=1),
            'half a header': lambda handle: reply(handle)[:8],
            'half the data': lambda handle: reply(handle) + b'x' * 2048,
            'slot': lambda handle: reply(handle + 1),
            'generation': lambda handle: reply(handle + (1 << 32)),
            'handle': lambda handle: reply((1 << 64) - 1),
            'noise': lambda handle: b'\xff' * 65536,
        }
        for name, answer in cases.items():
            with self.subTest(name):
                self.assertEqual((-1, errno.EIO),
                                 self.io_answer(answer, ha=False))
        # With HA the library tries again and again, but not for ever.
        self.assertEqual((-1, errno.EIO),
                         self.io_answer(cases['noise'], ha=True))

    def test_an_answer_to_what_was_answered_before(self):
        handles = []

        def command(connection, kind, handle, offset, length, data):
            handles.append(handle)
            self.server.reply(connection, handles[0], 0)
        self.server.command = command
        context = self.opened(b'v1')
        self.assertEqual(1, self.write(context, b'x'))
        self.assertFails(errno.EIO, self.write(context, b'x'))
        self.assertEqual(2, len(set(handles)))

    def test_an_answer_before_the_request_is_whole(self):
        """The buffer stays the library's until all of it is sent."""
        length = 8 << 20
        go_on, received = threading.Event(), threading.Event()

        def transmission(connection):
            header = self.server.receive(connection, 28)
            handle, = struct.unpack_from('>Q', header, 8)
            self.server.reply(connection, handle, 0)
            go_on.wait(cases.PATIENCE)
            self.server.receive(connection, length)
            received.set()
            raise fake_server.Gone
        self.server.data = bytearray(length)
        self.server.transmission = transmission
        context = self.opened(b'v1')
        request = cases.Request(length)
        self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        self.assertFails(errno.EAGAIN, self.lib.ovs_aio_suspend(
            context, request.pointer, cases.absolute(0.2)))
        go_on.set()
        self.assertEqual((length, 0), self.finish(context, request))
        self.assertTrue(received.wait(cases.PATIENCE))

    def test_errors_of_requests(self):
        for number, seen in ((errno.EPERM, errno.EPERM),
                             (errno.EIO, errno.EIO),
                             (errno.ENOMEM, errno.ENOMEM),
                             (errno.ENOSPC, errno.ENOSPC),
                             (errno.EINVAL, errno.EIO),
                             (errno.ESHUTDOWN, errno.EIO),
                             (0xffffffff, errno.EIO)):
            with self.subTest(number=number):
                def command(connection, kind, handle, *rest, number=number):
                    self.server.reply(connection, handle, number)
                self.server.command = command
                context = self.opened(b'v1')
                self.assertFails(seen, self.write(context, b'x'))
                self.assertFails(seen, self.lib.ovs_read(
                    context, ctypes.create_string_buffer(9), 9, 0))
                self.assertFails(seen, self.lib.ovs_flush(context))


if __name__ == '__main__':
    unittest.main()
