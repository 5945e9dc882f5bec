# SPDX-License-Identifier: Apache-2.0

"""The XML-RPC calls on snapshots, clones and templates."""

import base64
import uuid
import xmlrpc.client

from ovs_storagedriver.tests import contract
from ovs_storagedriver.tests import support


class SnapshotTestCase(contract.ContractTestCase):

    def test_create_list_info_destroy(self):
        _name, volume = self.node1.create()
        self.node1.snapshot(volume, 'one')
        self.node1.snapshot(volume, 'two')
        self.assertEqual(['one', 'two'],
                         self.node1('snapshotsList', volume_id=volume))
        info = self.node1('snapshotInfo', volume_id=volume, snapshot_id='one')
        self.assertEqual({'snapshot_id', 'timestamp', 'uuid', 'stored',
                          'in_backend', 'metadata'}, set(info))
        self.assertEqual('one', info['snapshot_id'])
        self.assertEqual(str(uuid.UUID(info['uuid'])), info['uuid'])
        self.assertRegex(info['timestamp'], r'\A20\d\d-\d\d-\d\dT\d\d:\d\d:'
                                            r'\d\d\.\d{9}Z\Z')
        self.assertIs(True, info['in_backend'])
        self.assertEqual('0', info['stored'])
        self.assertEqual('', self.node1('snapshotDestroy', volume_id=volume,
                                        snapshot_id='one'))
        self.assertEqual(['two'],
                         self.node1('snapshotsList', volume_id=volume))
        self.assertCode(3, self.node1('snapshotDestroy', volume_id=volume,
                                      snapshot_id='one'))

    def test_metadata(self):
        _name, volume = self.node1.create()
        data = bytes(range(256)) * 64
        for form, metadata, expected in (
                ('none', None, b''),
                ('Binary', xmlrpc.client.Binary(data), data),
                ('base64 text', base64.b64encode(data).decode(), data),
                ('empty', xmlrpc.client.Binary(b''), b'')):
            with self.subTest(form):
                name = self.node1.snapshot(volume, metadata=metadata)
                info = self.node1('snapshotInfo', volume_id=volume,
                                  snapshot_id=name)
                self.assertEqual(expected, info['metadata'].data)

    def test_metadata_that_is_refused(self):
        _name, volume = self.node1.create()
        for metadata in ('not base64!', 'abc', 7, ['x'], 'ü'):
            self.assertFault('metadata', self.node1, 'snapshotCreate',
                             volume_id=volume, snapshot_id='s',
                             metadata=metadata)
        self.assertCode(2, self.node1(
            'snapshotCreate', volume_id=volume, snapshot_id='s',
            metadata=xmlrpc.client.Binary(b'x' * 16385)))
        self.assertEqual([], self.node1('snapshotsList', volume_id=volume))

    def test_name_taken(self):
        _name, volume = self.node1.create()
        name = self.node1.snapshot(volume)
        self.assertCode(8, self.node1('snapshotCreate', volume_id=volume,
                                      snapshot_id=name))

    def test_restore(self):
        name, volume = self.node1.create()
        with support.disk(self.running.data, name) as disk:
            disk.write(0, b'old')
            self.node1.snapshot(volume, 'one')
            disk.write(0, b'new')
            self.node1.snapshot(volume, 'two')
            self.assertEqual('', self.node1('snapshotRestore',
                                            volume_id=volume,
                                            snapshot_id='one'))
            self.assertEqual(b'old', disk.read(0, 3))
        self.assertEqual(['one'],
                         self.node1('snapshotsList', volume_id=volume))

    def test_restore_of_what_has_clones(self):
        _name, volume = self.node1.create()
        self.node1.snapshot(volume, 'one')
        self.node1.snapshot(volume, 'two')
        clone = support.unique()
        self.node1('volumeClone', target_path='/%s.raw' % clone,
                   parent_volume_id=volume, parent_snapshot_id='two')
        self.assertCode(7, self.node1('snapshotRestore', volume_id=volume,
                                      snapshot_id='one'))
        self.node1('unlink', target_path='/%s.raw' % clone)
        self.assertEqual('', self.node1('snapshotRestore', volume_id=volume,
                                        snapshot_id='one'))


class CloneTestCase(contract.ContractTestCase):

    def clone(self, parent, snapshot, name=None, node=None):
        answer = (node or self.node1)(
            'volumeClone', target_path='/%s.raw' % (name or support.unique()),
            parent_volume_id=parent, parent_snapshot_id=snapshot)
        return answer.get('volume_id') or answer

    def test_of_a_snapshot(self):
        name, volume = self.node1.create(size='2MiB')
        with support.disk(self.running.data, name) as disk:
            disk.write(4096, b'kept')
            snapshot = self.node1.snapshot(volume)
            disk.write(4096, b'lost')
        clone_name = support.unique()
        clone = self.clone(volume, snapshot, clone_name)
        info = self.node1('volumeInfo', volume_id=clone)
        self.assertEqual((volume, volume, snapshot, '2097152'),
                         (info['parent_volume_id'], info['parent_namespace'],
                          info['parent_snapshot_id'], info['volume_size']))
        with support.disk(self.running.data, clone_name) as disk:
            self.assertEqual(b'kept', disk.read(4096, 4))

    def test_what_has_clones_stays(self):
        name, volume = self.node1.create()
        snapshot = self.node1.snapshot(volume)
        clone_name = support.unique()
        self.clone(volume, snapshot, clone_name)
        self.assertCode(7, self.node1('snapshotDestroy', volume_id=volume,
                                      snapshot_id=snapshot))
        self.assertCode(7, self.node1('unlink', target_path='/%s.raw' % name))
        self.node1('unlink', target_path='/%s.raw' % clone_name)
        self.assertEqual('', self.node1('unlink',
                                        target_path='/%s.raw' % name))

    def test_of_a_template(self):
        name, volume = self.node1.create()
        self.assertCode(2, self.clone(volume, ''))
        for _twice in range(2):
            self.assertEqual('', self.node1('setVolumeAsTemplate',
                                            volume_id=volume))
        self.assertEqual('TEMPLATE', self.node1(
            'volumeInfo', volume_id=volume)['object_type'])
        clone_name = support.unique()
        clone = self.clone(volume, '', clone_name)
        info = self.node1('volumeInfo', volume_id=clone)
        self.assertEqual((volume, ''), (info['parent_volume_id'],
                                        info['parent_snapshot_id']))
        self.assertCode(7, self.node1('unlink', target_path='/%s.raw' % name))
        for method, keys in (('resizeObject', {'volume_size': '2MiB'}),
                             ('snapshotCreate', {'snapshot_id': 's'})):
            self.assertCode(2, self.node1(method, volume_id=volume, **keys))

    def test_errors(self):
        name, volume = self.node1.create()
        snapshot = self.node1.snapshot(volume)
        self.assertCode(4, self.clone(volume, snapshot, name))
        self.assertCode(3, self.clone(volume, 'none'))
        for parent in (str(uuid.uuid4()), 'nonsense', ''):
            self.assertCode(1, self.clone(parent, snapshot))
        self.assertFault('parent_snapshot_id', self.clone, volume, 'a/b')
