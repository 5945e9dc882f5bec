# SPDX-License-Identifier: Apache-2.0

import inspect
import io
import logging
import sys
import unittest

from os_brick import exception
from os_brick.initiator.connectors import base

from ovs_drivers.brick import connector
from ovs_drivers.tests.fakes import fixture

PLACE = 'openvstorage+tcp:127.0.0.1:26203/volume-1'
MIB = 1 << 20


class ConnectorTestCase(unittest.TestCase):

    def setUp(self):
        super(ConnectorTestCase, self).setUp()
        # As os-brick's factory calls it
        self.connector = connector.OpenvStorageEdgeConnector(
            'sudo', driver=None, use_multipath=False, device_scan_attempts=3)

    def test_connect_gives_the_location(self):
        device = self.connector.connect_volume({'device_path': PLACE})
        self.assertEqual(('network', PLACE),
                         (device['type'], str(device['path'])))

    def test_what_nova_keeps_is_understood(self):
        self.assertEqual(
            [PLACE], self.connector.get_volume_paths({'location': PLACE}))

    def test_calls_are_traced(self):
        logger = logging.getLogger(connector.__name__)
        level = logger.level
        self.addCleanup(logger.setLevel, level)
        logger.setLevel(logging.DEBUG)
        output = io.StringIO() if sys.version_info[0] > 2 else io.BytesIO()
        handler = logging.StreamHandler(output)
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        device = self.connector.connect_volume({'device_path': PLACE})
        self.connector.disconnect_volume({'device_path': PLACE}, device)
        for call in ('==> connect_volume', '==> disconnect_volume'):
            self.assertIn(call, output.getvalue())

    def test_disconnect_closes_the_file(self):
        device = self.connector.connect_volume({'device_path': PLACE})
        self.connector.disconnect_volume({'device_path': PLACE}, device)
        self.assertTrue(device['path'].closed)

    def test_disconnect_in_each_form(self):
        self.connector.disconnect_volume({'device_path': PLACE}, None)
        self.connector.disconnect_volume({'device_path': PLACE}, None,
                                         force=True, ignore_errors=True)

    def test_the_missing_key_is_named(self):
        for properties in ({}, {'device_path': None}, {'device_path': ''}):
            with self.assertRaises(exception.BrickException) as caught:
                self.connector.connect_volume(properties)
            self.assertIn('device_path', str(caught.exception))

    def test_a_malformed_location_is_refused(self):
        with self.assertRaises(exception.BrickException) as caught:
            self.connector.connect_volume({'device_path': '/dev/sdb'})
        self.assertIn('/dev/sdb', str(caught.exception))

    def test_nothing_is_searched_for_on_the_host(self):
        self.assertIsNone(self.connector.get_search_path())
        self.assertEqual([], self.connector.get_all_available_volumes())
        self.assertEqual(
            {}, connector.OpenvStorageEdgeConnector.get_connector_properties(
                'sudo', multipath=False, enforce_multipath=False,
                host='node', execute=None))

    def test_size_and_validity_come_from_the_vpool(self):
        fake = fixture.FakeVPool()
        fake.setUp()
        self.addCleanup(fake.cleanUp)
        fake.vpool.create('v', 3 * MIB)
        place = 'openvstorage+tcp:127.0.0.1:%d/%%s' % fake.edge.port
        self.assertEqual(3 * MIB, self.connector.extend_volume(
            {'device_path': place % 'v'}))
        self.assertRaises(exception.BrickException,
                          self.connector.extend_volume,
                          {'device_path': place % 'w'})
        self.assertTrue(self.connector.check_valid_device(place % 'v'))
        self.assertTrue(self.connector.check_valid_device(place % 'v', False))
        self.assertFalse(self.connector.check_valid_device(place % 'w'))
        device = self.connector.connect_volume({'device_path': place % 'v'})
        self.assertTrue(self.connector.check_valid_device(device['path']))
        self.assertFalse(self.connector.check_valid_device('/dev/sdb'))

    def test_signatures_fit_the_release(self):
        for name, method in vars(base.BaseLinuxConnector).items():
            ours = vars(connector.OpenvStorageEdgeConnector).get(name)
            if ours is not None and inspect.isfunction(method):
                _check_accepts(self, ours, method)

    def test_nothing_abstract_is_left(self):
        self.assertFalse(
            connector.OpenvStorageEdgeConnector.__abstractmethods__)


def _check_accepts(test, ours, theirs):
    get_spec = getattr(inspect, 'getfullargspec', None) or inspect.getargspec
    spec, wanted = get_spec(ours), get_spec(theirs)
    if not spec.varargs:
        test.assertEqual(wanted.args, spec.args[:len(wanted.args)],
                         ours.__name__)
