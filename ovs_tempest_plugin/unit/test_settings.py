# SPDX-License-Identifier: Apache-2.0

import unittest

from ovs_tempest_plugin.common import settings

GUID = '7968a798-a0ab-4f6a-8f3d-32f785215307'
SHORT = 'backend=b storage_ip=10.0.0.1 vpool_guid=' + GUID


class SettingsTestCase(unittest.TestCase):

    def test_defaults_are_the_drivers(self):
        self.assertEqual(
            ('b', 'b', ['10.0.0.1'], 26203, 'tcp', 26201, GUID),
            tuple(settings.parse_vpool(SHORT))[:-1])

    def test_everything_given(self):
        self.assertEqual(
            ('b', 't', ['fe80::1', 'node'], 1, 'rdma', 2, 'g'),
            tuple(settings.parse_vpool(
                'xml_rpc_port=2 edge_port=1 volume_type=t edge_protocol=rdma '
                'vpool_guid=g storage_ip=fe80::1,node backend=b'))[:-1])

    def test_options_of_the_client(self):
        options = settings.parse_vpool(
            SHORT + ' xml_rpc_tls=true xml_rpc_ca_file=/ca').options
        self.assertEqual(('10.0.0.1', GUID, '26201', 'true', '/ca'), tuple(
            options[key] for key in ('storage_ip', 'vpool_guid',
                                     'xml_rpc_port', 'xml_rpc_tls',
                                     'xml_rpc_ca_file')))

    def test_what_is_wrong_is_named(self):
        for text, problem in (
                ('', 'backend is missing'),
                (SHORT.replace('storage_ip=10.0.0.1', ''),
                 'storage_ip is missing'),
                (SHORT + ' storage_pi=1', "'storage_pi'"),
                (SHORT + ' edge_port', "'edge_port'"),
                (SHORT + ' edge_port=', "'edge_port='"),
                (SHORT + ' edge_port=70000', '70000'),
                (SHORT + ' edge_protocol=udp', 'udp'),
                (SHORT + ' storage_ip=10.0.0.1,', "''")):
            with self.assertRaises(settings.BadSettings) as caught:
                settings.parse_vpool(text)
            self.assertIn(problem, str(caught.exception))
            self.assertIn('[openvstorage] vpool', str(caught.exception))

    def test_no_back_end_twice(self):
        self.assertEqual([], settings.parse_vpools([]))
        self.assertRaises(settings.BadSettings, settings.parse_vpools,
                          [SHORT, SHORT])
