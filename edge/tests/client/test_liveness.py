# SPDX-License-Identifier: Apache-2.0

"""A slow server is waited for, a dead one is noticed, a fenced one obeyed.

The library's seconds are 50 ms here. "Asked" means: a HELLO without a session
on another connection.
"""

import errno
import threading
import unittest

import cases
import fake_server
import test_restart


class SlowServer(fake_server.FakeServer):
    """Answers I/O only when it is told to; control requests at once."""

    def __init__(self, port=0):
        self.asked, self.opened, self.arrived = 0, 0, 0
        self.instance = b'\x03' * 16
        self.refuses = False
        self.released = threading.Event()
        super().__init__(port)

    def greet(self, connection):
        if self.refuses:
            raise fake_server.Gone
        super().greet(connection)

    def fields(self, operation):
        fields = super().fields(operation)
        if operation != fake_server.HELLO:
            return fields
        at = 4 + len(self.boot_id) + 16
        return fields[:at] + self.instance + fields[at + 16:]

    def vendor(self, connection, operation, data):
        self.asked += (operation == fake_server.HELLO and
                       data[2:] == bytes(16))
        super().vendor(connection, operation, data)

    def go(self, connection):
        self.opened += 1
        super().go(connection)

    def command(self, *request):
        self.arrived += 1
        self.released.wait(cases.PATIENCE)
        super().command(*request)


class SlowServerCase(cases.FakeCase):

    def setUp(self):
        self.start(SlowServer())

    def start(self, server):
        super().start(server)
        self.addCleanup(server.released.set)

    def in_flight(self, call, *arguments):
        """Run the call in a thread; its result goes to the list."""
        results = []
        thread = threading.Thread(
            target=lambda: results.append(call(*arguments)))
        self.addCleanup(thread.join, cases.PATIENCE)
        self.addCleanup(self.server.released.set)
        arrived = self.server.arrived
        thread.start()
        cases.wait_until(lambda: self.server.arrived > arrived or results,
                         'the request arrives')
        return results, thread

    def wait_until_asked(self, times):
        asked = self.server.asked
        cases.wait_until(lambda: self.server.asked >= asked + times,
                         'the server is asked whether it lives')


class WaitingTest(SlowServerCase):

    def test_a_slow_flush_is_waited_for(self):
        self.configure('io_timeout = 20')   # not for a flush
        context = self.opened(b'v1', ha=True)
        results, thread = self.in_flight(self.lib.ovs_flush, context)
        self.wait_until_asked(14)           # 70 s as the library sees it
        self.assertEqual([], results)
        self.server.released.set()
        thread.join(cases.PATIENCE)
        self.assertEqual([0], results)
        self.assertEqual(1, self.server.opened)

    def test_so_are_reads_and_writes(self):
        context = self.opened(b'v1')
        results, thread = self.in_flight(self.write, context, b'x')
        self.wait_until_asked(14)
        self.assertEqual([], results)
        self.server.released.set()
        thread.join(cases.PATIENCE)
        self.assertEqual([1], results)
        self.assertEqual(1, self.server.opened)

    def test_but_not_longer_than_edge_conf_says(self):
        self.configure('io_timeout = 20')
        for ha in (False, True):
            context = self.opened(b'v1', ha=ha)
            self.assertFails(errno.EIO, self.write(context, b'x'))

    def test_a_server_that_reads_nothing_is_waited_for(self):
        """The server's window is closed; TCP has no reason to give up."""
        released, transmission = threading.Event(), self.server.transmission
        self.addCleanup(released.set)

        def wait_first(connection):
            released.wait(cases.PATIENCE)
            transmission(connection)
        self.server.transmission = wait_first
        self.server.released.set()
        context = self.opened(b'v1')
        requests = [cases.Request(1 << 20, data=b'x' * (1 << 20))
                    for _ in range(16)]
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        self.wait_until_asked(14)
        released.set()
        for request in requests:
            self.assertEqual((1 << 20, 0), self.finish(context, request))
        self.assertEqual(1, self.server.opened)

    def test_a_server_without_a_place_for_the_question_is_not_dead(self):
        context = self.opened(b'v1')
        results, thread = self.in_flight(self.write, context, b'x')
        self.server.refuses = True
        accepted = len(self.server.connections)
        cases.wait_until(lambda: len(self.server.connections) > accepted + 5,
                         'it is asked again and again')
        self.assertEqual([], results)
        self.server.released.set()
        thread.join(cases.PATIENCE)
        self.assertEqual([1], results)

    def test_busy_is_a_sign_of_life(self):
        """The server still carries out requests of the last connection."""
        context = self.opened(b'v1', ha=True)
        self.server.released.set()
        vendor, refusals = self.server.vendor, []

        def busy_at_first(connection, operation, data):
            if operation == fake_server.HELLO and len(refusals) < 80:
                refusals.append(data)
                self.server.answer(connection, errno.EBUSY, b'\0\4busy')
            else:
                vendor(connection, operation, data)
        self.server.vendor = busy_at_first
        self.server.cut()
        self.assertEqual(1, self.write(context, b'x'))
        self.assertEqual(80, len(refusals))


class DeadServerTest(SlowServerCase):
    """The library notices it without any limit on a request."""

    def setUp(self):
        super().setUp()
        self.configure('io_timeout = 0')

    def test_a_server_that_does_not_answer_the_question_is_dead(self):
        context = self.opened(b'v1', ha=True)
        greet = self.server.greet
        results, thread = self.in_flight(self.write, context, b'x')
        silent = threading.Event()
        self.addCleanup(silent.set)

        def be_silent(connection):
            silent.wait(cases.PATIENCE)
            raise fake_server.Gone
        self.server.greet = be_silent
        data_connection = self.server.connections[0]
        cases.wait_until(lambda: data_connection.fileno() < 0 or results or
                         self.is_closed(data_connection), 'it is given up')
        self.server.released.set()
        self.server.greet = greet
        silent.set()
        thread.join(cases.PATIENCE)
        self.assertEqual([1], results)
        self.assertEqual(2, self.server.opened)

    def is_closed(self, connection):
        try:
            return not connection.recv(1, 0x40 | 0x2)   # DONTWAIT, PEEK
        except BlockingIOError:
            return False
        except OSError:
            return True

    def test_another_process_in_its_place(self):
        context = self.opened(b'v1', ha=True)
        results, thread = self.in_flight(self.write, context, b'x')
        self.server.instance = b'\x04' * 16
        cases.wait_until(lambda: self.server.opened == 2, 'it is opened again')
        self.assertEqual([], results)
        self.server.released.set()
        thread.join(cases.PATIENCE)
        self.assertEqual([1], results)

    def test_slow_at_first_and_then_dead(self):
        for comes_back in (True, False):
            with self.subTest(comes_back=comes_back):
                context = self.opened(b'v1', ha=True)
                results, thread = self.in_flight(self.lib.ovs_flush, context)
                self.wait_until_asked(3)
                port = self.server.port
                self.server.close()
                if comes_back:
                    self.start(SlowServer(port))
                    self.server.released.set()
                thread.join(cases.PATIENCE)
                self.assertEqual([0 if comes_back else -1], results)
                if comes_back:
                    self.server.released.clear()

    def test_a_server_that_misbehaves_is_left_alone_for_a_while(self):
        self.configure('reconnect_timeout = 20')

        def garbage(connection, *_request):
            connection.sendall(b'\xff' * 16)
        self.server.command = garbage
        context = self.opened(b'v1', ha=True)
        self.assertFails(errno.EIO, self.write(context, b'x'))
        self.assertGreater(self.server.opened, 2)
        self.assertLess(self.server.opened, 40)


class FencedTest(cases.FakeCase):

    def test_a_fenced_session_never_comes_back(self):
        context = self.opened(b'v1', ha=True)
        vendor, hellos = self.server.vendor, []

        def refuse(connection, operation, data):
            if operation == fake_server.HELLO and data[2:] != bytes(16):
                hellos.append(data)
                self.server.answer(connection, errno.ESHUTDOWN, b'\0\4why?')
            else:
                vendor(connection, operation, data)
        self.server.vendor = refuse
        self.server.cut()
        for _ in range(3):
            self.assertFails(errno.EIO, self.write(context, b'x'))
        self.server.vendor = vendor
        self.assertFails(errno.EIO, self.lib.ovs_flush(context))
        self.assertEqual(1, len(hellos))
        self.assertEqual(1, self.write(self.opened(b'v1'), b'x'))


class FencedByTheEngineTest(test_restart.OwnEngineCase):

    def fence(self):
        with self.engine.options() as control:
            return control.fence(self.name.decode())

    def test_a_fence(self):
        context = self.opened(self.name, ha=True)
        self.assertEqual(1, self.fence())
        self.assertFails(errno.EIO, self.write(context, b'old'))
        after = self.opened(self.name, ha=True)
        self.assertEqual(3, self.write(after, b'new'))
        self.restart()
        self.assertFails(errno.EIO, self.write(context, b'old'))
        self.assertEqual(b'new', self.read(after, 3))

    def test_a_fence_while_the_session_is_away(self):
        """The engine must never carry out the requests that it resends."""
        context = self.opened(self.name, ha=True)
        self.assertEqual(3, self.write(context, b'old'))
        self.engine.kill()
        request = cases.Request(512, 4096, b'resent' * 85 + b'!!')
        self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        self.engine.start()
        # It may be back before the fence; then its request was before, too.
        self.assertEqual(1, self.fence())
        after = self.opened(self.name, ha=True)
        self.assertEqual(512, self.write(after, b'n' * 512, 4096))
        self.finish(context, request)
        self.assertFails(errno.EIO, self.write(context, b'old', 4096))
        self.assertEqual(b'n' * 512, self.read(after, 512, 4096))


if __name__ == '__main__':
    unittest.main()
