# SPDX-License-Identifier: Apache-2.0

"""Rules for every XML-RPC call."""

import errno
import types
import unittest
import uuid
import xmlrpc.client

from ovs_storagedriver import calls
from ovs_storagedriver import engine
from ovs_storagedriver.tests import contract
from ovs_storagedriver.tests import scripted_engine


class EveryCallTestCase(contract.ContractTestCase):

    def test_the_table_is_complete(self):
        self.assertEqual(set(contract.KEYS), set(calls._CALLS))

    def test_guid_missing(self):
        for method, keys in contract.KEYS.items():
            with self.subTest(method):
                self.assertFault('vrouter_cluster_id is missing',
                                 self.node1.send, method, keys)

    def test_guid_of_another_vpool(self):
        for method, keys in contract.KEYS.items():
            with self.subTest(method):
                self.assertFault('not the guid of this vPool', self.node1,
                                 method, **keys,
                                 vrouter_cluster_id=str(uuid.uuid4()))

    def test_guid_in_capitals(self):
        self.assertIn('total', self.node1(
            'vpoolInfo', vrouter_cluster_id=self.running.guid.upper()))

    def test_key_missing(self):
        for method, keys in contract.KEYS.items():
            for missing in keys:
                with self.subTest(method, missing=missing):
                    self.assertFault('%s is missing' % missing, self.node1,
                                     method, **{**keys, missing: None})

    def test_key_of_the_wrong_kind(self):
        for method, keys in contract.KEYS.items():
            for wrong in keys:
                for value in (7, 1.5, ['x'], {'a': 'b'},
                              xmlrpc.client.Binary(b'x'),
                              xmlrpc.client.DateTime(0)):
                    with self.subTest(method, wrong=wrong, value=value):
                        self.assertFault(wrong, self.node1, method,
                                         **{**keys, wrong: value})

    def test_no_struct(self):
        for method in contract.KEYS:
            for parameters in ((), ('text',), ({}, {}), ([],), (7,)):
                with self.subTest(method, parameters=parameters):
                    self.assertFault('one parameter, a struct',
                                     self.node1.send, method, *parameters)

    def test_unknown_call(self):
        for method in ('volumeRename', '_check_vpool', 'system.listMethods',
                       'volumesList.__class__'):
            self.assertFault('no such call', self.node1, method)

    def test_other_keys_are_ignored(self):
        answer = self.node1('volumesList', some_key='some value')
        self.assertIsInstance(answer, list)

    def test_no_such_volume(self):
        for method, keys in contract.KEYS.items():
            if 'volume_id' not in keys:
                continue
            for volume_id in (str(uuid.uuid4()), 'nonsense', '',
                              '{%s}' % uuid.uuid4(), 'ü' * 200):
                with self.subTest(method, volume_id=volume_id):
                    self.assertCode(1, self.node1(
                        method, **{**keys, 'volume_id': volume_id}))

    def test_no_such_snapshot(self):
        _name, volume = self.node1.create()
        for method in ('snapshotInfo', 'snapshotDestroy', 'snapshotRestore',
                       'isVolumeSyncedUpToSnapshot'):
            with self.subTest(method):
                self.assertCode(3, self.node1(method, volume_id=volume,
                                              snapshot_id='none'))

    def test_names_that_are_refused(self):
        _name, volume = self.node1.create()
        for name in ('a/b', 'a\nb', 'a\tb', 'a\x7fb', '..', '.', 'x' * 255,
                     'ü' * 128):
            for method, keys in contract.KEYS.items():
                with self.subTest(method, name=name):
                    if 'target_path' in keys:
                        self.assertFault('name', self.node1, method, **{
                            **keys, 'target_path': '/%s.raw' % name})
                    if 'snapshot_id' in keys:
                        self.assertFault('snapshot_id', self.node1, method, **{
                            **keys, 'volume_id': volume,
                            'snapshot_id': name})
        self.assertEqual([], self.node1('snapshotsList', volume_id=volume))

    def test_paths_that_are_none(self):
        for path in ('', '/', 'v.raw', '/v', '/.raw', '/v.raw/', '/v.RAW'):
            for method in ('getVolumeId', 'getObjectId', 'unlink'):
                with self.subTest(method, path=path):
                    self.assertFault('/NAME.raw', self.node1, method,
                                     target_path=path)


class RefusalTestCase(unittest.TestCase):
    """The engine's reason is the caller's error code."""

    def answer(self, step):
        node = types.SimpleNamespace(id='node1')
        vpool = types.SimpleNamespace(name='vpool', guid=str(uuid.uuid4()),
                                      nodes=[node])
        body = xmlrpc.client.dumps(
            ({'target_path': '/v.raw', 'volume_size': '1MiB',
              'vrouter_cluster_id': vpool.guid},), 'volumeCreate')
        with scripted_engine.ScriptedEngine([step]) as scripted:
            asked = engine.Engine(scripted.path)
            self.addCleanup(asked.close)
            answer = calls.Calls(vpool, asked, node).answer(
                body.encode(), '127.0.0.1')
        return xmlrpc.client.loads(answer)[0][0]

    def test_every_reason(self):
        for code in range(1, 9):
            self.assertEqual(
                {'xmlrpc_error_code': code, 'xmlrpc_error_string': 'why'},
                self.answer(scripted_engine.refusal(errno.EBUSY, code,
                                                    'why')))

    def test_no_reason(self):
        with self.assertRaisesRegex(xmlrpc.client.Fault, 'why'):
            self.answer(scripted_engine.refusal(errno.EIO, 0, 'why'))
