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

"""The HTTP side of the XML-RPC port, made for callers of every kind.

A thread per request, one request per connection. Everything that a caller
can drag out has an end: the length of a request, the time until it is
complete, the time until its answer is taken, the number of connections.
"""

import contextlib
import http.server
import io
import logging
import os
import socket
import socketserver
import sys
import threading
import time

from ovs_storagedriver import unix_socket

LOG = logging.getLogger(__name__)

PATH = '/RPC2'
# The largest honest request is a snapshot with 16 KiB of metadata.
BODY_BYTES_MAX = 256 << 10
REQUEST_SECONDS = 10
ANSWER_SECONDS = 30
CONNECTIONS_MAX = 256
# How long a caller waits while all the connections are taken.
_QUEUE_SECONDS = 1


class _DeadlineReader(io.RawIOBase):
    """Read from a socket until a point in time, however it trickles."""

    def __init__(self, connection, seconds):
        self._socket = connection
        self._deadline = time.monotonic() + seconds

    def readable(self):
        return True

    def readinto(self, buffer):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError('the request is not complete in time')
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)


class _Handler(http.server.BaseHTTPRequestHandler):

    server_version = 'ovs-storagedriver'
    sys_version = ''
    error_content_type = 'text/plain'
    error_message_format = '%(code)d %(message)s\n'

    def setup(self):
        # An answer's head must not wait for the caller's acknowledgement.
        self.disable_nagle_algorithm = self.request.family != socket.AF_UNIX
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(
            _DeadlineReader(self.connection, self.server.request_seconds))

    def do_POST(self):
        if self.path != PATH:
            self.send_error(404, 'XML-RPC is at %s' % PATH)
            return
        length = self.headers.get('Content-Length', '')
        if not (length.isascii() and length.isdigit()):
            self.send_error(411, 'Content-Length is missing')
            return
        # So many digits would be a long way to a number.
        if len(length) > 9 or int(length) > BODY_BYTES_MAX:
            self.send_error(413, 'a request has at most %d bytes'
                            % BODY_BYTES_MAX)
            return
        body = self.rfile.read(int(length))
        if len(body) == int(length):
            here = self.connection.getsockname()
            self._answer(self.server.answer(body, here[0]))

    def _answer(self, body):
        self.connection.settimeout(ANSWER_SECONDS)
        self.send_response(200)
        self.send_header('Content-Type', 'text/xml')
        self.send_header('Content-Length', '%d' % len(body))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, *args, **kwargs):
        self.connection.settimeout(ANSWER_SECONDS)
        super().send_error(*args, **kwargs)

    def log_request(self, *_args):
        """Say nothing: the calls have log lines of their own."""

    def log_message(self, message, *args):
        # What the caller sent is in the arguments; it stays out of the log.
        LOG.debug('A request to %s was not answered with success',
                  self.server.where)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serve ANSWER(body, local host) -> body at an address.

    It listens from the start, so that a taken port is known at once, and
    answers nobody before start().

    :param where: the address for people
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address, answer, where, family=socket.AF_INET,
                 request_seconds=REQUEST_SECONDS):
        self.address_family = family
        self.answer = answer
        self.where = where
        self.request_seconds = request_seconds
        self._slots = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._thread = None
        super().__init__(address, _Handler, bind_and_activate=False)
        try:
            self.server_bind()
            self.server_activate()
        except BaseException:
            self.server_close()
            raise

    def start(self):
        self._thread = threading.Thread(target=self.serve_forever,
                                        name=self.where, daemon=True)
        self._thread.start()

    def stop(self, seconds):
        """Accept nobody more, and give who is there some time to finish."""
        if self._thread:
            # Wakes serve_forever, which would look up twice a second.
            self.socket.shutdown(socket.SHUT_RDWR)
            self.shutdown()
            self._thread.join()
        self.server_close()
        deadline = time.monotonic() + seconds
        for _slot in range(CONNECTIONS_MAX):
            left = max(0, deadline - time.monotonic())
            if not self._slots.acquire(timeout=left):
                LOG.warning('%s: stopping although requests are running',
                            self.where)
                return

    def process_request(self, request, client_address):
        if not self._slots.acquire(timeout=_QUEUE_SECONDS):
            LOG.warning('%s: %d connections at once; one more was closed',
                        self.where, CONNECTIONS_MAX)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            LOG.debug('%s: a caller went away: %s', self.where, error)
        else:
            LOG.error('%s: a request failed: %s: %s', self.where,
                      type(error).__name__, error)


class UnixServer(Server):
    """The same on a unix socket that only its owner may use."""

    def __init__(self, path, answer):
        self._path = path
        super().__init__(path, answer, path, socket.AF_UNIX)

    def server_bind(self):
        # The folder's lock is held: what is there is left over.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        with unix_socket.short_path(self._path) as address:
            self.socket.bind(address)
        os.chmod(self._path, 0o600)

    def server_close(self):
        super().server_close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
