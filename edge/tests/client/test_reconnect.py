# SPDX-License-Identifier: Apache-2.0

"""A server that is lost, comes back, or was rebooted; a fake one plays it."""

import ctypes
import errno
import threading
import unittest

import cases
import fake_server
import ovs


class ConnectionLostTest(cases.FakeCase):

    def test_without_ha_io_fails_at_once_and_for_good(self):
        context = self.opened(b'v1')
        self.server.cut()
        self.assertFails(errno.EIO, self.write(context, b'x'))
        self.assertFails(errno.EIO, self.lib.ovs_flush(context))

    def test_without_ha_what_is_in_flight_fails(self):
        self.server.command = lambda *args: None
        context = self.opened(b'v1')
        requests = [cases.Request(4096, i * 4096) for i in range(8)]
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_read(context, request.pointer))
        self.server.cut()
        for request in requests:
            self.assertEqual((-1, errno.EIO), self.finish(context, request))

    def test_with_ha_an_idle_connection_is_made_again(self):
        context = self.opened(b'v1', ha=True)
        self.write(context, b'before')
        self.server.cut()
        self.assertEqual(b'before', self.read(context, 6))

    def test_with_ha_what_is_in_flight_is_sent_again_in_order(self):
        seen, held = [], threading.Event()
        answer = self.server.command

        def command(connection, kind, handle, offset, length, data):
            seen.append((kind, offset, data))
            if held.is_set():
                answer(connection, kind, handle, offset, length, data)
        self.server.command = command
        context = self.opened(b'v1', ha=True)
        requests = [cases.Request(512, i * 512, bytes([65 + i]) * 512)
                    for i in range(8)]
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        cases.wait_until(lambda: len(seen) == 8, 'the writes arrive')
        held.set()
        self.server.cut()
        for request in requests:
            self.assertEqual((512, 0), self.finish(context, request))
        self.assertEqual(seen[:8], seen[8:])
        self.assertEqual(b''.join(r.data for r in requests),
                         bytes(self.server.data[:4096]))

    def test_a_session_is_fenced_before_it_resends(self):
        hellos = []
        option = self.server.option

        def spy(connection, kind, data):
            if kind == fake_server.VENDOR and data[:2] == b'\0\x01':
                hellos.append(data[2:])
            option(connection, kind, data)
        self.server.option = spy
        context = self.opened(b'v1', ha=True)
        self.server.cut()
        self.assertEqual(b'\0', self.read(context, 1))
        self.assertEqual(bytes(16), hellos[0])      # ovs_ctx_new
        self.assertNotEqual(bytes(16), hellos[1])   # ovs_ctx_init
        self.assertEqual(hellos[1], hellos[-1])     # the reconnect
        self.assertEqual(3, len(hellos))

    def test_with_ha_a_server_gone_for_good_is_a_bounded_failure(self):
        context = self.opened(b'v1', ha=True)
        self.server.close()
        self.assertFails(errno.EIO, self.write(context, b'x'))
        # The window is over: later requests get one attempt and no more.
        self.assertFails(errno.EIO, self.write(context, b'x'))

    def test_with_ha_a_server_that_comes_back_late_is_used_again(self):
        context = self.opened(b'v1', ha=True)
        port = self.server.port
        self.server.close()
        self.assertFails(errno.EIO, self.write(context, b'x'))
        self.start(fake_server.FakeServer(port=port))
        self.assertEqual(1, self.write(context, b'x'))

    def test_control_calls_fail_at_once_when_nobody_listens(self):
        context = self.opened(b'v1', ha=True)
        self.server.close()
        stat = ovs.Stat()
        self.assertFails(errno.ECONNREFUSED,
                         self.lib.ovs_stat(context, ctypes.byref(stat)))
        self.assertFails(errno.ECONNREFUSED,
                         self.lib.ovs_truncate(context, 1 << 30))
        self.assertFails(errno.ECONNREFUSED,
                         self.lib.ovs_create_volume(context, b'new', 4096))

    def test_a_context_can_be_destroyed_while_the_server_is_gone(self):
        context = self.context(destroy=False, ha=True)
        self.assertWorks(self.lib.ovs_ctx_init(context, b'v1',
                                               cases.O_RDWR))
        self.server.close()
        requests = [cases.Request(512, i * 512) for i in range(4)]
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_read(context, request.pointer))
        self.assertWorks(self.lib.ovs_ctx_destroy(context))
        for request in requests:  # finishing needs only the block
            self.assertEqual(errno.EIO, self.lib.ovs_aio_error(
                1, request.pointer))
            self.assertWorks(self.lib.ovs_aio_finish(1, request.pointer))


class LostAnswerTest(cases.FakeCase):
    """A control call that was carried out, but whose answer never came."""

    def repeated(self, operation, second_errno):
        seen = []
        vendor = self.server.vendor

        def lose_the_first(connection, number, data):
            if number != operation:
                vendor(connection, number, data)
                return
            seen.append(data)
            if len(seen) == 1:
                raise fake_server.Gone
            self.server.answer(connection, second_errno)
        self.server.vendor = lose_the_first
        return seen

    def test_create_is_repeated_with_the_same_id(self):
        context = self.context()
        seen = self.repeated(fake_server.VOLUME_CREATE, 0)
        self.assertWorks(self.lib.ovs_create_volume(context, b'new', 4096))
        self.assertEqual(2, len(seen))
        self.assertEqual(seen[0], seen[1])
        self.assertNotIn(bytes(16), seen[0])

    def test_a_snapshot_is_repeated_with_the_same_id(self):
        context = self.context()
        seen = self.repeated(fake_server.SNAPSHOT_CREATE, 0)
        self.assertWorks(self.lib.ovs_snapshot_create(context, b'v1', b's',
                                                      -1))
        self.assertEqual(2, len(seen))
        self.assertEqual(seen[0], seen[1])
        self.assertNotIn(bytes(16), seen[0])

    def test_what_is_gone_at_the_second_try_was_removed_by_the_first(self):
        context = self.context()
        self.repeated(fake_server.VOLUME_REMOVE, errno.ENOENT)
        self.assertWorks(self.lib.ovs_remove_volume(context, b'v1'))
        self.assertFails(errno.ENOENT,
                         self.lib.ovs_remove_volume(context, b'v1'))
        self.repeated(fake_server.SNAPSHOT_REMOVE, errno.ENOENT)
        self.assertWorks(self.lib.ovs_snapshot_remove(context, b'v1', b's'))
        self.assertFails(errno.ENOENT, self.lib.ovs_snapshot_remove(
            context, b'v1', b's'))


class SnapshotWaitTest(cases.FakeCase):
    """Moments that are too short with a real engine."""

    def play(self, synced):
        operations = []

        def vendor(connection, operation, data):
            operations.append(operation)
            self.server.answer(connection, 0, bytes([synced(operations)]))
        context = self.context()
        self.server.vendor = vendor
        return context, operations

    def test_a_snapshot_that_is_late_is_deleted_again(self):
        context, operations = self.play(lambda operations: 0)
        self.assertFails(errno.ETIMEDOUT, self.lib.ovs_snapshot_create(
            context, b'v1', b's', 1))
        self.assertEqual(fake_server.SNAPSHOT_CREATE, operations[0])
        self.assertEqual({fake_server.SNAPSHOT_SYNCED},
                         set(operations[1:-1]))
        self.assertEqual(fake_server.SNAPSHOT_REMOVE, operations[-1])

    def test_no_timeout_waits_until_it_is_synced(self):
        context, operations = self.play(
            lambda operations: len(operations) == 40)
        self.assertWorks(self.lib.ovs_snapshot_create(context, b'v1', b's',
                                                      0))
        self.assertEqual([fake_server.SNAPSHOT_CREATE] +
                         39 * [fake_server.SNAPSHOT_SYNCED], operations)

    def test_a_negative_timeout_does_not_wait(self):
        context, operations = self.play(lambda operations: 0)
        self.assertWorks(self.lib.ovs_snapshot_create(context, b'v1', b's',
                                                      -1))
        self.assertEqual(0, self.lib.ovs_snapshot_is_synced(context, b'v1',
                                                            b's'))
        self.assertEqual([fake_server.SNAPSHOT_CREATE,
                          fake_server.SNAPSHOT_SYNCED], operations)

    def test_the_servers_errno_is_the_callers(self):
        context = self.context()
        for number in (errno.EBUSY, errno.ENOSPC, errno.EIO, errno.EMLINK):
            self.server.vendor = lambda connection, *rest, number=number: (
                self.server.answer(connection, number, b'\0\4why?'))
            self.assertFails(number, self.lib.ovs_snapshot_create(
                context, b'v1', b's', 1))


class RebootTest(cases.FakeCase):

    def lose_all(self, change):
        context = self.opened(b'v1', ha=True)
        self.assertEqual(1, self.write(context, b'x'))
        change()
        self.server.cut()
        self.assertFails(errno.EIO, self.write(context, b'y'))
        self.assertFails(errno.EIO, self.lib.ovs_flush(context))
        self.assertEqual(b'x', bytes(self.server.data[:1]))
        return context

    def test_after_a_reboot_io_fails_until_reopened(self):
        self.lose_all(lambda: setattr(self.server, 'boot_id', 'boot-2'))
        self.assertEqual(1, self.write(self.opened(b'v1', ha=True), b'z'))

    def test_another_volume_of_the_same_name_is_not_written(self):
        self.lose_all(lambda: setattr(self.server, 'volume_id', b'\7' * 16))

    def test_what_is_in_flight_at_a_reboot_is_not_sent_again(self):
        seen = []
        self.server.command = lambda *args: seen.append(args)
        context = self.opened(b'v1', ha=True)
        request = cases.Request(512, 0, b'x' * 512)
        self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        cases.wait_until(lambda: seen, 'the write arrives')
        self.server.boot_id = 'boot-2'
        self.server.cut()
        self.assertEqual((-1, errno.EIO), self.finish(context, request))
        self.assertEqual(1, len(seen))


if __name__ == '__main__':
    unittest.main()
