# SPDX-License-Identifier: Apache-2.0

"""The drivers' own client against the service, redirects included."""

import unittest

from ovs_drivers import storagedriver
from ovs_storagedriver import testing
from ovs_storagedriver.tests import support


def setUpModule():
    global running
    running = testing.RunningStorageDriver(nodes=2).__enter__()
    unittest.addModuleCleanup(running.__exit__, None, None, None)


class ClientTestCase(unittest.TestCase):

    def setUp(self):
        self.client = self.client_of(0)
        self.other = self.client_of(1)

    def client_of(self, node, guid=None, timeout=30):
        return storagedriver.StorageDriver(
            [running.host], running.xml_rpc_ports[node],
            guid or running.guid, timeout)

    def create(self, size=support.MIB, **options):
        name = support.unique()
        return name, self.client.create(name, size, **options)

    def snapshot(self, client, volume, name):
        client.snapshot_create(volume, name, b'metadata')
        support.eventually(lambda: client.is_synced(volume, name),
                           'snapshot %s is synced' % name)

    def test_life_of_a_volume_through_the_wrong_node(self):
        name, volume = self.create(10 << 30)
        other = self.other
        self.assertEqual(volume, other.volume_id(name))
        self.assertIn(name, other.volume_names())
        self.assertIn(volume, other.volume_ids())
        other.resize(volume, 11 << 30)
        info = other.volume_info(volume)
        self.assertEqual(
            storagedriver.VolumeInfo(
                volume_id=volume, size=11 << 30, parent_volume_id=None,
                parent_snapshot_id=None, stored=0, footprint=0,
                is_template=False, vrouter_id='node1', halted=False), info)
        self.snapshot(other, volume, 'one')
        self.assertEqual(['one'], other.snapshots(volume))
        snapshot = other.snapshot_info(volume, 'one')
        self.assertEqual(('one', True, b'metadata'),
                         (snapshot.name, snapshot.in_backend,
                          snapshot.metadata))
        other.snapshot_restore(volume, 'one')
        clone = other.clone(support.unique(), volume, 'one')
        self.assertEqual((volume, 'one', 'node2'), (
            self.client.volume_info(clone).parent_volume_id,
            self.client.volume_info(clone).parent_snapshot_id,
            self.client.volume_info(clone).vrouter_id))
        with self.assertRaises(storagedriver.ObjectStillHasChildren):
            other.unlink(name)
        with self.assertRaises(storagedriver.ObjectStillHasChildren):
            other.snapshot_destroy(volume, 'one')

    def test_errors(self):
        name, volume = self.create()
        self.snapshot(self.client, volume, 'one')
        kinds = storagedriver
        for kind, ask in (
                (kinds.ObjectNotFound,
                 lambda: self.other.unlink(support.unique())),
                (kinds.ObjectNotFound,
                 lambda: self.other.volume_info('nonsense')),
                (kinds.InvalidOperation,
                 lambda: self.other.resize(volume, 4096)),
                (kinds.SnapshotNotFound,
                 lambda: self.other.snapshot_restore(volume, 'two')),
                (kinds.FileExists, lambda: self.other.create(name, 4096)),
                (kinds.SnapshotNameAlreadyExists,
                 lambda: self.other.snapshot_create(volume, 'one')),
                (kinds.Fault, lambda: self.client.migrate(volume, 'node9')),
                (kinds.Fault,
                 lambda: self.client_of(0, volume).volume_names())):
            with self.assertRaises(kind):
                ask()

    def test_owner(self):
        _name, volume = self.create(vrouter_id='node2')
        self.assertEqual('node2', self.client.volume_info(volume).vrouter_id)
        self.other.migrate(volume, 'node1')
        self.assertEqual('node1', self.client.volume_info(volume).vrouter_id)

    def test_template(self):
        _name, volume = self.create()
        self.other.set_as_template(volume)
        self.assertTrue(self.client.volume_info(volume).is_template)
        clone = self.other.clone(support.unique(), volume)
        self.assertEqual((volume, None), (
            self.client.volume_info(clone).parent_volume_id,
            self.client.volume_info(clone).parent_snapshot_id))

    def test_vpool_info(self):
        info = self.other.vpool_info()
        self.assertTrue(info.multiattach)
        self.assertTrue(info.online_extend)
        self.assertGreater(info.total, info.free)
        self.assertEqual(info.total, info.used + info.free)

    def test_restart_of_the_engine_is_not_noticed(self):
        name, volume = self.create()
        pid = running.kill_engine()
        self.assertEqual(volume, self.other.volume_id(name))
        self.assertNotEqual(pid, running.engine_pid)
        running.kill_engine()
        self.create()
        running.kill_engine()
        self.other.unlink(name)
        self.assertIsNone(self.client.volume_id(name))
