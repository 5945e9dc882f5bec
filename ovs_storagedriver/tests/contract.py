# SPDX-License-Identifier: Apache-2.0

"""The base of the tests of the XML-RPC calls."""

import unittest
import uuid
import xmlrpc.client

from ovs_storagedriver import testing
from ovs_storagedriver.tests import support

# Every call, with the keys that it cannot do without.
KEYS = {
    'volumesList': {},
    'volumesListByPath': {},
    'vpoolInfo': {},
    'getVolumeId': {'target_path': '/v.raw'},
    'getObjectId': {'target_path': '/v.raw'},
    'volumeInfo': {'volume_id': str(uuid.uuid4())},
    'volumeCreate': {'target_path': '/v.raw', 'volume_size': '1MiB'},
    'volumeClone': {'target_path': '/v.raw', 'parent_snapshot_id': '',
                    'parent_volume_id': str(uuid.uuid4())},
    'snapshotCreate': {'volume_id': str(uuid.uuid4()), 'snapshot_id': 's'},
    'snapshotsList': {'volume_id': str(uuid.uuid4())},
    'snapshotInfo': {'volume_id': str(uuid.uuid4()), 'snapshot_id': 's'},
    'snapshotDestroy': {'volume_id': str(uuid.uuid4()), 'snapshot_id': 's'},
    'snapshotRestore': {'volume_id': str(uuid.uuid4()), 'snapshot_id': 's'},
    'setVolumeAsTemplate': {'volume_id': str(uuid.uuid4())},
    'unlink': {'target_path': '/v.raw'},
    'resizeObject': {'volume_id': str(uuid.uuid4()), 'volume_size': '1MiB'},
    'isVolumeSyncedUpToSnapshot': {'volume_id': str(uuid.uuid4()),
                                   'snapshot_id': 's'},
    'fenceVolume': {'volume_name': 'v', 'address': ''},
    'migrateVolume': {'volume_id': str(uuid.uuid4()), 'vrouter_id': 'node1',
                      'force': 'false'},
}


class ContractTestCase(unittest.TestCase):
    """Two nodes of one vPool, asked with Python's own client."""

    @classmethod
    def setUpClass(cls):
        cls.running = testing.RunningStorageDriver(nodes=2).__enter__()
        cls.addClassCleanup(cls.running.__exit__, None, None, None)
        cls.node1, cls.node2 = [support.Plain(port, cls.running.guid)
                                for port in cls.running.xml_rpc_ports]

    def assertCode(self, code, answer):
        self.assertIsInstance(answer, dict, answer)
        self.assertEqual({'xmlrpc_error_code', 'xmlrpc_error_string'},
                         set(answer))
        self.assertEqual(code, answer['xmlrpc_error_code'], answer)
        self.assertIsInstance(answer['xmlrpc_error_string'], str)

    def assertFault(self, text, call, *args, **request):
        with self.assertRaises(xmlrpc.client.Fault) as caught:
            answer = call(*args, **request)
            self.fail('no fault but %r' % (answer,))
        self.assertEqual(1, caught.exception.faultCode)
        self.assertIn(text, caught.exception.faultString)
