# SPDX-License-Identifier: Apache-2.0

"""The driver does what Cinder and its users may expect, on any vPool.

Runs on the fake vPool, and on a live one where the environment names one
(see backends.py).
"""

import itertools
import threading

from cinder import exception

from ovs_drivers.brick import connector as brick_connector
from ovs_drivers.cinder import driver
from ovs_drivers.cinder import errors
from ovs_drivers import edge
from ovs_drivers.tests.behaviour import base
from ovs_drivers.tests.behaviour.base import GIB

try:
    from cinder.volume import volume_utils
except ImportError:
    from cinder.volume import utils as volume_utils

MIB = 1 << 20


class VolumesTestCase(base.DriverTestCase):

    def test_create_delete(self):
        volume = self.create(3)
        self.assertEqual([volume.name], self.backend.names())
        self.assertEqual(3 * GIB, self.size_of(volume.name))
        self.assertEqual(64 * b'\0',
                         self.backend.read(volume.name, GIB, 64))
        self.assertIn(volume.name, volume.provider_location)
        self.delete(volume)
        self.assertEqual([], self.backend.names())

    def test_create_again_is_no_error(self):
        volume = self.create()
        self.driver.create_volume(volume)
        self.assertEqual([volume.name], self.backend.names())

    def test_a_taken_name_is_refused_and_unharmed(self):
        volume = self.create(1)
        self.backend.write(volume.name, 0, b'precious')
        other = self.volume(2, id=volume.id)
        with self.assertRaises(errors.NameTaken) as caught:
            self.driver.create_volume(other)
        self.assertIn(volume.name, str(caught.exception))
        self.assertEqual(b'precious', self.backend.read(volume.name, 0, 8))

    def test_delete_of_what_is_not_there(self):
        self.delete(self.volume())
        volume = self.create()
        self.delete(volume)
        self.delete(volume)

    def test_extend(self):
        volume = self.create(1)
        self.backend.write(volume.name, GIB - 4, b'last')
        self.driver.extend_volume(volume, 3)
        self.assertEqual(3 * GIB, self.size_of(volume.name))
        self.assertEqual(b'last\0\0',
                         self.backend.read(volume.name, GIB - 4, 6))
        self.driver.extend_volume(volume, 3)

    def test_extend_with_snapshots_and_clones(self):
        volume = self.create(1)
        snapshot = self.take_snapshot(volume)
        clone = self.from_snapshot(snapshot)
        self.driver.extend_volume(volume, 2)
        self.assertEqual(2 * GIB, self.size_of(volume.name))
        self.assertEqual(GIB, self.size_of(clone.name))

    def test_shrinking_is_refused_and_changes_nothing(self):
        volume = self.create(3)
        with self.assertRaises(exception.VolumeBackendAPIException) as caught:
            self.driver.extend_volume(volume, 2)
        self.assertIn('fewer', str(caught.exception))
        self.assertEqual(3 * GIB, self.size_of(volume.name))

    def test_names_come_from_name_id(self):
        volume = self.volume(_name_id='7968a798-a0ab-4f6a-8f3d-32f785215307')
        self.driver.create_volume(volume)
        self.assertEqual(['volume-7968a798-a0ab-4f6a-8f3d-32f785215307'],
                         self.backend.names())
        self.driver.delete_volume(volume)

    def test_a_record_that_cinder_copied_is_another_volume(self):
        # As for a cached image: all of the record but id and name is copied.
        source = self.create()
        copy = self.volume(provider_location=source.provider_location,
                           provider_id=source.provider_id)
        # Cinder deletes what it could not create, which is not the source.
        self.delete(copy)
        self.assertEqual([source.name], self.backend.names())
        self.update(copy, self.driver.create_cloned_volume(copy, source))
        self.assertNotEqual(source.provider_location, copy.provider_location)
        self.assertEqual(sorted([source.name, copy.name]),
                         self.backend.names())
        self.delete(copy)
        self.assertEqual([source.name], self.backend.names())

    def test_migrated_volumes_keep_their_name(self):
        volume, new = self.create(), self.create()
        update = self.driver.update_migrated_volume(self.context, volume, new,
                                                    'available')
        self.delete(volume)
        self.update(volume, update)
        self.assertEqual(new.name, volume.name)
        self.delete(volume)
        self.assertEqual([], self.backend.names())


class SnapshotsTestCase(base.DriverTestCase):

    def test_snapshot_keeps_the_moment(self):
        volume = self.create()
        self.backend.write(volume.name, 4096, b'before')
        snapshot = self.take_snapshot(volume)
        self.backend.write(volume.name, 4096, b'after!')
        copy = self.from_snapshot(snapshot)
        self.assertEqual(b'before', self.backend.read(copy.name, 4096, 6))
        self.assertEqual(b'after!', self.backend.read(volume.name, 4096, 6))
        self.backend.write(copy.name, 4096, b'copy!!')
        again = self.from_snapshot(snapshot)
        self.assertEqual(b'before', self.backend.read(again.name, 4096, 6))

    def test_every_call_may_be_repeated(self):
        volume = self.create()
        snapshot = self.snapshot(volume)
        self.driver.create_snapshot(snapshot)
        self.driver.create_snapshot(snapshot)
        copy = self.volume(2)
        self.driver.create_volume_from_snapshot(copy, snapshot)
        self.driver.create_volume_from_snapshot(copy, snapshot)
        self.assertEqual(2 * GIB, self.size_of(copy.name))
        clone = self.volume(source_volid=volume.id)
        self.driver.create_cloned_volume(clone, volume)
        self.driver.create_cloned_volume(clone, volume)
        for _again in range(2):
            self.delete(copy)
            self.delete(clone)
            self.driver.delete_snapshot(snapshot)
        for _again in range(2):
            self.delete(volume)
        self.driver.delete_snapshot(snapshot)
        self.assertEqual([], self.backend.names())

    def test_a_name_that_another_volume_has(self):
        volume, other = self.create(), self.create()
        self.backend.write(other.name, 0, b'precious')
        snapshot = self.take_snapshot(volume)
        for make in (
                lambda: self.driver.create_volume_from_snapshot(other,
                                                                snapshot),
                lambda: self.driver.create_cloned_volume(other, volume)):
            self.assertRaises(errors.NameTaken, make)
            self.assertEqual(b'precious',
                             self.backend.read(other.name, 0, 8))
        self.driver.delete_snapshot(snapshot)
        self.assertEqual([], self.driver._vpool.snapshots(volume.name))

    def test_a_snapshot_that_is_gone(self):
        volume = self.create()
        snapshot = self.snapshot(volume)
        copy = self.volume()
        with self.assertRaises(errors.NotFound) as caught:
            self.driver.create_volume_from_snapshot(copy, snapshot)
        self.assertIn(snapshot.name, str(caught.exception))
        self.assertEqual([volume.name], self.backend.names())
        self.assertRaises(errors.NotFound, self.driver.revert_to_snapshot,
                          self.context, volume, snapshot)

    def test_a_source_that_is_gone(self):
        source = self.volume()
        self.assertRaises(errors.NotFound, self.driver.create_cloned_volume,
                          self.volume(), source)
        self.assertRaises(errors.NotFound, self.driver.create_snapshot,
                          self.snapshot(source))
        self.assertEqual([], self.backend.names())

    def test_revert(self):
        volume = self.create()
        self.backend.write(volume.name, 0, b'old')
        snapshot = self.take_snapshot(volume)
        self.backend.write(volume.name, 0, b'new')
        self.assertFalse(self.driver.snapshot_revert_use_temp_snapshot())
        self.driver.revert_to_snapshot(self.context, volume, snapshot)
        self.assertEqual(b'old', self.backend.read(volume.name, 0, 3))
        self.driver.revert_to_snapshot(self.context, volume, snapshot)

    def test_revert_of_a_volume_that_has_grown(self):
        """Cinder refuses it from Queens on; before, the size has to stay"""
        volume = self.create(1)
        self.backend.write(volume.name, 0, b'old')
        snapshot = self.take_snapshot(volume)
        self.driver.extend_volume(volume, 2)
        volume.size = 2
        self.backend.write(volume.name, 0, b'new')
        self.driver.revert_to_snapshot(self.context, volume, snapshot)
        self.assertEqual(2 * GIB, self.size_of(volume.name))
        self.assertEqual(b'old', self.backend.read(volume.name, 0, 3))

    def test_revert_beyond_a_snapshot_that_a_clone_needs(self):
        volume = self.create()
        self.backend.write(volume.name, 0, b'old')
        snapshot = self.take_snapshot(volume)
        self.backend.write(volume.name, 0, b'new')
        self.backend.write(volume.name, GIB - 3, b'end')
        clone = self.clone(volume)
        self.driver.revert_to_snapshot(self.context, volume, snapshot)
        self.assertEqual(b'old', self.backend.read(volume.name, 0, 3))
        self.assertEqual(b'\0\0\0',
                         self.backend.read(volume.name, GIB - 3, 3))
        self.assertEqual(b'new', self.backend.read(clone.name, 0, 3))
        self.assertEqual(sorted([volume.name, clone.name]),
                         self.backend.names())


class ClonesTestCase(base.DriverTestCase):

    def test_a_clone_has_the_data_and_the_wanted_size(self):
        volume = self.create(1)
        self.backend.write(volume.name, 12345, b'data')
        for size in (1, 4):
            clone = self.clone(volume, size)
            self.assertEqual(size * GIB, self.size_of(clone.name))
            self.assertEqual(b'data',
                             self.backend.read(clone.name, 12345, 4))

    def test_larger_from_a_snapshot(self):
        snapshot = self.take_snapshot(self.create(1))
        copy = self.from_snapshot(snapshot, 2)
        self.assertEqual(2 * GIB, self.size_of(copy.name))

    def test_smaller_than_the_source_is_refused_and_undone(self):
        volume = self.create(2)
        self.assertRaises(errors.Shrinking, self.clone, volume, 1)
        snapshot = self.take_snapshot(volume)
        self.assertRaises(errors.Shrinking, self.from_snapshot, snapshot, 1)
        self.assertEqual([volume.name], self.backend.names())
        self.assertEqual([snapshot.name],
                         self.driver._vpool.snapshots(volume.name))

    def test_delete_in_every_order(self):
        """A chain of three clones, and a snapshot, go in any order."""
        for order in itertools.permutations(range(5)):
            if order.index(1) > order.index(0):
                continue  # Cinder keeps a volume that has snapshots
            volume = self.create()
            self.backend.write(volume.name, 0, b'0')
            snapshot = self.take_snapshot(volume)
            copies = [self.from_snapshot(snapshot)]
            copies.append(self.clone(copies[0]))
            copies.append(self.clone(copies[1]))
            for i, copy in enumerate(copies):
                self.backend.write(copy.name, 1 + i, b'%d' % i
                                   if str is not bytes else str(i))
            things = [volume, snapshot] + copies
            left = set(range(5))
            for i in order:
                # cinder-volume may be another one for each of them
                self.driver = self.new_driver()
                if things[i] is snapshot:
                    self.driver.delete_snapshot(snapshot)
                else:
                    self.delete(things[i])
                left.discard(i)
                for j in left - set([1]):
                    self.assertEqual(
                        b'0', self.backend.read(things[j].name, 0, 1))
            self.assertEqual([], self.backend.names(), order)

    def test_deleted_sources_are_not_shown(self):
        volume = self.create()
        clone = self.clone(volume)
        self.delete(volume)
        self.assertIn(clone.name, self.driver._vpool.volumes())
        self.assertNotIn(volume.name, self.driver._vpool.volumes())
        self.assertIn(volume.name, self.backend.names())
        self.delete(clone)
        self.assertEqual([], self.backend.names())

    def test_a_deleted_volume_is_refused_to_all(self):
        """The sweep may remove it at any time: the driver refuses its use."""
        volume = self.create()
        clone = self.clone(volume)
        self.delete(volume)
        service = base.ImageService()
        for use in (
                lambda: self.driver.initialize_connection(volume, None),
                lambda: self.driver.create_volume(volume),
                lambda: self.driver.create_snapshot(self.snapshot(volume)),
                lambda: self.clone(volume),
                lambda: self.driver.extend_volume(volume, 2),
                lambda: self.driver.copy_image_to_volume(
                    self.context, volume, service, 'image'),
                lambda: self.driver.copy_volume_to_image(
                    self.context, volume, service, {}),
                lambda: self.driver.revert_to_snapshot(
                    self.context, volume, self.snapshot(volume))):
            with self.assertRaises(errors.Deleted) as caught:
                use()
        # The error names the mark.
        mark = str(caught.exception).split(' from the vPool')[0].split()[-1]
        self.assertIn(mark, self.backend.names())
        self.driver._vpool._remove_note(mark)
        self.driver.extend_volume(volume, 2)
        self.delete(clone)
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([volume.name], self.backend.names())

    def test_a_deleted_snapshot_is_refused_to_all(self):
        volume = self.create()
        snapshot = self.take_snapshot(volume)
        copy = self.from_snapshot(snapshot)
        self.driver.delete_snapshot(snapshot)
        for use in (lambda: self.from_snapshot(snapshot),
                    lambda: self.driver.revert_to_snapshot(
                        self.context, volume, snapshot)):
            self.assertRaises(errors.Deleted, use)
        self.delete(copy)
        self.assertEqual([], self.driver._vpool.snapshots(volume.name))
        self.assertEqual([volume.name], self.backend.names())

    def test_many_at_once(self):
        volume = self.create()
        clones = []

        def work():
            copy = self.clone(volume)
            clones.append(copy)
            self.delete(copy)
        threads = [threading.Thread(target=work) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(10, len(clones))
        self.assertEqual([volume.name], self.backend.names())
        self.assertEqual([], self.driver._vpool.snapshots(volume.name))


class ManageTestCase(base.DriverTestCase):

    def setUp(self):
        super(ManageTestCase, self).setUp()
        self.managed = []
        self.use(base.fixtures.MonkeyPatch(
            'cinder.objects.VolumeList.get_all_by_host',
            lambda *_args, **_kwargs: self.managed))
        self.use(base.fixtures.MonkeyPatch(
            'cinder.objects.SnapshotList.get_all_for_volume',
            lambda *_args, **_kwargs: []))

    def foreign_volume(self, name='my disk: 1', size=GIB):
        self.driver._vpool.create(name, size)
        self.addCleanup(self.driver._vpool.delete, name)
        return name

    def manage(self, name):
        volume = self.volume(0)
        reference = {'source-name': name}
        volume.size = self.driver.manage_existing_get_size(volume, reference)
        self.update(volume, self.driver.manage_existing(volume, reference))
        self.managed.append(volume)
        return volume

    def test_a_managed_volume_is_used_under_its_own_name(self):
        name = self.foreign_volume(size=GIB + 4096)
        self.backend.write(name, 0, b'data')
        volume = self.manage(name)
        self.assertEqual(2, volume.size)
        self.assertEqual(2 * GIB, self.size_of(name))
        snapshot = self.take_snapshot(volume)
        clone = self.clone(volume)
        self.assertEqual(b'data', self.backend.read(clone.name, 0, 4))
        self.delete(clone)
        self.driver.delete_snapshot(snapshot)
        self.driver.unmanage(volume)
        self.assertEqual([name], self.backend.names())
        self.delete(volume)
        self.assertEqual([], self.backend.names())

    def test_a_copied_record_of_a_managed_volume(self):
        volume = self.manage(self.foreign_volume())
        names = self.backend.names()
        copy = self.volume(provider_location=volume.provider_location,
                           provider_id=volume.provider_id)
        self.delete(copy)
        self.assertEqual(names, self.backend.names())
        # A migration leaves the old volume under a record of another id.
        old = self.volume(provider_location=volume.provider_location,
                          provider_id=volume.provider_id, _name_id=volume.id)
        self.delete(old)
        self.assertEqual([], self.backend.names())

    def test_not_twice(self):
        name = self.foreign_volume()
        self.manage(name)
        self.assertRaises(exception.ManageExistingAlreadyManaged,
                          self.manage, name)

    def test_bad_references(self):
        self.foreign_volume(200 * 'x')
        for reference in ({}, {'source-name': ''}, {'source-name': 'a/b'},
                          {'source-id': 'x'}, 'nothing', {'source-name': 7},
                          {'source-name': 'cinder-owner.x.y'},
                          {'source-name': 'cinder-deleted.volume.x.y'},
                          {'source-name': 'revert.x.y'},
                          {'source-name': 200 * 'x'}):
            self.assertRaises(exception.ManageExistingInvalidReference,
                              self.driver.manage_existing_get_size,
                              self.volume(), reference)

    def test_list_of_volumes(self):
        name = self.foreign_volume()
        volume = self.create(2)
        source = self.create()
        clone = self.clone(source)
        self.delete(source)
        entries = self.driver.get_manageable_volumes(
            [volume, clone], None, 1000, 0, ['size'], ['asc'])
        entries = dict((entry['reference']['source-name'], entry)
                       for entry in entries
                       if entry['reference']['source-name'] in
                       self.backend.names())
        self.assertEqual(set([name, volume.name, clone.name]), set(entries))
        self.assertTrue(entries[name]['safe_to_manage'])
        self.assertEqual((volume.id, 2, 'already managed'),
                         (entries[volume.name]['cinder_id'],
                          entries[volume.name]['size'],
                          entries[volume.name]['reason_not_safe']))

    def test_snapshots(self):
        volume = self.create()
        self.driver._vpool.snapshot(volume.name, 'by hand')
        known = self.take_snapshot(volume)
        self.clone(volume)  # its snapshot is our own affair
        entries = self.driver.get_manageable_snapshots(
            [known], None, 1000, 0, ['size'], ['asc'])
        entries = [entry for entry in entries
                   if entry['source_reference']['source-name'] == volume.name]
        self.assertEqual(
            [('by hand', None), (known.name, known.id)],
            sorted((entry['reference']['source-name'], entry['cinder_id'])
                   for entry in entries))
        snapshot = self.snapshot(volume)
        self.assertEqual(1, self.driver.manage_existing_snapshot_get_size(
            snapshot, {'source-name': 'by hand'}))
        self.update(snapshot, self.driver.manage_existing_snapshot(
            snapshot, {'source-name': 'by hand'}))
        self.driver.unmanage_snapshot(snapshot)
        self.driver.delete_snapshot(snapshot)
        self.assertEqual([known.name],
                         self.driver._vpool.snapshots(volume.name))
        self.assertRaises(exception.ManageExistingInvalidReference,
                          self.driver.manage_existing_snapshot_get_size,
                          snapshot, {'source-name': 'by hand'})


class ConnectionTestCase(base.DriverTestCase):

    def test_the_volume_is_described_completely(self):
        volume = self.create()
        for connector in (None, {'host': 'compute', 'ip': '10.0.0.1'}):
            info = self.driver.initialize_connection(volume, connector)
            self.assertEqual('openvstorage_edge', info['driver_volume_type'])
            self.assertEqual(base.SECTION, info['volume_backend_name'])
            self.assertEqual(
                {'device_path': volume.provider_location,
                 'volume_id': volume.id, 'discard': True, 'encrypted': False,
                 'access_mode': 'rw', 'qos_specs': None}, info['data'])
        self.driver.terminate_connection(volume, None)
        self.driver.terminate_connection(volume, {'host': 'x'}, force=True)
        self.assertEqual(volume.provider_location,
                         self.driver.local_path(volume))

    def test_a_forced_detach_ends_what_was_connected(self):
        volume, other = self.create(), self.create()
        sessions = [self.driver._vpool._edge.open(each.name)
                    for each in (volume, other)]
        for session in sessions:
            self.addCleanup(session.close)
            session.write(0, b'before')
        self.driver.terminate_connection(volume, None, force=True)
        if self.backend.live:
            self.assertRaises(edge.EdgeError, sessions[0].write, 0, b'after!')
        self.assertEqual(b'before', self.backend.read(volume.name, 0, 6))
        sessions[1].write(0, b'after!')
        self.assertEqual(b'after!', self.backend.read(other.name, 0, 6))

    def test_another_snapshot_timeout_travels_along(self):
        volume = self.create()
        self.driver = self.new_driver(snapshot_timeout=7)
        self.assertTrue(self.driver.local_path(volume).endswith(
            volume.name + ':snapshot-timeout=7'))

    def test_cinder_copies_from_one_volume_to_another(self):
        # As when a volume is migrated or backed up
        volumes = [self.create(), self.create()]
        data = b'data' * 1024
        self.backend.write(volumes[0].name, 5 * MIB, data)
        self.backend.write(volumes[1].name, MIB, b'to be overwritten')
        brick = brick_connector.OpenvStorageEdgeConnector('sudo')
        properties = [self.driver.initialize_connection(volume, {})['data']
                      for volume in volumes]
        devices = [brick.connect_volume(each) for each in properties]
        for device in devices:
            self.assertTrue(brick.check_valid_device(device['path']))
        volume_utils.copy_volume(devices[0]['path'], devices[1]['path'],
                                 8, '1M')
        for each, device in zip(properties, devices):
            brick.disconnect_volume(each, device)
        copied = self.backend.read(volumes[1].name, 0, 8 * MIB)
        self.assertEqual(
            b'\0' * 5 * MIB + data + b'\0' * (3 * MIB - len(data)), copied)

    def test_nothing_is_exported(self):
        volume = self.create()
        self.driver.ensure_export(self.context, volume)
        self.driver.create_export(self.context, volume, None)
        self.driver.remove_export(self.context, volume)


class RetypeTestCase(base.DriverTestCase):

    def test_only_where_data_stays_as_it_is(self):
        volume = self.create()
        here, there = {'host': volume.host}, {'host': 'node@other'}
        plain = {'encryption': {}, 'qos_specs': {}, 'extra_specs': {}}
        encrypted = dict(plain, encryption={'cipher': (None, 'aes')})
        for diff, host, agreed in ((plain, here, True), (None, here, True),
                                   (plain, there, False),
                                   (encrypted, here, False)):
            self.assertEqual(
                agreed, self.driver.retype(self.context, volume, {}, diff,
                                           host)[0])


class StatisticsTestCase(base.DriverTestCase):

    def test_what_the_scheduler_reads(self):
        self.create(5)
        stats = self.driver.get_volume_stats(refresh=True)
        self.assertEqual(base.SECTION, stats['volume_backend_name'])
        self.assertEqual('Open vStorage', stats['vendor_name'])
        self.assertGreaterEqual(stats['total_capacity_gb'],
                                stats['free_capacity_gb'])
        self.assertGreaterEqual(stats['provisioned_capacity_gb'], 5)
        self.assertIs(True, stats['thin_provisioning_support'])
        self.assertIs(False, stats['thick_provisioning_support'])
        self.assertIs(True, stats['multiattach'])
        self.assertIs(True, stats['online_extend_support'])
        self.assertGreater(float(stats['max_over_subscription_ratio']), 0)
        self.assertIn('reserved_percentage', stats)
        self.assertEqual(driver.OpenvStorageEdgeVolumeDriver.VERSION,
                         stats['driver_version'])

    def test_statistics_carry_out_what_was_left(self):
        self.driver._vpool._note('cinder-deleted.volume.%s.gone'
                                 % self.volume().id)
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([], self.backend.names())

    def test_whole_while_the_vpool_is_asked(self):
        """Cinder publishes them from other threads, at any moment."""
        whole = set(self.driver.get_volume_stats(refresh=True))
        ask = self.driver._vpool.info
        seen = []

        def look_and_ask():
            seen.append(set(self.driver.get_volume_stats()))
            return ask()
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.vpool.VPool.info',
            lambda _vpool: look_and_ask()))
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([whole], seen)
