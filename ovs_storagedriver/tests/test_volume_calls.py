# SPDX-License-Identifier: Apache-2.0

"""The XML-RPC calls that make, find, show, grow and remove volumes."""

import concurrent.futures
import uuid

from ovs_storagedriver.tests import contract
from ovs_storagedriver.tests import support

INFO_FIELDS = {
    'volume_id', '_namespace_', 'parent_namespace', 'parent_snapshot_id',
    'volume_size', 'lba_size', 'lba_count', 'cluster_multiplier',
    'sco_multiplier', 'failover_mode', 'failover_ip', 'failover_port',
    'halted', 'footprint', 'stored', 'object_type', 'parent_volume_id',
    'vrouter_id'}


class VolumeTestCase(contract.ContractTestCase):

    def test_create_and_find(self):
        name, volume = self.node1.create(size='10GiB')
        self.assertEqual(str(uuid.UUID(volume)), volume)
        path = '/%s.raw' % name
        for node in (self.node1, self.node2):
            self.assertIn(volume, node('volumesList'))
            self.assertIn(path, node('volumesListByPath'))
            self.assertEqual({'volume_id': volume},
                             node('getVolumeId', target_path=path))
            self.assertEqual({'object_id': volume},
                             node('getObjectId', target_path=path))

    def test_none_of_this_name(self):
        path = '/%s.raw' % support.unique()
        self.assertEqual({'volume_id': ''},
                         self.node1('getVolumeId', target_path=path))
        self.assertEqual({'object_id': ''},
                         self.node1('getObjectId', target_path=path))

    def test_sizes(self):
        for text, size in (('0B', 0), ('4096B', 4096), ('1B', 4096),
                           ('512KiB', 1 << 19), ('3MiB', 3 << 20),
                           ('10GiB', 10 << 30), ('64TiB', 64 << 40)):
            with self.subTest(text):
                _name, volume = self.node1.create(size=text)
                info = self.node1('volumeInfo', volume_id=volume)
                self.assertEqual('%d' % size, info['volume_size'])

    def test_malformed_sizes(self):
        _name, volume = self.node1.create()
        for text in ('', '10', 'GiB', '10 GiB', '10GB', '10gib', '-1GiB',
                     '1.5GiB', '0x10B', '1e3B', ' 1B', '1B ', '1B\n',
                     '9' * 19 + 'PiB', '9' * 5000 + 'B', '٣B', '10GiBGiB'):
            with self.subTest(text[:20]):
                self.assertFault('volume_size', self.node1.create, size=text)
                self.assertFault('volume_size', self.node1, 'resizeObject',
                                 volume_id=volume, volume_size=text)

    def test_too_large(self):
        name = support.unique()
        for size in ('65TiB', '70368744177665B', '1PiB'):
            self.assertCode(2, self.node1(
                'volumeCreate', target_path='/%s.raw' % name,
                volume_size=size))
        self.assertEqual('', self.node1('getVolumeId', target_path='/%s.raw'
                                        % name)['volume_id'])

    def test_name_taken(self):
        name, volume = self.node1.create()
        for size in ('1MiB', '2MiB'):
            self.assertCode(4, self.node1(
                'volumeCreate', target_path='/%s.raw' % name,
                volume_size=size))
        self.assertEqual('1048576', self.node1('volumeInfo', volume_id=volume)[
            'volume_size'])

    def test_longest_and_odd_names(self):
        for name in ('x' * 254, 'ü' * 127, 'a b', '%41', 'a:b', "a'\"<&>b",
                     ']]>', '.hidden', 'x.raw', '😀', '\u2028'):
            with self.subTest(name):
                name, volume = self.node1.create(name)
                path = '/%s.raw' % name
                self.assertEqual(volume, self.node1(
                    'getVolumeId', target_path=path)['volume_id'])
                self.assertIn(path, self.node1('volumesListByPath'))
                self.assertEqual('', self.node1('unlink', target_path=path))

    def test_info(self):
        _name, volume = self.node1.create(size='10MiB')
        info = self.node1('volumeInfo', volume_id=volume)
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
        name, volume = self.node1.create()
        with support.disk(self.running.data, name) as disk:
            disk.write(0, b'x' * support.MIB)
        stored = int(self.node1('volumeInfo', volume_id=volume)['stored'])
        self.assertGreaterEqual(stored, support.MIB)

    def test_grow(self):
        name, volume = self.node1.create()
        self.assertEqual('', self.node1('resizeObject', volume_id=volume,
                                        volume_size='3MiB'))
        self.assertEqual('', self.node1('resizeObject', volume_id=volume,
                                        volume_size='3MiB'))
        with support.disk(self.running.data, name) as disk:
            self.assertEqual(3 << 20, disk.size)

    def test_shrink(self):
        _name, volume = self.node1.create()
        self.assertCode(2, self.node1('resizeObject', volume_id=volume,
                                      volume_size='4096B'))
        self.assertCode(2, self.node1('resizeObject', volume_id=volume,
                                      volume_size='65TiB'))

    def test_unlink(self):
        name, volume = self.node1.create()
        path = '/%s.raw' % name
        self.assertEqual('', self.node1('unlink', target_path=path))
        self.assertCode(1, self.node1('unlink', target_path=path))
        self.assertCode(1, self.node1('volumeInfo', volume_id=volume))
        self.assertNotIn(volume, self.node1('volumesList'))

    def test_many_volumes_are_listed_in_pieces(self):
        paths = ['/%s.raw' % support.unique('many') for _n in range(1001)]
        with concurrent.futures.ThreadPoolExecutor(8) as callers:
            list(callers.map(lambda path: self.node1(
                'volumeCreate', target_path=path, volume_size='0B'), paths))
            listed = self.node1('volumesListByPath')
            self.assertEqual(sorted(set(listed)), sorted(listed))
            self.assertLessEqual(set(paths), set(listed))
            answers = callers.map(lambda path: self.node1(
                'unlink', target_path=path), paths)
            self.assertEqual({''}, set(answers))

    def test_vpool_info(self):
        before = self.node1('vpoolInfo')
        self.node1.create(size='5GiB')
        info = self.node2('vpoolInfo')
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
              'edge_port': '%d' % self.running.edge_ports[index],
              'xml_rpc_port': '%d' % self.running.xml_rpc_ports[index]}
             for index in range(2)], info['nodes'])

    def test_fence(self):
        name, _volume = self.node1.create()
        with support.disk(self.running.data, name) as disk:
            for address in ('127.0.0.1', '::1'):
                self.assertEqual({'sessions': '0'}, self.node1(
                    'fenceVolume', volume_name=name, address=address))
            disk.write(0, b'x' * 4096)
            self.assertEqual({'sessions': '1'}, self.node1(
                'fenceVolume', volume_name=name, address=''))
            with self.assertRaises(OSError):
                disk.read(0, 4096)
        with support.disk(self.running.data, name) as disk:
            self.assertEqual(b'x' * 4096, disk.read(0, 4096))

    def test_fence_of_nothing(self):
        self.assertCode(1, self.node1('fenceVolume', address='',
                                      volume_name=support.unique()))
        self.assertFault('volume_name', self.node1, 'fenceVolume', address='',
                         volume_name='a/b')
        name, _volume = self.node2.create()
        self.assertIn('xmlrpc_redirect_port', self.node1(
            'fenceVolume', volume_name=name, address=''))
        for address in ('host', '10.0.0.1/8', '10.0.0.1:80', 'x' * 300):
            self.assertCode(2, self.node2('fenceVolume', volume_name=name,
                                          address=address))
