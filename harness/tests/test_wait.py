# SPDX-License-Identifier: Apache-2.0

import http.server
import socket
import threading
import unittest

from harness import errors
from harness import wait


class WaitTestCase(unittest.TestCase):

    def test_result(self):
        answers = iter([(None, 'no'), (None, 'not yet'), ('yes', '')])
        self.assertEqual('yes', wait.until(
            'it', lambda: next(answers), 10))

    def test_time_out_tells_the_last_state(self):
        with self.assertRaisesRegex(
                errors.TimedOut,
                'waited 0 s for the volume; last seen: creating'):
            wait.until('the volume', lambda: (False, 'creating'), 0)

    def test_dead_process_ends_the_wait(self):
        def alive():
            raise errors.Error('nova ended')
        with self.assertRaisesRegex(errors.Error, 'nova ended'):
            wait.until('it', lambda: (False, ''), 60, alive)

    def test_port(self):
        with socket.socket() as listener:
            listener.bind(('127.0.0.1', 0))
            port = listener.getsockname()[1]
            done, state = wait.port_open(port)()
            self.assertFalse(done)
            self.assertIn('refused', state)
            listener.listen(1)
            self.assertTrue(wait.port_open(port)()[0])

    def test_http(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(int(self.path[1:]))

            def log_message(self, *arguments):
                pass
        with http.server.HTTPServer(('127.0.0.1', 0), Handler) as server:
            threading.Thread(target=server.serve_forever,
                             daemon=True).start()
            self.addCleanup(server.shutdown)
            url = 'http://127.0.0.1:%d/' % server.server_port
            self.assertTrue(wait.http_answer(url + '401')()[0])
            done, state = wait.http_answer(url + '503')()
            self.assertFalse(done)
            self.assertEqual(url + '503 answered 503', state)
            server.shutdown()
