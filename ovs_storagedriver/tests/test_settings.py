# SPDX-License-Identifier: Apache-2.0

import ipaddress
import os
import tempfile
import unittest

from ovs_storagedriver import errors
from ovs_storagedriver import settings

GUID = '7968a798-a0ab-4f6a-8f3d-32f785215307'


class OptionsTestCase(unittest.TestCase):

    def of(self, **options):
        return settings.from_options('pool', dict(data='/d', **options))

    def nodes(self, **options):
        return [(node.id, node.host, node.edge_port, node.xml_rpc_port)
                for node in self.of(**options).nodes]

    def test_defaults(self):
        self.assertEqual(
            settings.VPoolSettings(
                data='/d', name='pool', guid=None, multiattach=True,
                engine=None, nodes=(settings.Node('node1', '127.0.0.1', 26203,
                                                  26201),)), self.of())

    def test_ports_of_more_nodes(self):
        self.assertEqual([('node1', '127.0.0.1', 26203, 26201),
                          ('node2', '127.0.0.1', 26213, 26211),
                          ('node3', '127.0.0.1', 26223, 26221)],
                         self.nodes(nodes='3'))
        self.assertEqual([('node1', '127.0.0.1', 5, 7),
                          ('node2', '127.0.0.1', 6, 8)],
                         self.nodes(edge_port='5, 6', xml_rpc_port='7,8'))

    def test_nodes_with_addresses_of_their_own(self):
        self.assertEqual([('node1', '127.0.0.1', 26203, 26201),
                          ('node2', '127.0.0.2', 26203, 26201)],
                         self.nodes(listen='127.0.0.1,127.0.0.2'))

    def test_ipv6(self):
        node = self.of(listen='::1').nodes[0]
        self.assertEqual(('[::1]:26203', '[::1]:26201'),
                         (node.edge_address, node.xml_rpc_address))
        self.assertFalse(node.is_everywhere)
        self.assertTrue(self.of(listen='::', insecure='true').nodes[0]
                        .is_everywhere)

    def test_what_others_reach_is_protected_or_called_insecure(self):
        for listen in ('0.0.0.0', '192.0.2.1', '127.0.0.1,192.0.2.1', '::'):
            for options in ({}, {'tls': 'off'}, {'insecure': 'false'}):
                with self.assertRaisesRegex(
                        errors.SettingsError,
                        r'listen = .* tls = x509 .* insecure = true'):
                    self.of(listen=listen, **options)
            for options in ({'insecure': 'true'}, {'tls': 'psk'},
                            {'tls': 'x509'}):
                self.of(listen=listen, **options)
        for listen in ('127.0.0.1', '127.8.9.1', '::1', 'localhost'):
            self.of(listen=listen)

    def test_tls(self):
        vpool = self.of()
        self.assertEqual(('off', '/etc/openvstorage/tls', False),
                         (vpool.tls, vpool.tls_dir, vpool.tls_verify_client))
        vpool = self.of(tls='psk', tls_dir='/t', tls_verify_client='yes')
        self.assertEqual(('psk', '/t', True),
                         (vpool.tls, vpool.tls_dir, vpool.tls_verify_client))

    def test_host_names(self):
        for options, names in (
                ({}, ()), ({'listen': '127.0.0.1'}, ()),
                ({'listen': 'localhost'}, ('localhost',)),
                ({'host_names': 'sd1, sd1.example.net'},
                 ('sd1', 'sd1.example.net'))):
            self.assertEqual(names, self.of(**options).host_names)

    def test_allow(self):
        self.assertEqual((), self.of(allow='').allow)
        self.assertEqual(
            (ipaddress.ip_network('127.0.0.1'),
             ipaddress.ip_network('10.0.0.0/24'),
             ipaddress.ip_network('fd00::/64')),
            self.of(allow='127.0.0.1, 10.0.0.0/24,fd00::/64').allow)

    def test_guid(self):
        self.assertEqual(GUID, self.of(guid=GUID.upper()).guid)
        for guid in ('', 'x', GUID[:-1], GUID.replace('-', ''),
                     '{%s}' % GUID, GUID + '\n'):
            with self.assertRaisesRegex(errors.SettingsError, 'not a guid'):
                self.of(guid=guid)

    def test_wrong(self):
        for options, text in (
                ({'edge_port': ''}, 'edge_port = '),
                ({'edge_port': '1,'}, 'edge_port'),
                ({'edge_port': '٣'}, 'edge_port'),
                ({'xml_rpc_port': '65536'}, 'xml_rpc_port = 65536'),
                ({'xml_rpc_port': '65530', 'nodes': '2'}, '65540'),
                ({'nodes': '0'}, 'nodes = 0'), ({'nodes': '-1'}, 'nodes'),
                ({'nodes': '1000'}, 'nodes = 1000'),
                ({'listen': ''}, 'listen = '),
                ({'listen': '1.2.3.4.5'}, 'listen'),
                ({'listen': '127.0.0.1,::1', 'nodes': '3'}, '2 values'),
                ({'allow': '10.0.0.1/24'}, 'allow = 10.0.0.1/24'),
                ({'allow': '10.0.0.1,,10.0.0.2'}, 'allow'),
                ({'allow': 'sd1'}, 'allow = sd1'),
                ({'host_names': 'a b'}, 'host_names = a b'),
                ({'host_names': 'a,'}, 'host_names'),
                ({'tls': 'on'}, 'tls = on: .*write off, psk, x509'),
                ({'insecure': 'perhaps'}, 'insecure = perhaps'),
                ({'tls_verify_client': 'x'}, 'tls_verify_client = x'),
                ({'multiattach': 'perhaps'}, 'multiattach = perhaps'),
                ({'colour': 'blue'}, 'unknown option colour')):
            with self.subTest(options), \
                    self.assertRaisesRegex(errors.SettingsError, text):
                self.of(**options)

    def test_names(self):
        for name in ('', '.x', 'a b', 'a/b', 'x' * 65, 'ü', 'a\n'):
            with self.subTest(name), \
                    self.assertRaisesRegex(errors.SettingsError, 'name'):
                settings.from_options(name, {'data': '/d'})

    def test_no_data(self):
        for options in ({}, {'data': ''}, {'data': None}):
            with self.assertRaisesRegex(errors.SettingsError,
                                        'data is missing'):
                settings.from_options('pool', options)


class FileTestCase(unittest.TestCase):

    def read(self, text):
        with tempfile.NamedTemporaryFile('w') as config:
            config.write(text)
            config.flush()
            return settings.from_file(config.name)

    def test_the_sample(self):
        sample = os.path.join(os.path.dirname(__file__), '..', '..', 'etc',
                              'ovs-storagedriver', 'ovs-storagedriver.conf')
        vpools = settings.from_file(sample)
        self.assertEqual(['myvpool01'], [vpool.name for vpool in vpools])

    def test_two_vpools(self):
        one, two = self.read('[a]\ndata=/a\n[b]\ndata=/b\nedge_port=5\n'
                             'xml_rpc_port=6\nguid=%s\n' % GUID)
        self.assertEqual(('a', '/a', None), (one.name, one.data, one.guid))
        self.assertEqual(('b', '/b', GUID), (two.name, two.data, two.guid))

    def test_wrong(self):
        for text, expected in (
                ('', 'has no vPool'), ('data=/a', 'cannot be read'),
                ('[a]\n[a]\n', 'cannot be read'),
                ('[a]\n', r'\[a\] data is missing'),
                ('[a]\ndata=/a\nguid=x\n', r'\[a\] guid = x'),
                ('[a]\ndata=/a\ncolour=x\n', 'unknown option colour'),
                ('[a]\ndata=/a\n[b]\ndata=/b\n', 'used twice .a, b'),
                ('[a]\ndata=/a\n[b]\ndata=/x/../a\nedge_port=5\n'
                 'xml_rpc_port=6\n', '/a is used twice')):
            with self.subTest(text), \
                    self.assertRaisesRegex(errors.SettingsError, expected):
                self.read(text)

    def test_missing(self):
        with self.assertRaisesRegex(errors.SettingsError, 'cannot be read'):
            settings.from_file('/no/such/file')
