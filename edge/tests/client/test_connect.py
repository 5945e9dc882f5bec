# SPDX-License-Identifier: Apache-2.0

"""Connections that are established although no server is there."""

import ctypes
import errno
import os
import socket
import struct
import threading
import traceback
import unittest

import cases

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
PORTS = '/proc/sys/net/ipv4/ip_local_port_range'
PORT = 40000


class ForgottenTest(cases.LibraryCase):

    def test_a_connection_that_the_server_forgot_is_noticed(self):
        """Like a process that is killed while a connection is being made: the
        client's side is established, the server's is not, and the listener
        is closed. The kernel says nothing to a client that only waits."""
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        # A connection on which nothing was sent is none yet for the server.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 60)
        port = listener.getsockname()[1]
        attr = self.attributes(port=port)
        results = []

        def connect():
            results.append((self.lib.ovs_ctx_new(attr), ctypes.get_errno()))
        client = threading.Thread(target=connect)
        client.start()
        cases.wait_until(lambda: is_established_to(port), 'a connection')
        listener.close()
        client.join(cases.PATIENCE)
        self.assertEqual([(None, errno.ECONNRESET)], results)


def is_established_to(port):
    with open('/proc/net/tcp') as table:
        return ':%04X 01 ' % port in table.read()


class SelfConnectionTest(cases.LibraryCase):
    """Where the only free source port is the one that is connected to."""

    host, port = b'127.0.0.1', PORT

    def test_a_connection_to_itself_is_none(self):
        self.in_a_network_of_its_own(self.meet)

    def in_a_network_of_its_own(self, function):
        child = os.fork()
        if child == 0:
            try:
                os._exit(function() if isolate() else os.EX_NOPERM)
            except BaseException:
                traceback.print_exc()
                os._exit(os.EX_SOFTWARE)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == os.EX_NOPERM:
            self.skipTest('this user may not make a network namespace')
        self.assertEqual(0, code)

    def meet(self):
        with open(PORTS, 'w') as ports:
            ports.write('%d %d' % (PORT, PORT))
        self.meet_with_a_plain_socket()
        attr = self.attributes()
        for _ in range(2):      # the first leaves nothing behind
            self.assertFails(errno.ECONNREFUSED, self.lib.ovs_ctx_new(attr),
                             None)
        socket.create_server((self.host, PORT)).close()
        return 0

    def meet_with_a_plain_socket(self):
        """The test's own condition."""
        with socket.create_connection((self.host, PORT)) as plain:
            self.assertEqual(plain.getsockname(), plain.getpeername())
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack('ii', 1, 0))


def isolate():
    """A network namespace with a loopback device; False: not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    user = 0 if os.geteuid() == 0 else CLONE_NEWUSER
    if libc.unshare(CLONE_NEWNET | user) != 0:
        return False
    with socket.socket() as any_socket:
        request = struct.pack('16sH22x', b'lo', IFF_UP)
        return libc.ioctl(any_socket.fileno(), SIOCSIFFLAGS, request) == 0


if __name__ == '__main__':
    unittest.main()
