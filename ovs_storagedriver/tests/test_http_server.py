# SPDX-License-Identifier: Apache-2.0

"""The HTTP side against callers that do not behave."""

import ipaddress
import socket
import threading
import unittest

from ovs_storagedriver import connections
from ovs_storagedriver import http_server
from ovs_storagedriver.tests import support

HEAD = (b'POST /RPC2 HTTP/1.1\r\nHost: 127.0.0.1\r\n'
        b'Content-Type: text/xml\r\n')
REQUEST = HEAD + b'Content-Length: %d\r\n\r\n'


class ServerTestCase(unittest.TestCase):

    request_seconds = 0.3
    options = {}

    def setUp(self):
        self.server = http_server.Server(
            ('127.0.0.1', 0), lambda body, host: body[::-1], 'a test',
            request_seconds=self.request_seconds,
            host_names=['sd1.example.net'], **self.options)
        self.server.start()
        self.addCleanup(self.server.stop, support.WAIT_SECONDS)

    def connect(self, host='127.0.0.1'):
        connection = socket.create_connection(
            self.server.server_address, support.WAIT_SECONDS, (host, 0))
        self.addCleanup(connection.close)
        return connection

    def answer(self, connection):
        """Return everything that comes until the server closes."""
        answer = b''
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return answer
                answer += piece
        except ConnectionResetError:
            return answer

    def ask(self, request, host='127.0.0.1'):
        connection = self.connect(host)
        connection.sendall(request)
        return self.answer(connection)

    def assertServes(self):
        answer = self.ask(REQUEST % 3 + b'abc')
        self.assertTrue(answer.startswith(b'HTTP/1.0 200 '), answer)
        self.assertTrue(answer.endswith(b'\r\n\r\ncba'), answer)


class HttpServerTestCase(ServerTestCase):

    def test_answer(self):
        self.assertServes()

    def test_errors(self):
        for request, code in (
                (HEAD + b'\r\n', 411),
                (HEAD + b'Transfer-Encoding: chunked\r\n\r\n', 411),
                (HEAD + b'Content-Length: -5\r\n\r\n', 411),
                (HEAD + b'Content-Length: x\r\n\r\n', 411),
                (HEAD + b'Content-Length: ' + b'9' * 5000 + b'\r\n\r\n',
                 413),
                (REQUEST % (http_server.BODY_BYTES_MAX + 1), 413),
                (b'POST / HTTP/1.0\r\n\r\n', 404),
                (b'POST /RPC2/../x HTTP/1.0\r\n\r\n', 404),
                (b'GET /RPC2 HTTP/1.0\r\n\r\n', 501),
                (b'\x16\x03\x01 garbage HTTP/9\r\n\r\n', 400),
                (b'x' * 70000 + b'\r\n\r\n', 431),
                (HEAD + b'a: b\r\n' * 200 + b'\r\n', 431),
                (HEAD + b'a: %s\r\n' % (b'b' * 20000) + b'\r\n', 431)):
            with self.subTest(request[:60]):
                answer = self.ask(request)
                # A server that closes before it has read everything may
                # see its answer thrown away.
                if answer:
                    self.assertIn(b'%d ' % code, answer.split(b'\n')[0])
                self.assertNotIn(b'Traceback', answer)
        self.assertServes()

    def test_largest_request(self):
        body = b'x' * http_server.BODY_BYTES_MAX
        self.assertTrue(self.ask(REQUEST % len(body) + body).endswith(body))

    def test_caller_that_stops_half_way(self):
        for sent in (b'', b'POST', b'POST /RPC2 HTTP/1.0\r\nContent-',
                     REQUEST % 10, REQUEST % 10 + b'abc'):
            with self.subTest(sent):
                self.assertEqual(b'', self.ask(sent))
        self.assertServes()

    def test_caller_that_goes_half_way(self):
        for sent in (b'', b'POST', REQUEST % 10, REQUEST % 10 + b'abc',
                     REQUEST % 3 + b'abc'):
            connection = self.connect()
            connection.sendall(sent)
            connection.close()
        self.assertServes()

    def test_caller_that_trickles(self):
        connection = self.connect()

        def is_closed():
            try:
                connection.sendall(b'x')
            except OSError:
                return True

        support.eventually(is_closed, 'a request that never ends is closed')

    def test_pages_of_a_browser_are_no_callers(self):
        ask = (b'POST /RPC2 HTTP/1.1\r\nContent-Length: 3\r\n'
               b'Host: %s\r\nContent-Type: %s\r\n%s\r\nabc')
        host = b'127.0.0.1:%d' % self.server.server_address[1]
        xml = b'text/xml'
        for code, request in (
                (200, ask % (host, xml, b'')),
                (200, ask % (host, b'Text/XML; charset=utf-8', b'')),
                (200, ask % (b'localhost', xml, b'')),
                (200, ask % (b'SD1.example.net:7', xml, b'')),
                (415, ask % (host, b'text/plain', b'')),
                (415, ask % (host, b'text/plain; a=text/xml', b'')),
                (415, ask % (host, b'application/x-www-form-urlencoded', b'')),
                (415, ask % (host, b'', b'')),
                (403, ask % (host, xml, b'Origin: http://%s\r\n' % host)),
                (403, ask % (host, xml, b'Origin: null\r\n')),
                (403, ask % (b'rebound.example:7', xml, b'')),
                (403, ask % (b'localhost.example', xml, b'')),
                (403, ask % (b'127.0.0.2', xml, b'')),
                (403, ask % (b'', xml, b''))):
            with self.subTest(request):
                answer = self.ask(request)
                self.assertIn(b' %d ' % code, answer.split(b'\n')[0])
                self.assertEqual(code == 200, answer.endswith(b'cba'))


class CrowdTestCase(ServerTestCase):
    """More callers than there is room for; time alone ends no request."""

    request_seconds = 600
    per_peer = connections.PER_PEER_MAX

    def slow(self, host, count):
        """Return so many connections from HOST, with half a request each."""
        slow = [self.connect(host) for _n in range(count)]
        for connection in slow:
            connection.sendall(REQUEST % 10)
        return slow

    def is_closed(self, connection):
        connection.setblocking(False)
        try:
            return connection.recv(1) == b''
        except BlockingIOError:
            return False

    def assertClosed(self, which, slow):
        support.eventually(
            lambda: which == [index for index, connection in enumerate(slow)
                              if self.is_closed(connection)],
            'just the connections %s are closed' % which)

    def test_a_peer_loses_its_own_oldest(self):
        other = self.slow('127.0.0.3', 1)
        slow = self.slow('127.0.0.2', self.per_peer + 3)
        self.assertClosed([0, 1, 2], slow)
        self.assertServes()
        self.assertFalse(self.is_closed(other[0]))

    def test_an_honest_caller_beside_slow_ones_of_its_address(self):
        slow = self.slow('127.0.0.1', self.per_peer)
        self.assertServes()
        self.assertClosed([0], slow)

    def test_who_has_most_makes_room(self):
        small = self.slow('127.0.1.1', 1)
        few = connections.CONNECTIONS_MAX // self.per_peer
        crowd = [self.slow('127.0.0.%d' % (2 + peer), self.per_peer)
                 for peer in range(few - 1)]
        crowd.append(self.slow('127.0.2.2', self.per_peer - 1))
        self.assertServes()
        self.assertClosed([0], crowd[0])
        self.assertFalse(self.is_closed(small[0]))

    def test_what_is_carried_out_is_not_closed(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        running = threading.Semaphore(0)

        def answer(body, _host):
            running.release()
            go_on.wait(support.WAIT_SECONDS)
            return body

        self.server.answer = answer
        served = [self.connect('127.0.0.2') for _n in range(self.per_peer)]
        for connection in served:
            connection.sendall(REQUEST % 3 + b'abc')
        for _connection in served:
            self.assertTrue(running.acquire(timeout=support.WAIT_SECONDS))
        with self.assertLogs(http_server.LOG, 'WARNING'):
            self.assertEqual(b'', self.answer(self.connect('127.0.0.2')))
        go_on.set()
        for connection in served:
            self.assertIn(b' 200 ', self.answer(connection))

    def test_who_does_not_take_its_answer_makes_room(self):
        self.server.answer = lambda body, _host: b'x' * (32 << 20)
        lazy = [self.connect('127.0.0.2') for _n in range(self.per_peer)]
        for connection in lazy:
            connection.sendall(REQUEST % 3 + b'abc')
            self.assertTrue(connection.recv(1))
        self.server.answer = lambda body, _host: body[::-1]
        answer = self.ask(REQUEST % 3 + b'abc', '127.0.0.2')
        self.assertTrue(answer.endswith(b'cba'))


class AllowTestCase(ServerTestCase):

    options = {'allow': [ipaddress.ip_network('127.0.0.1'),
                         ipaddress.ip_network('127.0.4.0/24')]}

    def test_who_may_come(self):
        self.assertServes()
        request = REQUEST % 3 + b'abc'
        self.assertIn(b' 200 ', self.ask(request, '127.0.4.9'))
        for stranger in ('127.0.0.2', '127.0.5.9'):
            with self.assertLogs(http_server.LOG) as logged:
                self.server._warn_again = 0
                self.assertEqual(b'', self.ask(request, stranger))
            self.assertIn(stranger, logged.output[0])


class PeerTestCase(unittest.TestCase):

    def test_allowed(self):
        networks = [ipaddress.ip_network('10.0.0.0/24'),
                    ipaddress.ip_network('fd00::/64')]
        for address, allowed in (
                (('10.0.0.7', 1), True), (('10.0.1.7', 1), False),
                (('::ffff:10.0.0.7', 1, 0, 0), True),
                (('::ffff:10.0.1.7', 1, 0, 0), False),
                (('fd00::9', 1, 0, 0), True), (('fe80::1%lo', 1, 0, 1), False),
                ('', True)):
            self.assertEqual(allowed,
                             connections.is_allowed(address, networks))
            self.assertTrue(connections.is_allowed(address, ()))

    def test_a_network_of_ipv6_is_one_peer(self):
        crowd = connections.Connections()
        pairs = [socket.socketpair()
                 for _n in range(connections.PER_PEER_MAX + 1)]
        for pair in pairs:
            for end in pair:
                self.addCleanup(end.close)
        for index, (end, _other) in enumerate(pairs):
            self.assertTrue(crowd.admit(end, ('fd00::%x' % index, 1, 0, 0)))
        self.assertFalse(crowd.serve(pairs[0][0]))
        self.assertTrue(crowd.serve(pairs[1][0]))


class ManyTestCase(unittest.TestCase):

    def test_a_slow_answer_keeps_nobody_waiting(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def answer(body, _host):
            if body == b'slow':
                go_on.wait(support.WAIT_SECONDS)
            return body

        server = http_server.Server(('127.0.0.1', 0), answer, 'a test')
        server.start()
        self.addCleanup(server.stop, support.WAIT_SECONDS)
        with socket.create_connection(server.server_address) as slow:
            slow.sendall(REQUEST % 4 + b'slow')
            with socket.create_connection(server.server_address) as quick:
                quick.sendall(REQUEST % 5 + b'quick')
                self.assertIn(b'200 OK', quick.recv(65536))
            go_on.set()
            self.assertIn(b'200 OK', slow.recv(65536))


class StopTestCase(unittest.TestCase):

    def test_stop_before_start(self):
        server = http_server.Server(('127.0.0.1', 0), None, 'a test')
        server.stop(0)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(server.server_address)

    def test_stop_while_a_caller_is_there(self):
        server = http_server.Server(('127.0.0.1', 0), None, 'a test',
                                    request_seconds=0.3)
        server.start()
        with socket.create_connection(server.server_address) as caller:
            caller.sendall(REQUEST % 10)
            with self.assertNoLogs(http_server.LOG):
                server.stop(support.WAIT_SECONDS)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(server.server_address)

    def test_taken_port(self):
        server = http_server.Server(('127.0.0.1', 0), None, 'a test')
        self.addCleanup(server.stop, support.WAIT_SECONDS)
        with self.assertRaises(OSError):
            http_server.Server(server.server_address, None, 'another')
