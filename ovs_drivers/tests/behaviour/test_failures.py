# SPDX-License-Identifier: Apache-2.0

"""Each call to the vPool fails once, before or after it is carried out.

Whatever fails: the driver says so or goes on, nothing that was there before
is lost, doing it again works, and nothing is left in the end.
"""

import logging
import threading

from cinder import exception

from ovs_drivers.cinder import locks
from ovs_drivers import edge
from ovs_drivers import storagedriver
from ovs_drivers.tests.behaviour import backends
from ovs_drivers.tests.behaviour import base

HOWS = {'edge': ('refuse', 'lose'),
        'xml_rpc': ('refuse', 'lose', 'cut', 'garbage')}


class Killed(BaseException):
    """cinder-volume is gone: nothing of it runs any more."""


class FailureTestCase(base.DriverTestCase):

    def setUp(self):
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.tests.behaviour.backends.backend',
            backends.FakeBackend))
        super(FailureTestCase, self).setUp()
        self.vpool = self.backend.vpool

    def each_failure(self, operation):
        """Run OPERATION once for each way in which one call can fail.

        :param operation: called with a function that runs the step that
                          is to fail
        """
        calls = []

        def record(step):
            del self.vpool.calls[:]
            step()
            calls.extend(self.vpool.calls)
        operation(record)
        self.assertEqual([], self.backend.names())
        self.assertTrue(calls)
        for index, (port, call) in enumerate(calls):
            earlier = calls[:index].count((port, call))
            for how in HOWS[port]:
                failing = self._failing(port, call, how, earlier)
                operation(failing)
                # The next statistics, as cinder-volume asks for them, finish
                # what was left.
                self.driver.get_volume_stats(refresh=True)
                self.assertEqual([], self.backend.names(),
                                 (index, port, call, how))

        for number in range(len(calls)):
            for done in (False, True):
                operation(self._killed(number, done))
                self.driver.get_volume_stats(refresh=True)
                self.assertEqual([], self.backend.names(), (number, done))

    def _killed(self, number, done):
        """Kill cinder-volume at a call, before or after it is carried out."""
        def run(step):
            with _KilledAt(number, done):
                try:
                    step()
                except Killed:
                    pass
            self.driver = self.new_driver()
            step()
        return run

    def _failing(self, port, call, how, earlier):
        def run(step):
            self.vpool.fail(port, call, how, earlier)
            try:
                step()
            except exception.VolumeBackendAPIException:
                pass
            # The order of marks, and so the number of some calls, differs
            # from run to run.
            del self.vpool.failures[:]
            # Again, by the cinder-volume that was started after that
            self.driver = self.new_driver()
            step()
        return run

    def test_create(self):
        def operation(failing):
            volume = self.volume()
            failing(lambda: self.update(volume,
                                        self.driver.create_volume(volume)))
            self.delete(volume)
        self.each_failure(operation)

    def test_a_failed_create_is_undone(self):
        for port, call, how in (('edge', 'create', 'lose'),
                                ('edge', 'create', 'refuse')):
            volume = self.volume()
            self.vpool.fail(port, call, how)
            self.assertRaises(exception.VolumeBackendAPIException,
                              self.driver.create_volume, volume)
            self.assertEqual([], self.backend.names())

    def test_delete(self):
        def operation(failing):
            volume = self.create()
            failing(lambda: self.delete(volume))
        self.each_failure(operation)

    def test_extend(self):
        def operation(failing):
            volume = self.create()
            self.backend.write(volume.name, 0, b'data')
            failing(lambda: self.driver.extend_volume(volume, 2))
            self.assertEqual(b'data', self.backend.read(volume.name, 0, 4))
            self.assertEqual(2 * base.GIB, self.size_of(volume.name))
            self.delete(volume)
        self.each_failure(operation)

    def test_snapshot(self):
        def operation(failing):
            volume = self.create()
            snapshot = self.snapshot(volume)
            failing(lambda: self.driver.create_snapshot(snapshot))
            self.assertEqual([snapshot.name],
                             self.vpool.snapshot_names(volume.name))
            self.driver.delete_snapshot(snapshot)
            self.delete(volume)
        self.each_failure(operation)

    def test_delete_snapshot(self):
        def operation(failing):
            volume = self.create()
            snapshot = self.take_snapshot(volume)
            failing(lambda: self.driver.delete_snapshot(snapshot))
            self.assertEqual([], self.vpool.snapshot_names(volume.name))
            self.delete(volume)
        self.each_failure(operation)

    def test_delete_snapshot_with_a_clone(self):
        def operation(failing):
            volume = self.create()
            snapshot = self.take_snapshot(volume)
            copy = self.from_snapshot(snapshot)
            failing(lambda: self.driver.delete_snapshot(snapshot))
            self.delete(copy)
            self.driver.get_volume_stats(refresh=True)
            self.assertEqual([], self.vpool.snapshot_names(volume.name))
            self.delete(volume)
        self.each_failure(operation)

    def test_volume_from_snapshot(self):
        def operation(failing):
            volume = self.create()
            self.backend.write(volume.name, 0, b'data')
            snapshot = self.take_snapshot(volume)
            copy = self.volume(2)
            failing(lambda: self.update(
                copy, self.driver.create_volume_from_snapshot(copy,
                                                              snapshot)))
            self.assertEqual(b'data', self.backend.read(copy.name, 0, 4))
            self.assertEqual(2 * base.GIB, self.size_of(copy.name))
            self.driver.delete_snapshot(snapshot)
            self.delete(volume)
            self.delete(copy)
        self.each_failure(operation)

    def test_clone(self):
        def operation(failing):
            volume = self.create()
            self.backend.write(volume.name, 0, b'data')
            clone = self.volume(2, source_volid=volume.id)
            failing(lambda: self.update(
                clone, self.driver.create_cloned_volume(clone, volume)))
            self.assertEqual(b'data', self.backend.read(clone.name, 0, 4))
            self.delete(clone)
            self.driver.get_volume_stats(refresh=True)
            self.assertEqual([], self.vpool.snapshot_names(volume.name))
            self.delete(volume)
        self.each_failure(operation)

    def test_a_clone_that_was_cut_short_leaves_nothing(self):
        """cinder-volume dies between the snapshot and the clone."""
        volume = self.create()
        clone = self.volume(source_volid=volume.id)
        self.driver._vpool.snapshot(volume.name, 'clone-' + clone.name)
        self.driver = self.new_driver()
        self.delete(clone)
        self.assertEqual([], self.vpool.snapshot_names(volume.name))

    def test_delete_of_a_source_then_of_its_clone(self):
        def operation(failing):
            volume = self.create()
            clone = self.clone(volume)
            failing(lambda: self.delete(volume))
            self.assertEqual(b'\0', self.backend.read(clone.name, 0, 1))
            self.delete(clone)
        self.each_failure(operation)

    def test_delete_of_the_last_clone(self):
        def operation(failing):
            volume = self.create()
            middle = self.clone(volume)
            clone = self.clone(middle)
            self.delete(volume)
            self.delete(middle)
            failing(lambda: self.delete(clone))
        self.each_failure(operation)

    def test_revert(self):
        def operation(failing):
            volume = self.create()
            self.backend.write(volume.name, 0, b'old')
            snapshot = self.take_snapshot(volume)
            self.backend.write(volume.name, 0, b'new')
            failing(lambda: self.driver.revert_to_snapshot(
                self.context, volume, snapshot))
            self.assertEqual(b'old', self.backend.read(volume.name, 0, 3))
            self.driver.delete_snapshot(snapshot)
            self.delete(volume)
        self.each_failure(operation)

    def test_revert_by_copy(self):
        def operation(failing):
            volume = self.create()
            self.backend.write(volume.name, 0, b'old')
            snapshot = self.take_snapshot(volume)
            self.backend.write(volume.name, 0, b'new')
            clone = self.clone(volume)
            failing(lambda: self.driver.revert_to_snapshot(
                self.context, volume, snapshot))
            self.assertEqual(b'old', self.backend.read(volume.name, 0, 3))
            self.assertEqual(b'new', self.backend.read(clone.name, 0, 3))
            self.driver.delete_snapshot(snapshot)
            self.delete(volume)
            self.delete(clone)
        self.each_failure(operation)

    def test_a_delete_that_failed_is_forgotten(self):
        """The volume may be made available again, and used."""
        volume = self.create()
        clone = self.clone(volume)
        # The second try to remove it, after the mark
        self.vpool.fail('xml_rpc', 'unlink', 'refuse', 1)
        self.assertRaises(exception.VolumeBackendAPIException, self.delete,
                          volume)
        self.delete(clone)
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([volume.name], self.backend.names())

    def test_a_volume_made_anew_is_not_the_deleted_one(self):
        volume = self.create()
        clone = self.clone(volume)
        self.delete(volume)
        # The operator, by hand
        self.vpool.remove(clone.name)
        self.vpool.remove(volume.name)
        self.vpool.create(volume.name, base.GIB)
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([volume.name], self.backend.names())

    def test_what_another_uses_is_swept_later(self):
        volume = self.deleted_volume_without_clones()
        with locks.attempt(volume.id) as held:
            self.assertTrue(held)
            thread = threading.Thread(
                target=self.new_driver().get_volume_stats, args=(True,))
            thread.start()
            thread.join()
            self.assertIn(volume.name, self.backend.names())
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([], self.backend.names())

    def test_a_mark_is_looked_for_again(self):
        """The mark was removed after the sweep had listed it."""
        volume = self.deleted_volume_without_clones()
        mark, = [name for name in self.backend.names()
                 if name.startswith('cinder-deleted.volume.')]
        self.vpool.remove(mark)
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.vpool.VPool._names',
            lambda vpool: vpool._xml_rpc.volume_names() + [mark]))
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([volume.name], self.backend.names())

    def test_another_thread_carries_a_mark_out(self):
        """It does so after the delete of the last clone has listed it."""
        logged = self.use(base.fixtures.FakeLogger(level=logging.WARNING))
        volume = self.create()
        clone = self.clone(volume)
        self.delete(volume)
        other = self.new_driver()
        list_names = self.driver._vpool._names

        def carried_out_meanwhile():
            found = list_names()
            other.get_volume_stats(refresh=True)
            return found
        self.driver._vpool._names = carried_out_meanwhile
        self.delete(clone)
        self.assertEqual([], self.backend.names())
        self.assertEqual('', logged.output)

    def deleted_volume_without_clones(self):
        volume = self.create()
        clone = self.clone(volume)
        self.delete(volume)
        self.vpool.remove(clone.name)
        self.vpool.snapshot_destroy(volume.name, 'clone-' + clone.name)
        return volume

    def reverted_until(self, volume, snapshot, failure):
        """Revert by copying, until the copy is half done."""
        def half(source, target):
            self.backend.write(target, 0, b'h')
            raise failure
        self.driver._copy_data = half
        self.assertRaises(type(failure), self.driver.revert_to_snapshot,
                          self.context, volume, snapshot)
        self.driver = self.new_driver()

    def volume_to_revert(self):
        volume = self.create()
        self.backend.write(volume.name, 0, b'old')
        snapshot = self.take_snapshot(volume)
        self.backend.write(volume.name, 0, b'new')
        return volume, snapshot, self.clone(volume)

    def test_a_revert_that_fails_is_undone(self):
        volume, snapshot, clone = self.volume_to_revert()
        self.reverted_until(volume, snapshot, IOError('disk on fire'))
        self.assertEqual(b'new', self.backend.read(volume.name, 0, 3))
        self.assertEqual(sorted([volume.name, clone.name]),
                         self.backend.names())
        self.assertEqual([snapshot.name, 'clone-' + clone.name],
                         self.vpool.snapshot_names(volume.name))

    def test_a_revert_that_was_cut_is_undone_or_repeated(self):
        for use in (
                lambda each: self.driver.initialize_connection(each, None),
                lambda each: self.delete(self.clone(each)),
                lambda each: self.driver.extend_volume(each, 2)):
            volume, snapshot, clone = self.volume_to_revert()
            self.reverted_until(volume, snapshot, Killed())
            self.assertEqual(b'hew', self.backend.read(volume.name, 0, 3))
            use(volume)
            self.assertEqual(b'new', self.backend.read(volume.name, 0, 3))
            self.reverted_until(volume, snapshot, Killed())
            self.driver.revert_to_snapshot(self.context, volume, snapshot)
            self.assertEqual(b'old', self.backend.read(volume.name, 0, 3))
            self.assertEqual(sorted([volume.name, clone.name]),
                             self.backend.names())
            self.driver.delete_snapshot(snapshot)
            self.delete(volume)
            self.delete(clone)
            self.assertEqual([], self.backend.names())

    def test_a_snapshot_goes_with_the_copy_of_a_cut_revert(self):
        volume, snapshot, clone = self.volume_to_revert()
        self.reverted_until(volume, snapshot, Killed())
        self.driver.delete_snapshot(snapshot)
        self.assertEqual(sorted([volume.name, clone.name]),
                         self.backend.names())
        self.assertNotIn(snapshot.name,
                         self.vpool.snapshot_names(volume.name))

    def test_reverts_of_snapshots_of_one_name(self):
        """Managed snapshots keep their names: nightly, on each volume."""
        volume, _snapshot, _clone = self.volume_to_revert()
        other = self.create()
        nightly = [self.snapshot(each, provider_location='nightly')
                   for each in (volume, other)]
        for each in (volume, other):
            self.vpool.snapshot_create(each.name, 'nightly')
        self.backend.write(volume.name, 0, b'now')
        self.clone(volume)
        copy_data = self.driver._copy_data

        def copy_beside(source, target):
            self.new_driver().delete_snapshot(nightly[1])
            copy_data(source, target)
        self.driver._copy_data = copy_beside
        self.driver.revert_to_snapshot(self.context, volume, nightly[0])
        self.assertEqual(b'new', self.backend.read(volume.name, 0, 3))

    def test_a_delete_costs_the_same_however_many_are_waiting(self):
        def calls():
            source = self.create()
            clone = self.clone(source)
            del self.vpool.calls[:]
            self.delete(clone)
            return len(self.vpool.calls)
        before = calls()
        for _ in range(10):
            waiting = self.create()
            self.clone(waiting)
            self.delete(waiting)
        self.assertEqual(before, calls())

    def test_statistics_of_a_vpool_that_is_down(self):
        self.vpool.fail('xml_rpc', 'vpoolInfo', 'refuse')
        stats = self.driver.get_volume_stats(refresh=True)
        self.assertEqual(('down', 'unknown'), (stats['backend_state'],
                                               stats['free_capacity_gb']))
        self.assertEqual(
            'up', self.driver.get_volume_stats(True)['backend_state'])

    def test_a_repeated_snapshot_is_waited_for(self):
        volume = self.create()
        snapshot = self.take_snapshot(volume)
        held = self.vpool.volume(volume.name).snapshots[snapshot.name]
        held.in_backend = False

        def safe_now(_seconds):
            held.in_backend = True
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.vpool.time.sleep', safe_now))
        self.driver.create_snapshot(snapshot)
        self.assertTrue(held.in_backend)

    def test_a_broken_location_is_an_error_of_the_volume(self):
        broken = self.volume(provider_location='/dev/sdb')
        broken.provider_id = broken.id
        self.assertRaises(exception.VolumeBackendAPIException,
                          self.driver.extend_volume, broken, 2)
        self.assertEqual({}, self.driver._managed_names([broken]))

    def test_a_fence_waits_for_requests_within_a_bound(self):
        volume = self.create()
        self.vpool.fence_is_busy = 2
        self.driver.terminate_connection(volume, None)
        self.assertEqual(3 * [(volume.name, '')], self.vpool.fences)
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.vpool._FENCE_SECONDS', -1))
        self.vpool.fence_is_busy = 1
        with self.assertRaises(exception.VolumeBackendAPIException) as caught:
            self.driver.terminate_connection(volume, None)
        self.assertIn('hint: detach it again', str(caught.exception))

    def test_a_lost_answer_to_a_fence_is_asked_for_again(self):
        volume = self.create()
        self.vpool.fail('xml_rpc', 'fenceVolume', 'lose')
        self.driver.terminate_connection(volume, None)
        self.assertEqual(2, len(self.vpool.fences))

    def test_a_detach_of_what_the_vpool_cannot_fence(self):
        volume = self.create()
        self.vpool.knows_fence = False
        self.driver.terminate_connection(volume, None)
        self.vpool.knows_fence = True
        self.driver.terminate_connection(self.volume(), None)
        self.assertEqual([], self.vpool.fences)

    def test_a_fence_that_is_not_answered_keeps_the_attachment(self):
        volume = self.create()
        self.driver = self.new_driver()
        self.driver._vpool._xml_rpc._endpoints = [('127.0.0.2', 1)]
        self.assertRaises(exception.VolumeBackendAPIException,
                          self.driver.terminate_connection, volume, None)

    def test_a_snapshot_that_is_not_safe_in_time(self):
        volume = self.create()
        self.vpool.back_end_is_slow = True
        snapshot = self.snapshot(volume)
        with self.assertRaises(exception.VolumeBackendAPIException) as caught:
            self.driver.create_snapshot(snapshot)
        self.assertIn('ETIMEDOUT', str(caught.exception))
        self.assertEqual([], self.vpool.snapshot_names(volume.name))

    def test_the_previous_snapshot_is_waited_for(self):
        volume = self.create()
        first = self.take_snapshot(volume)
        held = self.vpool.volume(volume.name).snapshots[first.name]
        held.in_backend = False

        def safe_now(_seconds):
            held.in_backend = True
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.vpool.time.sleep', safe_now))
        self.take_snapshot(volume)
        self.assertEqual(2, len(self.vpool.snapshot_names(volume.name)))

    def test_the_previous_snapshot_is_not_waited_for_for_ever(self):
        volume = self.create()
        first = self.take_snapshot(volume)
        self.vpool.volume(volume.name).snapshots[first.name].in_backend = False
        self.driver = self.new_driver(snapshot_timeout=1)
        with self.assertRaises(exception.VolumeBackendAPIException) as caught:
            self.take_snapshot(volume)
        self.assertIn('EBUSY', str(caught.exception))


class _KilledAt(object):
    """From one call to the vPool on, every call ends the process."""

    def __init__(self, number, done):
        self._left = number
        self._done = done
        self._dead = False
        self._patches = []

    def __enter__(self):
        for owner, name in ((edge.Edge, '_blocking'),
                            (storagedriver.StorageDriver, '_call')):
            original = vars(owner)[name]
            self._patches.append((owner, name, original))
            setattr(owner, name, self._deadly(original))

    def __exit__(self, *_error):
        for owner, name, original in self._patches:
            setattr(owner, name, original)

    def _deadly(self, original):
        def call(*args, **kwargs):
            if self._dead or (self._left == 0 and not self._done):
                self._dead = True
                raise Killed()
            self._left -= 1
            result = original(*args, **kwargs)
            if self._left < 0:
                self._dead = True
                raise Killed()
            return result
        return call
