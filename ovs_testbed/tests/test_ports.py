# SPDX-License-Identifier: Apache-2.0

import os
import socket
import subprocess
from unittest import mock

from harness import errors
from harness.tests import support
from ovs_testbed import ports


class PortsTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.namespaces = self.folder
        for patch in (mock.patch.object(ports, 'NAMESPACES', self.folder),
                      mock.patch.object(subprocess, 'run', self.run_ip)):
            patch.start()
            self.addCleanup(patch.stop)

    def run_ip(self, command, **_):
        """Act as "ip netns add"; "ss" prints nothing."""
        if command[0] == 'ss':
            return mock.Mock(stdout='', returncode=0)
        path = os.path.join(self.namespaces, command[-1])
        if os.path.exists(path):
            return mock.Mock(returncode=1, stderr='File exists')
        open(path, 'w').close()
        return mock.Mock(returncode=0)

    def test_numbers_differ(self):
        numbers = ports.Ports(20000)
        self.assertEqual(20000, numbers['keystone'])
        all_of_them = [numbers[name] for name in numbers._offsets]
        self.assertEqual(len(all_of_them), len(set(all_of_them)))
        self.assertLess(max(all_of_them), 20100)

    def test_blocks_are_out_of_the_way_of_connections(self):
        with open('/proc/sys/net/ipv4/ip_local_port_range') as stream:
            first = int(stream.read().split()[0])
        self.assertLessEqual(ports.BLOCKS[-1] + 99, first)

    def test_two_testbeds_get_two_blocks(self):
        self.assertNotEqual(ports.claim(), ports.claim())

    def test_block_with_a_taken_port_is_passed_over(self):
        base = ports.claim()
        os.unlink(os.path.join(self.namespaces, ports.namespace(base)))
        with self.listening(base + ports.OUTSIDE['cinder']):
            self.assertNotEqual(base, ports.claim())

    def test_wanted_block(self):
        self.assertEqual(31000, ports.claim(31000))
        with self.assertRaisesRegex(errors.Error,
                                    'belong to another testbed'):
            ports.claim(31000)

    def test_wanted_block_with_a_taken_port(self):
        with self.listening(31101):
            with self.assertRaisesRegex(errors.Error,
                                        'port 31101 is taken'):
                ports.claim(31100)
        self.assertEqual([], os.listdir(self.namespaces))

    def test_no_port_number(self):
        for base in 1, 70000:
            with self.assertRaises(errors.Error):
                ports.claim(base)

    @staticmethod
    def listening(port):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(('127.0.0.1', port))
        sock.listen(1)
        return sock
