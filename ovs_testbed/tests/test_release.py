# SPDX-License-Identifier: Apache-2.0

import unittest
from unittest import mock

from ovs_testbed import release


class ReleaseTestCase(unittest.TestCase):

    def pythons(self, name, there):
        """The chosen Python and its path, on a machine with some of them."""
        with mock.patch.object(release.os.path, 'exists', there.__contains__):
            found = release.load(name)
        return found.python, found.interpreter

    def test_the_python_that_the_machine_has(self):
        for version in '3.11', '3.13':
            path = '/usr/bin/python' + version
            self.assertEqual((version, path), self.pythons('2026.2', [path]))

    def test_a_machine_without_a_python_for_it(self):
        self.assertEqual(('3.11', '/usr/bin/python3.11'),
                         self.pythons('2024.1', ['/usr/bin/python3.13']))

    def test_python_27_is_found_or_made_elsewhere(self):
        self.assertEqual(('2.7', None), self.pythons('pike', []))

    def test_another_python_is_another_environment(self):
        keys = set()
        for version in '3.11', '3.13':
            with mock.patch.object(release.os.path, 'exists',
                                   lambda path: path.endswith(version)):
                keys.add(release.load('2026.2').key)
        self.assertEqual(2, len(keys))
