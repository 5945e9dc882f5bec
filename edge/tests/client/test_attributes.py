# SPDX-License-Identifier: Apache-2.0

"""ovs_ctx_attr_*, and the library's symbols and layouts."""

import ctypes
import errno
import os
import subprocess
import unittest

import cases
import ovs


class AttributesTest(cases.LibraryCase):

    port = 1

    def set_transport(self, *arguments):
        attr = self.lib.ovs_ctx_attr_new()
        self.addCleanup(self.lib.ovs_ctx_attr_destroy, attr)
        return self.lib.ovs_ctx_attr_set_transport(attr, *arguments)

    def test_null_attributes(self):
        lib = self.lib
        self.assertFails(errno.EINVAL, lib.ovs_ctx_attr_destroy(None))
        self.assertFails(errno.EINVAL, lib.ovs_ctx_attr_set_transport(
            None, b'tcp', b'127.0.0.1', 1))
        self.assertFails(errno.EINVAL,
                         lib.ovs_ctx_attr_set_network_qdepth(None, 1))
        self.assertFails(errno.EINVAL, lib.ovs_ctx_attr_enable_ha(None))

    def test_shared_memory_needs_neither_host_nor_port(self):
        self.assertWorks(self.set_transport(None, None, 0))
        self.assertWorks(self.set_transport(b'shm', None, -1))

    def test_networks_need_a_host(self):
        for transport in (b'tcp', b'rdma'):
            with self.subTest(transport):
                self.assertWorks(self.set_transport(
                    transport, b'127.0.0.1', 26203))
                self.assertFails(errno.EINVAL,
                                 self.set_transport(transport, None, 26203))

    def test_hosts_are_resolved_at_once(self):
        self.assertWorks(self.set_transport(b'tcp', b'localhost', 26203))
        self.assertWorks(self.set_transport(b'tcp', b'::1', 26203))
        for host in (b'', b'256.256.256.256', b'no such host'):
            with self.subTest(host):
                self.assertFails(errno.EINVAL,
                                 self.set_transport(b'tcp', host, 26203))

    def test_ports_out_of_range(self):
        for port in (-1, 0, 65536):
            with self.subTest(port):
                self.assertFails(errno.EINVAL, self.set_transport(
                    b'tcp', b'127.0.0.1', port))

    def test_unknown_transports(self):
        for transport in (b'', b'TCP', b'udp', b'tcp6'):
            with self.subTest(transport):
                self.assertFails(errno.EINVAL, self.set_transport(
                    transport, b'127.0.0.1', 1))

    def test_queue_depth(self):
        attr = self.attributes()
        for depth in (1, 64, 1 << 63):
            self.assertWorks(
                self.lib.ovs_ctx_attr_set_network_qdepth(attr, depth))
        self.assertFails(errno.EINVAL,
                         self.lib.ovs_ctx_attr_set_network_qdepth(attr, 0))


class BinaryTest(unittest.TestCase):

    path = os.environ['OVS_LIBRARY']

    def output(self, *command):
        return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                              text=True).stdout

    def test_exactly_the_functions_of_the_interface_are_exported(self):
        lines = self.output('nm', '-D', '--defined-only', '-P', self.path)
        symbols = {line.split()[0] for line in lines.splitlines()}
        self.assertEqual(42, len(ovs.PROTOTYPES))
        self.assertEqual(set(ovs.PROTOTYPES), symbols)

    def test_soname(self):
        self.assertRegex(self.output('readelf', '-d', self.path),
                         r'SONAME.*\[libovsvolumedriver\.so\.1\]')

    def test_layouts(self):
        """The C side of the same is edge/tests/client/abi.c."""
        self.assertEqual(32, ctypes.sizeof(ovs.Aiocb))
        self.assertEqual(16, ctypes.sizeof(ovs.SnapshotInfo))
        self.assertEqual(144, ctypes.sizeof(ovs.Stat))


if __name__ == '__main__':
    unittest.main()
