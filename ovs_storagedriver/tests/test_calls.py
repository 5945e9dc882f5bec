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

"""The contract of every XML-RPC call, as Python's own client sees it."""

import base64
import concurrent.futures
import unittest
import uuid
import xmlrpc.client

from ovs_storagedriver import calls
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
    'migrateVolume': {'volume_id': str(uuid.uuid4()), 'vrouter_id': 'node1',
                      'force': 'false'},
}
INFO_FIELDS = {
    'volume_id', '_namespace_', 'parent_namespace', 'parent_snapshot_id',
    'volume_size', 'lba_size', 'lba_count', 'cluster_multiplier',
    'sco_multiplier', 'failover_mode', 'failover_ip', 'failover_port',
    'halted', 'footprint', 'stored', 'object_type', 'parent_volume_id',
    'vrouter_id'}


def setUpModule():
    global running, node1, node2
    running = testing.RunningStorageDriver(nodes=2).__enter__()
    unittest.addModuleCleanup(running.__exit__, None, None, None)
    node1, node2 = [support.Plain(port, running.guid)
                    for port in running.xml_rpc_ports]


class ContractTestCase(unittest.TestCase):

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


class EveryCallTestCase(ContractTestCase):

    def test_the_table_is_complete(self):
        self.assertEqual(set(KEYS), set(calls._CALLS))

    def test_guid_missing(self):
        for method, keys in KEYS.items():
            with self.subTest(method):
                self.assertFault('vrouter_cluster_id is missing',
                                 node1.send, method, keys)

    def test_guid_of_another_vpool(self):
        for method, keys in KEYS.items():
            with self.subTest(method):
                self.assertFault('not the guid of this vPool', node1, method,
                                 vrouter_cluster_id=str(uuid.uuid4()), **keys)

    def test_guid_in_capitals(self):
        self.assertIn('total', node1(
            'vpoolInfo', vrouter_cluster_id=running.guid.upper()))

    def test_key_missing(self):
        for method, keys in KEYS.items():
            for missing in keys:
                with self.subTest(method, missing=missing):
                    self.assertFault('%s is missing' % missing, node1, method,
                                     **{**keys, missing: None})

    def test_key_of_the_wrong_kind(self):
        for method, keys in KEYS.items():
            for wrong in keys:
                for value in (7, 1.5, ['x'], {'a': 'b'},
                              xmlrpc.client.Binary(b'x'),
                              xmlrpc.client.DateTime(0)):
                    with self.subTest(method, wrong=wrong, value=value):
                        self.assertFault(wrong, node1, method,
                                         **{**keys, wrong: value})

    def test_no_struct(self):
        for method in KEYS:
            for parameters in ((), ('text',), ({}, {}), ([],), (7,)):
                with self.subTest(method, parameters=parameters):
                    self.assertFault('one parameter, a struct', node1.send,
                                     method, *parameters)

    def test_unknown_call(self):
        for method in ('volumeRename', '_check_vpool', 'system.listMethods',
                       'volumesList.__class__'):
            self.assertFault('no such call', node1, method)

    def test_other_keys_are_ignored(self):
        answer = node1('volumesList', some_key='some value')
        self.assertIsInstance(answer, list)

    def test_no_such_volume(self):
        for method, keys in KEYS.items():
            if 'volume_id' not in keys:
                continue
            for volume_id in (str(uuid.uuid4()), 'nonsense', '',
                              '{%s}' % uuid.uuid4(), 'ü' * 200):
                with self.subTest(method, volume_id=volume_id):
                    self.assertCode(1, node1(
                        method, **{**keys, 'volume_id': volume_id}))

    def test_no_such_snapshot(self):
        _name, volume = node1.create()
        for method in ('snapshotInfo', 'snapshotDestroy', 'snapshotRestore',
                       'isVolumeSyncedUpToSnapshot'):
            with self.subTest(method):
                self.assertCode(3, node1(method, volume_id=volume,
                                         snapshot_id='none'))

    def test_names_that_are_refused(self):
        _name, volume = node1.create()
        for name in ('a/b', 'a\nb', 'a\tb', 'a\x7fb', '..', '.', 'x' * 255,
                     'ü' * 128):
            for method, keys in KEYS.items():
                with self.subTest(method, name=name):
                    if 'target_path' in keys:
                        self.assertFault('name', node1, method, **{
                            **keys, 'target_path': '/%s.raw' % name})
                    if 'snapshot_id' in keys:
                        self.assertFault('snapshot_id', node1, method, **{
                            **keys, 'volume_id': volume,
                            'snapshot_id': name})
        self.assertEqual([], node1('snapshotsList', volume_id=volume))

    def test_paths_that_are_none(self):
        for path in ('', '/', 'v.raw', '/v', '/.raw', '/v.raw/', '/v.RAW'):
            for method in ('getVolumeId', 'getObjectId', 'unlink'):
                with self.subTest(method, path=path):
                    self.assertFault('/NAME.raw', node1, method,
                                     target_path=path)


class VolumeTestCase(ContractTestCase):

    def test_create_and_find(self):
        name, volume = node1.create(size='10GiB')
        self.assertEqual(str(uuid.UUID(volume)), volume)
        path = '/%s.raw' % name
        for node in (node1, node2):
            self.assertIn(volume, node('volumesList'))
            self.assertIn(path, node('volumesListByPath'))
            self.assertEqual({'volume_id': volume},
                             node('getVolumeId', target_path=path))
            self.assertEqual({'object_id': volume},
                             node('getObjectId', target_path=path))

    def test_none_of_this_name(self):
        path = '/%s.raw' % support.unique()
        self.assertEqual({'volume_id': ''},
                         node1('getVolumeId', target_path=path))
        self.assertEqual({'object_id': ''},
                         node1('getObjectId', target_path=path))

    def test_sizes(self):
        for text, size in (('0B', 0), ('4096B', 4096), ('1B', 4096),
                           ('512KiB', 1 << 19), ('3MiB', 3 << 20),
                           ('10GiB', 10 << 30), ('64TiB', 64 << 40)):
            with self.subTest(text):
                _name, volume = node1.create(size=text)
                info = node1('volumeInfo', volume_id=volume)
                self.assertEqual('%d' % size, info['volume_size'])

    def test_malformed_sizes(self):
        _name, volume = node1.create()
        for text in ('', '10', 'GiB', '10 GiB', '10GB', '10gib', '-1GiB',
                     '1.5GiB', '0x10B', '1e3B', ' 1B', '1B ', '1B\n',
                     '9' * 19 + 'PiB', '9' * 5000 + 'B', '٣B', '10GiBGiB'):
            with self.subTest(text[:20]):
                self.assertFault('volume_size', node1.create, size=text)
                self.assertFault('volume_size', node1, 'resizeObject',
                                 volume_id=volume, volume_size=text)

    def test_too_large(self):
        name = support.unique()
        for size in ('65TiB', '70368744177665B', '1PiB'):
            self.assertCode(2, node1(
                'volumeCreate', target_path='/%s.raw' % name,
                volume_size=size))
        self.assertEqual('', node1('getVolumeId', target_path='/%s.raw'
                                   % name)['volume_id'])

    def test_name_taken(self):
        name, volume = node1.create()
        for size in ('1MiB', '2MiB'):
            self.assertCode(4, node1(
                'volumeCreate', target_path='/%s.raw' % name,
                volume_size=size))
        self.assertEqual('1048576', node1('volumeInfo', volume_id=volume)[
            'volume_size'])

    def test_longest_and_odd_names(self):
        for name in ('x' * 254, 'ü' * 127, 'a b', '%41', 'a:b', "a'\"<&>b",
                     ']]>', '.hidden', 'x.raw', '😀', '\u2028'):
            with self.subTest(name):
                name, volume = node1.create(name)
                path = '/%s.raw' % name
                self.assertEqual(volume, node1(
                    'getVolumeId', target_path=path)['volume_id'])
                self.assertIn(path, node1('volumesListByPath'))
                self.assertEqual('', node1('unlink', target_path=path))

    def test_info(self):
        _name, volume = node1.create(size='10MiB')
        info = node1('volumeInfo', volume_id=volume)
        self.assertEqual(INFO_FIELDS, set(info))
        self.assertEqual({str}, set(map(type, info.values())))
        expected = {'volume_id': volume, '_namespace_': volume,
                    'volume_size': '10485760', 'lba_size': '512',
                    'lba_count': '20480', 'cluster_multiplier': '8',
                    'halted': 'false', 'object_type': 'VOLUME',
                    'vrouter_id': 'node1', 'parent_volume_id': '',
                    'parent_snapshot_id': '', 'parent_namespace': '',
                    'stored': '0'}
        self.assertEqual(expected, {key: info[key] for key in expected})

    def test_info_of_a_volume_with_data(self):
        name, volume = node1.create()
        with support.disk(running.data, name) as disk:
            disk.write(0, b'x' * support.MIB)
        stored = int(node1('volumeInfo', volume_id=volume)['stored'])
        self.assertGreaterEqual(stored, support.MIB)

    def test_grow(self):
        name, volume = node1.create()
        self.assertEqual('', node1('resizeObject', volume_id=volume,
                                   volume_size='3MiB'))
        self.assertEqual('', node1('resizeObject', volume_id=volume,
                                   volume_size='3MiB'))
        with support.disk(running.data, name) as disk:
            self.assertEqual(3 << 20, disk.size)

    def test_shrink(self):
        _name, volume = node1.create()
        self.assertCode(2, node1('resizeObject', volume_id=volume,
                                 volume_size='4096B'))
        self.assertCode(2, node1('resizeObject', volume_id=volume,
                                 volume_size='65TiB'))

    def test_unlink(self):
        name, volume = node1.create()
        path = '/%s.raw' % name
        self.assertEqual('', node1('unlink', target_path=path))
        self.assertCode(1, node1('unlink', target_path=path))
        self.assertCode(1, node1('volumeInfo', volume_id=volume))
        self.assertNotIn(volume, node1('volumesList'))

    def test_many_volumes_are_listed_in_pieces(self):
        paths = ['/%s.raw' % support.unique('many') for _n in range(1001)]
        with concurrent.futures.ThreadPoolExecutor(8) as callers:
            list(callers.map(lambda path: node1(
                'volumeCreate', target_path=path, volume_size='0B'), paths))
            listed = node1('volumesListByPath')
            self.assertEqual(sorted(set(listed)), sorted(listed))
            self.assertLessEqual(set(paths), set(listed))
            answers = callers.map(lambda path: node1(
                'unlink', target_path=path), paths)
            self.assertEqual({''}, set(answers))

    def test_vpool_info(self):
        before = node1('vpoolInfo')
        node1.create(size='5GiB')
        info = node2('vpoolInfo')
        strings = {key: value for key, value in info.items()
                   if key != 'nodes'}
        self.assertEqual({str}, set(map(type, strings.values())))
        self.assertEqual(5 << 30, int(info['provisioned']) -
                         int(before['provisioned']))
        self.assertEqual(1, int(info['volumes']) - int(before['volumes']))
        self.assertGreater(int(info['total']), int(info['free']))
        self.assertEqual('true', info['multiattach'])
        self.assertEqual('true', info['online_extend'])
        self.assertEqual(
            [{'vrouter_id': 'node%d' % (index + 1), 'host': '127.0.0.1',
              'edge_port': '%d' % running.edge_ports[index],
              'xml_rpc_port': '%d' % running.xml_rpc_ports[index]}
             for index in range(2)], info['nodes'])


class SnapshotTestCase(ContractTestCase):

    def test_create_list_info_destroy(self):
        _name, volume = node1.create()
        node1.snapshot(volume, 'one')
        node1.snapshot(volume, 'two')
        self.assertEqual(['one', 'two'],
                         node1('snapshotsList', volume_id=volume))
        info = node1('snapshotInfo', volume_id=volume, snapshot_id='one')
        self.assertEqual({'snapshot_id', 'timestamp', 'uuid', 'stored',
                          'in_backend', 'metadata'}, set(info))
        self.assertEqual('one', info['snapshot_id'])
        self.assertEqual(str(uuid.UUID(info['uuid'])), info['uuid'])
        self.assertRegex(info['timestamp'], r'\A20\d\d-\d\d-\d\dT\d\d:\d\d:'
                                            r'\d\d\.\d{9}Z\Z')
        self.assertIs(True, info['in_backend'])
        self.assertEqual('0', info['stored'])
        self.assertEqual('', node1('snapshotDestroy', volume_id=volume,
                                   snapshot_id='one'))
        self.assertEqual(['two'], node1('snapshotsList', volume_id=volume))
        self.assertCode(3, node1('snapshotDestroy', volume_id=volume,
                                 snapshot_id='one'))

    def test_metadata(self):
        _name, volume = node1.create()
        data = bytes(range(256)) * 64
        for form, metadata, expected in (
                ('none', None, b''),
                ('Binary', xmlrpc.client.Binary(data), data),
                ('base64 text', base64.b64encode(data).decode(), data),
                ('empty', xmlrpc.client.Binary(b''), b'')):
            with self.subTest(form):
                name = node1.snapshot(volume, metadata=metadata)
                info = node1('snapshotInfo', volume_id=volume,
                             snapshot_id=name)
                self.assertEqual(expected, info['metadata'].data)

    def test_metadata_that_is_refused(self):
        _name, volume = node1.create()
        for metadata in ('not base64!', 'abc', 7, ['x'], 'ü'):
            self.assertFault('metadata', node1, 'snapshotCreate',
                             volume_id=volume, snapshot_id='s',
                             metadata=metadata)
        self.assertCode(2, node1(
            'snapshotCreate', volume_id=volume, snapshot_id='s',
            metadata=xmlrpc.client.Binary(b'x' * 16385)))
        self.assertEqual([], node1('snapshotsList', volume_id=volume))

    def test_name_taken(self):
        _name, volume = node1.create()
        name = node1.snapshot(volume)
        self.assertCode(8, node1('snapshotCreate', volume_id=volume,
                                 snapshot_id=name))

    def test_previous_snapshot_not_on_the_backend(self):
        name, volume = node1.create(size='256MiB')
        snapshots = iter(range(1000))

        def is_refused():
            # What is not on the disk yet takes it a while.
            with support.disk(running.data, name) as disk:
                for offset in range(0, 32 << 20, 4 << 20):
                    disk.write(offset, b'x' * (4 << 20))
            for _two in range(2):
                answer = node1('snapshotCreate', volume_id=volume,
                               snapshot_id='s%d' % next(snapshots))
            return isinstance(answer, dict) and answer

        answer = support.eventually(is_refused, 'a snapshot is refused while '
                                    'the previous one is not safe')
        self.assertCode(6, answer)
        first = node1('snapshotsList', volume_id=volume)[0]
        support.eventually(
            lambda: node1('snapshotInfo', volume_id=volume,
                          snapshot_id=first)['in_backend'], 'it gets safe')

    def test_restore(self):
        name, volume = node1.create()
        with support.disk(running.data, name) as disk:
            disk.write(0, b'old')
            node1.snapshot(volume, 'one')
            disk.write(0, b'new')
            node1.snapshot(volume, 'two')
            self.assertEqual('', node1('snapshotRestore', volume_id=volume,
                                       snapshot_id='one'))
            self.assertEqual(b'old', disk.read(0, 3))
        self.assertEqual(['one'], node1('snapshotsList', volume_id=volume))

    def test_restore_of_what_has_clones(self):
        _name, volume = node1.create()
        node1.snapshot(volume, 'one')
        node1.snapshot(volume, 'two')
        clone = support.unique()
        node1('volumeClone', target_path='/%s.raw' % clone,
              parent_volume_id=volume, parent_snapshot_id='two')
        self.assertCode(7, node1('snapshotRestore', volume_id=volume,
                                 snapshot_id='one'))
        node1('unlink', target_path='/%s.raw' % clone)
        self.assertEqual('', node1('snapshotRestore', volume_id=volume,
                                   snapshot_id='one'))


class CloneTestCase(ContractTestCase):

    def clone(self, parent, snapshot, name=None, node=None):
        answer = (node or node1)(
            'volumeClone', target_path='/%s.raw' % (name or support.unique()),
            parent_volume_id=parent, parent_snapshot_id=snapshot)
        return answer.get('volume_id') or answer

    def test_of_a_snapshot(self):
        name, volume = node1.create(size='2MiB')
        with support.disk(running.data, name) as disk:
            disk.write(4096, b'kept')
            snapshot = node1.snapshot(volume)
            disk.write(4096, b'lost')
        clone_name = support.unique()
        clone = self.clone(volume, snapshot, clone_name)
        info = node1('volumeInfo', volume_id=clone)
        self.assertEqual((volume, volume, snapshot, '2097152'),
                         (info['parent_volume_id'], info['parent_namespace'],
                          info['parent_snapshot_id'], info['volume_size']))
        with support.disk(running.data, clone_name) as disk:
            self.assertEqual(b'kept', disk.read(4096, 4))

    def test_what_has_clones_stays(self):
        name, volume = node1.create()
        snapshot = node1.snapshot(volume)
        clone_name = support.unique()
        self.clone(volume, snapshot, clone_name)
        self.assertCode(7, node1('snapshotDestroy', volume_id=volume,
                                 snapshot_id=snapshot))
        self.assertCode(7, node1('unlink', target_path='/%s.raw' % name))
        node1('unlink', target_path='/%s.raw' % clone_name)
        self.assertEqual('', node1('unlink', target_path='/%s.raw' % name))

    def test_of_a_template(self):
        name, volume = node1.create()
        self.assertCode(2, self.clone(volume, ''))
        for _twice in range(2):
            self.assertEqual('', node1('setVolumeAsTemplate',
                                       volume_id=volume))
        self.assertEqual('TEMPLATE', node1('volumeInfo', volume_id=volume)[
            'object_type'])
        clone_name = support.unique()
        clone = self.clone(volume, '', clone_name)
        info = node1('volumeInfo', volume_id=clone)
        self.assertEqual((volume, ''), (info['parent_volume_id'],
                                        info['parent_snapshot_id']))
        self.assertCode(7, node1('unlink', target_path='/%s.raw' % name))
        for method, keys in (('resizeObject', {'volume_size': '2MiB'}),
                             ('snapshotCreate', {'snapshot_id': 's'})):
            self.assertCode(2, node1(method, volume_id=volume, **keys))

    def test_errors(self):
        name, volume = node1.create()
        snapshot = node1.snapshot(volume)
        self.assertCode(4, self.clone(volume, snapshot, name))
        self.assertCode(3, self.clone(volume, 'none'))
        for parent in (str(uuid.uuid4()), 'nonsense', ''):
            self.assertCode(1, self.clone(parent, snapshot))
        self.assertFault('parent_snapshot_id', self.clone, volume, 'a/b')


class RedirectTestCase(ContractTestCase):

    def assertRedirect(self, index, answer):
        self.assertEqual(
            {'xmlrpc_redirect_host': '127.0.0.1',
             'xmlrpc_redirect_port': '%d' % running.xml_rpc_ports[index]},
            answer)

    def test_calls_on_a_volume_of_the_other_node(self):
        name, volume = node2.create()
        for method, keys in KEYS.items():
            if 'volume_id' not in keys or method == 'migrateVolume':
                continue
            with self.subTest(method):
                self.assertRedirect(1, node1(method, **{
                    **keys, 'volume_id': volume}))
        self.assertRedirect(1, node1('unlink', target_path='/%s.raw' % name))
        self.assertEqual('1048576', node2('volumeInfo', volume_id=volume)[
            'volume_size'])

    def test_create_on_the_other_node(self):
        request = {'target_path': '/%s.raw' % support.unique(),
                   'volume_size': '1MiB', 'vrouter_id': 'node2'}
        self.assertRedirect(1, node1('volumeCreate', **request))
        volume = node2('volumeCreate', **request)['volume_id']
        self.assertEqual('node2', node2('volumeInfo', volume_id=volume)[
            'vrouter_id'])

    def test_clone_on_the_other_node(self):
        _name, volume = node1.create()
        request = {'target_path': '/%s.raw' % support.unique(),
                   'parent_volume_id': volume,
                   'parent_snapshot_id': node1.snapshot(volume),
                   'vrouter_id': 'node2'}
        self.assertRedirect(1, node1('volumeClone', **request))
        clone = node2('volumeClone', **request)['volume_id']
        self.assertEqual('node2', node2('volumeInfo', volume_id=clone)[
            'vrouter_id'])

    def test_a_clone_belongs_to_who_was_asked(self):
        _name, volume = node1.create()
        clone = node2('volumeClone', parent_volume_id=volume,
                      target_path='/%s.raw' % support.unique(),
                      parent_snapshot_id=node1.snapshot(volume))['volume_id']
        self.assertEqual('node2', node2('volumeInfo', volume_id=clone)[
            'vrouter_id'])

    def test_list_of_a_node(self):
        _name, of_node1 = node1.create()
        _name, of_node2 = node2.create()
        self.assertRedirect(1, node1('volumesList', vrouter_id='node2'))
        listed = node2('volumesList', vrouter_id='node2')
        self.assertIn(of_node2, listed)
        self.assertNotIn(of_node1, listed)

    def test_migrate(self):
        _name, volume = node1.create()
        request = {'volume_id': volume, 'vrouter_id': 'node2',
                   'force': 'false'}
        self.assertRedirect(1, node1('migrateVolume', **request))
        self.assertEqual('node1', node1('volumeInfo', volume_id=volume)[
            'vrouter_id'])
        for _twice in range(2):
            self.assertEqual('', node2('migrateVolume', **request))
        self.assertRedirect(1, node1('volumeInfo', volume_id=volume))
        self.assertEqual('node2', node2('volumeInfo', volume_id=volume)[
            'vrouter_id'])

    def test_force_has_to_be_a_flag(self):
        _name, volume = node1.create()
        for force in (True, False, 'true', 'false', 'True', 'False'):
            self.assertEqual('', node1('migrateVolume', volume_id=volume,
                                       vrouter_id='node1', force=force))
        for force in ('maybe', '', 1, 'TRUE'):
            self.assertFault('force', node1, 'migrateVolume', force=force,
                             volume_id=volume, vrouter_id='node1')

    def test_unknown_node(self):
        _name, volume = node1.create()
        for method, keys in (
                ('volumesList', {}),
                ('volumeCreate', KEYS['volumeCreate']),
                ('volumeClone', KEYS['volumeClone']),
                ('migrateVolume', {'volume_id': volume, 'force': 'false'})):
            with self.subTest(method):
                self.assertFault('which are node1, node2', node1, method,
                                 **{**keys, 'vrouter_id': 'node3'})
