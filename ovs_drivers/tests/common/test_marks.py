# SPDX-License-Identifier: Apache-2.0

import subprocess
import sys
import unittest

from ovs_drivers import location
from ovs_drivers import marks

ID = '7968a798-a0ab-4f6a-8f3d-32f785215307'


class MarksTestCase(unittest.TestCase):

    def test_what_is_written_is_read(self):
        volume, snapshot = marks.of_volume(ID, 'a.b'), marks.of_snapshot(
            ID, 'clone-a.b')
        self.assertEqual(
            [marks.Mark(volume, ID, 'a.b', False),
             marks.Mark(snapshot, ID, 'clone-a.b', True)],
            marks.marks_in([volume, 'a.b', marks.label(ID, 'me'), snapshot]))

    def test_labels(self):
        label = marks.label(ID, 'me')
        self.assertEqual(
            [marks.Label(label, ID, 'me')],
            marks.labels_in([marks.of_volume(ID, 'a'), label,
                             'cinder-owner.without-owner']))

    def test_names_of_the_driver_are_reserved(self):
        for name in (marks.of_volume(ID, 'a'), marks.of_snapshot(ID, 'a'),
                     marks.label(ID, 'me'), marks.new_copy_of(ID)):
            self.assertTrue(marks.is_reserved(name), name)
        self.assertFalse(marks.is_reserved('volume-' + ID))
        for snapshot in (marks.CLONE_SNAPSHOT + 'a', marks.BEFORE_REVERT):
            self.assertTrue(marks.is_internal(snapshot), snapshot)
        self.assertFalse(marks.is_internal('snapshot-' + ID))

    def test_the_mark_of_the_longest_name_is_a_name(self):
        longest = 'n' * marks.BYTES_MAX
        for mark in (marks.of_volume(ID, longest),
                     marks.of_snapshot(ID, longest)):
            self.assertEqual(mark, location.check_name(mark))
        self.assertRaises(location.BadName, location.check_name,
                          marks.of_snapshot(ID, longest + 'n'))

    def test_scripts_can_import_it_without_openstack(self):
        loaded = subprocess.check_output(
            [sys.executable, '-c', 'import sys; from ovs_drivers import marks;'
             ' print(" ".join(sys.modules))']).decode().split()
        self.assertIn('ovs_drivers.marks', loaded)
        self.assertEqual([], [name for name in loaded if name.split('.')[0] in
                              ('cinder', 'nova', 'os_brick', 'oslo_config')])
