# SPDX-License-Identifier: Apache-2.0

"""Owners of volumes: two hosts of a Cinder, two Cinders."""

import uuid

from cinder import exception
from cinder import objects

from ovs_drivers.cinder import errors
from ovs_drivers.cinder import vpool
from ovs_drivers.tests.behaviour import base
from ovs_drivers.tests.behaviour import database

OTHER_HOST = 'other@' + base.SECTION
STRANGE_ID = '7968a798-a0ab-4f6a-8f3d-32f785215307'


class OwnersTestCase(base.DriverTestCase):

    has_database = True

    def setUp(self):
        super(OwnersTestCase, self).setUp()
        self.use(database.Database())
        self.second = self.new_driver()
        self.second.host = OTHER_HOST

    def record(self, **fields):
        """A volume of Cinder's, in the database and on the vPool."""
        values = {'size': 1, 'status': 'available',
                  'host': 'node@' + base.SECTION}
        values.update(fields)
        volume = objects.Volume(self.context, **values)
        volume.create()
        return volume

    def created(self, **fields):
        volume = self.record(**fields)
        self.update(volume, self.driver.create_volume(volume))
        volume.save()
        return volume

    def by_hand(self, name=None):
        # The database remembers those of the tests before.
        name = name or 'disk %s' % uuid.uuid4()
        self.driver._vpool.create(name, base.GIB)
        return name

    def manage(self, name):
        """The second host manages NAME."""
        volume = self.record(host=OTHER_HOST)
        reference = {'source-name': name}
        try:
            volume.size = self.second.manage_existing_get_size(volume,
                                                               reference)
            self.update(volume, self.second.manage_existing(volume,
                                                            reference))
        except Exception:
            volume.destroy()
            raise
        volume.save()
        return volume

    def unmanage(self, driver, volume):
        driver.unmanage(volume)
        volume.destroy()

    def check_refused(self, name, reason):
        before = self.backend.names()
        with self.assertRaises(exception.ManageExistingAlreadyManaged) as (
                caught):
            self.manage(name)
        self.assertIn(reason, str(caught.exception))
        self.assertEqual(before, self.backend.names())
        entry = self.entry(name)
        self.assertIs(False, entry['safe_to_manage'])
        self.assertIn(reason, entry['reason_not_safe'])

    def entry(self, name):
        entries = self.second.get_manageable_volumes([], None, 1000, 0,
                                                     ['size'], ['asc'])
        found, = [entry for entry in entries
                  if entry['reference']['source-name'] == name]
        return found

    def test_of_another_host(self):
        volume = self.created()
        self.check_refused(volume.name, 'of this cloud')

    def test_of_another_host_after_a_migration(self):
        volume = self.created(_name_id=STRANGE_ID)
        self.check_refused(volume.name, 'of this cloud')

    def test_managed_by_another_host(self):
        name = self.by_hand()
        self.assertIs(True, self.entry(name)['safe_to_manage'])
        self.manage(name)
        self.second.host = 'third@' + base.SECTION
        self.check_refused(name, 'of this cloud')

    def test_made_by_another_cloud(self):
        self.check_refused(self.by_hand('volume-' + STRANGE_ID),
                           'of another cloud')

    def test_managed_by_another_cloud(self):
        name = self.by_hand()
        self.driver._vpool.add_owner(name, STRANGE_ID)
        self.check_refused(name, 'of another cloud')

    def test_taken_by_two_clouds_at_the_same_moment(self):
        name = self.by_hand()
        add_owner = vpool.VPool.add_owner

        def add_beside(asked, name, owner):
            add_owner(asked, name, STRANGE_ID)
            add_owner(asked, name, owner)
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.vpool.VPool.add_owner', add_beside))
        self.assertRaises(exception.ManageExistingAlreadyManaged, self.manage,
                          name)
        self.assertEqual(
            [STRANGE_ID],
            self.driver._vpool.labels()[self.driver._vpool.object_id(name)])

    def test_given_up_and_taken_by_another(self):
        for make in (self.created, lambda: self.manage(self.by_hand())):
            volume = make()
            name = self.driver._name(volume)
            self.unmanage(self.driver, volume)
            self.assertIs(True, self.entry(name)['safe_to_manage'])
            managed = self.manage(name)
            self.assertIs(False, self.entry(name)['safe_to_manage'])
            self.second.delete_volume(managed)
            self.assertEqual([], self.backend.names())

    def test_given_up_before_there_were_labels(self):
        volume = self.created()
        volume.destroy()
        self.manage(volume.name)

    def test_a_manage_that_was_cut_can_be_repeated(self):
        """Cinder deletes the record, which names no volume of the vPool."""
        name = self.by_hand()
        cut = self.record(host=OTHER_HOST)
        self.driver._vpool.add_owner(name, cut.id)
        self.second.delete_volume(cut)
        cut.destroy()
        managed = self.manage(name)
        self.second.delete_volume(managed)
        self.assertEqual([], self.backend.names())

    def test_a_manage_that_fails_is_undone(self):
        name = self.by_hand()

        def extend(*_arguments):
            raise errors.VPoolError('disk on fire')
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.vpool.VPool.extend', extend))
        self.assertRaises(errors.VPoolError, self.manage, name)
        self.assertEqual([name], self.backend.names())

    def test_a_managed_volume_that_goes_with_its_clone(self):
        managed = self.manage(self.by_hand())
        clone = self.clone(managed)
        self.second.delete_volume(managed)
        self.delete(clone)
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual([], self.backend.names())
