# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The HTTP side against callers that do not behave."""

import socket
import threading
import unittest

from ovs_storagedriver import http_server
from ovs_storagedriver.tests import support

REQUEST = (b'POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n')


class HttpServerTestCase(unittest.TestCase):

    request_seconds = 0.3

    def setUp(self):
        self.server = http_server.Server(
            ('127.0.0.1', 0), lambda body, host: body[::-1], 'a test',
            request_seconds=self.request_seconds)
        self.server.start()
        self.addCleanup(self.server.stop, support.WAIT_SECONDS)

    def connect(self):
        connection = socket.create_connection(
            self.server.server_address, support.WAIT_SECONDS)
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

    def ask(self, request):
        connection = self.connect()
        connection.sendall(request)
        return self.answer(connection)

    def assertServes(self):
        answer = self.ask(REQUEST % 3 + b'abc')
        self.assertTrue(answer.startswith(b'HTTP/1.0 200 '), answer)
        self.assertTrue(answer.endswith(b'\r\n\r\ncba'), answer)

    def test_answer(self):
        self.assertServes()

    def test_errors(self):
        for request, code in (
                (b'POST /RPC2 HTTP/1.0\r\n\r\n', 411),
                (b'POST /RPC2 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
                 411),
                (b'POST /RPC2 HTTP/1.0\r\nContent-Length: -5\r\n\r\n', 411),
                (b'POST /RPC2 HTTP/1.0\r\nContent-Length: x\r\n\r\n', 411),
                (b'POST /RPC2 HTTP/1.0\r\nContent-Length: '
                 + b'9' * 5000 + b'\r\n\r\n', 413),
                (REQUEST % (http_server.BODY_BYTES_MAX + 1), 413),
                (b'POST / HTTP/1.0\r\n\r\n', 404),
                (b'POST /RPC2/../x HTTP/1.0\r\n\r\n', 404),
                (b'GET /RPC2 HTTP/1.0\r\n\r\n', 501),
                (b'\x16\x03\x01 garbage HTTP/9\r\n\r\n', 400),
                (b'x' * 70000 + b'\r\n\r\n', 414),
                (b'POST /RPC2 HTTP/1.0\r\n' + b'a: b\r\n' * 200 + b'\r\n',
                 431)):
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

    def test_many_slow_callers(self):
        slow = [self.connect() for _n in range(200)]
        for connection in slow:
            connection.sendall(REQUEST % 10)
        self.assertServes()
        self.assertEqual([b''] * len(slow), list(map(self.answer, slow)))

    def test_more_callers_than_there_is_room_for(self):
        slow = [self.connect()
                for _n in range(http_server.CONNECTIONS_MAX + 1)]
        with self.assertNoLogs(http_server.LOG, 'ERROR'):
            list(map(self.answer, slow))
        self.assertServes()


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
