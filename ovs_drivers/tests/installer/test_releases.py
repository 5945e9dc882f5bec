# SPDX-License-Identifier: Apache-2.0

"""Release names and releases that do not belong together."""

import unittest

from ovs_drivers.installer import releases


class ReleasesTest(unittest.TestCase):

    def test_names(self):
        for package, version, name in (
                ('cinder', '9.1.4', 'newton'), ('cinder', '10.0.8', 'ocata'),
                ('cinder', '15.6.0', 'train'), ('cinder', '28.0.0', '2026.1'),
                ('cinder', '28.0.0.0rc1', '2026.1'),
                ('nova', '14.1.0', 'newton'), ('nova', '26.3.0', 'zed'),
                ('nova', '33.0.2', '2026.1'), ('nova', '34.0.0', '2026.2'),
                ('os_brick', '1.6.2', 'newton'),
                ('os_brick', '1.11.1', 'ocata'),
                ('os_brick', '1.15.9', 'pike'),
                ('os_brick', '2.3.9', 'queens'),
                ('os_brick', '2.10.7', 'train'),
                ('os_brick', '3.0.8', 'ussuri'),
                ('os_brick', '4.0.5', 'victoria'),
                ('os_brick', '5.2.4', 'yoga'), ('os_brick', '6.1.2', 'zed'),
                ('os_brick', '6.7.3', '2024.1'),
                ('os_brick', '6.11.1', '2025.1'),
                ('os_brick', '7.0.0', '2026.1'),
                ('os_brick', '7.1.0', '2026.2')):
            self.assertEqual(name, releases.release_of(package, version),
                             (package, version))

    def test_development_versions_say_so(self):
        for package, version, name in (
                # master, as checkouts of July 2026 say
                ('cinder', '28.0.0.0rc2.dev264', 'after 2026.1'),
                ('nova', '33.0.1.dev373', 'after 2026.1'),
                ('os_brick', '7.1.2.dev4', 'after 2026.2'),
                ('cinder', '29.0.1.dev12+g1a2b3c4', 'after 2026.2'),
                # a stable branch
                ('nova', '14.1.1.dev30', 'after newton'),
                # betas of old
                ('cinder', '10.0.0.0b2', 'before ocata'),
                ('nova', '15.0.0.0b3.dev17', 'before ocata')):
            self.assertEqual(name, releases.release_of(package, version),
                             (package, version))

    def test_unknown_versions_have_no_name(self):
        for package, version in (('cinder', '8.0.0'), ('nova', '99.0.0'),
                                 ('nova', None), ('nova', 'unknown'),
                                 ('os_brick', '1.2.0'), ('cinder', '')):
            self.assertIsNone(releases.release_of(package, version))

    def test_each_package_has_a_first_version_per_release(self):
        for package, first in releases._FIRST.items():
            self.assertEqual(len(releases.NAMES), len(first), package)
            self.assertEqual(sorted(first), first)

    def test_same_and_neighbouring_releases_belong_together(self):
        self.assertIsNone(releases.mismatch(
            {'cinder': '28.0.0', 'nova': '33.0.2', 'os_brick': '7.0.0'}))
        self.assertIsNone(releases.mismatch(
            {'nova': '33.0.1.dev373', 'os_brick': '7.1.0'}))
        self.assertIsNone(releases.mismatch({}))

    def test_unknown_versions_are_no_mismatch(self):
        self.assertIsNone(releases.mismatch(
            {'nova': '33.0.2', 'os_brick': None}))

    def test_mismatch_names_both(self):
        problem = releases.mismatch({'nova': '33.0.2', 'cinder': '28.0.0',
                                     'os_brick': '1.6.2'})
        self.assertIn('os-brick 1.6.2 is of release newton', problem)
        self.assertIn('nova 33.0.2 is of release 2026.1', problem)
