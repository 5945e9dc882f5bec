# SPDX-License-Identifier: Apache-2.0

"""The HTTP side of the XML-RPC port, made for callers of every kind.

A thread per request, one request per connection. Everything that a caller
can drag out has an end: the length of a request, the time until it is
complete, the time until its answer is taken, the number of connections.

Web browsers are no callers: a page could have them call any port that they
reach. So a request has a content type that they do not send unasked, names
this host as it is called, and has no origin.
"""

import contextlib
import http.server
import io
import ipaddress
import logging
import os
import socket
import socketserver
import sys
import threading
import time

from ovs_storagedriver import connections
from ovs_storagedriver import unix_socket

LOG = logging.getLogger(__name__)

PATH = '/RPC2'
CONTENT_TYPE = 'text/xml'
HEAD_BYTES_MAX = 16 << 10
# The largest honest request is a snapshot with 16 KiB of metadata.
BODY_BYTES_MAX = 256 << 10
REQUEST_SECONDS = 10
ANSWER_SECONDS = 30
_WARNING_SECONDS = 60


class _HeadTooLong(Exception):
    """The lines before the body have too many bytes."""


class _Reader(io.RawIOBase):
    """Read from a socket until a point in time, however it trickles.

    ``bytes_left`` bounds how much.
    """

    def __init__(self, connection, seconds):
        self._socket = connection
        self._deadline = time.monotonic() + seconds
        self.bytes_left = HEAD_BYTES_MAX

    def seconds_left(self):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError('the request is not complete in time')
        return left

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.bytes_left:
            raise _HeadTooLong
        self._socket.settimeout(self.seconds_left())
        count = self._socket.recv_into(
            memoryview(buffer)[:self.bytes_left])
        self.bytes_left -= count
        return count


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
        self._reader = _Reader(self.connection, self.server.request_seconds)
        if self.server.is_secured:
            self.connection.settimeout(self._reader.seconds_left())
            self.connection.do_handshake()
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except _HeadTooLong:
            self.requestline = self.request_version = self.command = ''
            self.send_error(431, 'the head of a request has at most %d bytes'
                            % HEAD_BYTES_MAX)

    def do_POST(self):
        refusal = self._refusal()
        if refusal:
            self.send_error(*refusal)
            return
        length = int(self.headers['Content-Length'])
        self._reader.bytes_left = length
        body = self.rfile.read(length)
        if len(body) == length and self.server.may_serve(self.request):
            self._answer(self.server.answer(body, self._own_host()))

    def _refusal(self):
        """Return (code, text) for a request that is none of ours."""
        if self.path != PATH:
            return 404, 'XML-RPC is at %s' % PATH
        if self.headers.get_content_type() != CONTENT_TYPE:
            return 415, 'the content type of XML-RPC is %s' % CONTENT_TYPE
        if 'Origin' in self.headers:
            return 403, 'web pages may not call this port'
        if not self._names_this_host(self.headers.get('Host', '')):
            return 403, ('Host is no name of this storagedriver: host_names '
                         'of its configuration has those beside its address')
        length = self.headers.get('Content-Length', '')
        if not (length.isascii() and length.isdigit()):
            return 411, 'Content-Length is missing'
        # So many digits would be a long way to a number.
        if len(length) > 9 or int(length) > BODY_BYTES_MAX:
            return 413, 'a request has at most %d bytes' % BODY_BYTES_MAX
        return None

    def _own_host(self):
        """Return the address of this host that the caller used."""
        return self.connection.getsockname()[0]

    def _names_this_host(self, header):
        host = _host_of(header)
        address = connections.address_of(self.connection.getsockname())
        if host == str(address) or host in self.server.host_names:
            return True
        return host == 'localhost' and (address is None or
                                        address.is_loopback)

    def _answer(self, body):
        self.server.connections.wait_for_caller(self.request)
        self.connection.settimeout(ANSWER_SECONDS)
        self.send_response(200)
        self.send_header('Content-Type', CONTENT_TYPE)
        self.send_header('Content-Length', '%d' % len(body))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, *args, **kwargs):
        self.connection.settimeout(ANSWER_SECONDS)
        super().send_error(*args, **kwargs)

    def log_request(self, *_args):
        """Say nothing: the calls have log lines of their own."""

    def log_message(self, message, *args):
        # The arguments hold the caller's data, which stays out of the log.
        LOG.debug('A request to %s failed',
                  self.server.where)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serve ANSWER(body, local host) -> body at an address.

    It listens from the start, so that a taken port is known at once, and
    answers no request before start().

    :param where: the address for people
    :param host_names: how callers may call this host, beside its address
    :param allow: ip_networks of the callers; none: everyone
    :param tls: an SSLContext for HTTPS, None for HTTP
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address, answer, where, family=socket.AF_INET,
                 request_seconds=REQUEST_SECONDS, host_names=(), allow=(),
                 tls=None):
        self.address_family = family
        self.answer = answer
        self.where = where
        self.request_seconds = request_seconds
        self.host_names = {name.lower() for name in host_names}
        self.connections = connections.Connections()
        self._allow = allow
        self._tls = tls
        self._warn_again = 0
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
        """Accept no connection more; give the open ones some time."""
        if self._thread:
            # Wakes serve_forever, which would look up twice a second.
            self.socket.shutdown(socket.SHUT_RDWR)
            self.shutdown()
            self._thread.join()
        self.server_close()
        if not self.connections.wait_until_empty(seconds):
            LOG.warning('%s: stopping while requests are still running',
                        self.where)

    @property
    def is_secured(self):
        return self._tls is not None

    def get_request(self):
        request, client_address = super().get_request()
        if self._tls:
            # The thread of the request shakes hands: that takes as long as
            # the caller likes.
            request = self._tls.wrap_socket(request, server_side=True,
                                            do_handshake_on_connect=False)
        return request, client_address

    def may_serve(self, request):
        return self.connections.serve(request)

    def verify_request(self, request, client_address):
        """Return true to let a caller in; false closes its connection."""
        if not connections.is_allowed(client_address, self._allow):
            self._warn('%s: allow does not name the caller %s'
                       % (self.where, client_address[0]))
            return False
        if not self.connections.admit(request, client_address):
            self._warn('%s: too many requests are being carried out; further '
                       'callers are sent away' % self.where)
            return False
        return True

    def process_request(self, request, client_address):
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.connections.remove(request)
            raise

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.remove(request)

    def _warn(self, text):
        """Warn now and then: callers decide how often there is reason."""
        if time.monotonic() >= self._warn_again:
            self._warn_again = time.monotonic() + _WARNING_SECONDS
            LOG.warning('%s', text)

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


def _host_of(header):
    """Return the host of HOST or HOST:PORT, of [HOST]:PORT for IPv6."""
    host, colon, port = header.rpartition(':')
    if not (colon and port.isdigit()):
        host = header
    host = host.strip('[]').lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host
