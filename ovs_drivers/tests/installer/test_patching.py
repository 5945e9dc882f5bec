# SPDX-License-Identifier: Apache-2.0

"""Patched copies of trees."""

import os

from ovs_drivers.installer import operations
from ovs_drivers.installer import environment
from ovs_drivers.installer import errors
from ovs_drivers.installer import patching
from ovs_drivers.tests.installer import fixtures


class PatchTest(fixtures.TestCase):

    def setUp(self):
        self.folder = fixtures.new_folder(self)
        self.source = fixtures.make_tree(os.path.join(self.folder, 'source'))
        os.symlink('nova', os.path.join(self.source, 'link'))
        self.target = os.path.join(self.folder, 'target')
        self.before = fixtures.fingerprint(self.source)

    def patch(self, **options):
        return patching.patch(self.source, self.target, **options)

    def assert_refused(self, kind, target):
        before = fixtures.fingerprint(self.folder)
        with self.assertRaises(kind):
            patching.patch(self.source, target)
        self.assertEqual(before, fixtures.fingerprint(self.folder))

    def test_a_copy_is_made_once_and_can_be_undone(self):
        written = self.patch()
        self.assertEqual([], [path for path in written
                              if not os.path.isfile(path)])
        self.assertEqual(7, len(written))
        tree = environment.of_tree(self.target)
        self.assertEqual('installed', operations.check(tree)[0])
        patched = fixtures.fingerprint(self.folder)
        self.assertEqual([], self.patch())
        self.assertEqual(patched, fixtures.fingerprint(self.folder))
        operations.uninstall(tree)
        self.assertEqual(self.before, fixtures.fingerprint(self.target))
        self.assertEqual(self.before, fixtures.fingerprint(self.source))
        self.assertEqual(7, len(self.patch()))

    def test_dry_run_shows_the_diff(self):
        self.assertIn('+++ ' + self.source, self.patch(dry_run=True))
        self.assertEqual(['source'], os.listdir(self.folder))

    def test_the_source_itself_is_refused(self):
        self.assert_refused(errors.ForeignChange, self.source)
        self.assert_refused(errors.ForeignChange, os.path.join(
            self.source, os.curdir))

    def test_a_target_that_is_something_else(self):
        other = fixtures.make_tree(self.target, fixtures.OLD_CONNECTOR)
        self.assert_refused(errors.ForeignChange, other)
        os.mkdir(os.path.join(self.folder, 'empty'))
        self.assert_refused(errors.NothingFound,
                            os.path.join(self.folder, 'empty'))
        self.assert_refused(errors.NothingFound,
                            os.path.join(self.folder, 'absent', 'copy'))

    def test_a_target_inside_the_source(self):
        self.assert_refused(errors.ForeignChange,
                            os.path.join(self.source, 'copy'))

    def test_a_source_that_is_unknown_leaves_nothing(self):
        os.unlink(os.path.join(self.source, 'nova/virt/libvirt/config.py'))
        self.assert_refused(errors.UnknownLayout, self.target)
