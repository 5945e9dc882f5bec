# SPDX-License-Identifier: Apache-2.0

import fcntl
import os
import subprocess
import tempfile
import unittest
from unittest import mock

from harness import errors
from ovs_testbed import packages


class PolicyTestCase(unittest.TestCase):
    """That nothing starts for a moment, and everything afterwards"""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 'policy-rc.d')
        patched = mock.patch.object(packages, '_POLICY', self.path)
        patched.start()
        self.addCleanup(patched.stop)

    def write(self, text):
        with open(self.path, 'w') as stream:
            stream.write(text)
        os.chmod(self.path, 0o755)

    def left_by_a_run_that_was_killed(self):
        with packages._nothing_starts(), open(self.path) as stream:
            text = stream.read()
        self.write(text)

    def test_for_a_moment(self):
        with packages._nothing_starts():
            self.assertEqual(101, subprocess.call([self.path, 'x', 'start']))
        self.assertFalse(os.path.exists(self.path))

    def test_taken_back_by_the_next_run(self):
        self.left_by_a_run_that_was_killed()
        with packages._nothing_starts():
            self.assertEqual(101, subprocess.call([self.path, 'x', 'start']))
        self.assertFalse(os.path.exists(self.path))

    def test_taken_back_by_down(self):
        self.left_by_a_run_that_was_killed()
        packages.take_policy_back()
        self.assertFalse(os.path.exists(self.path))
        packages.take_policy_back()

    def test_stays_while_another_run_installs(self):
        self.left_by_a_run_that_was_killed()
        other = os.open(os.path.dirname(self.path), os.O_RDONLY)
        self.addCleanup(os.close, other)
        fcntl.flock(other, fcntl.LOCK_EX)
        packages.take_policy_back()
        self.assertTrue(os.path.exists(self.path))

    def test_policy_of_the_administrator_stays(self):
        text = '#!/bin/sh\nexit 101\n'
        self.write(text)
        with packages._nothing_starts():
            packages_see = subprocess.call([self.path, 'x', 'start'])
        packages.take_policy_back()
        self.assertEqual(101, packages_see)
        with open(self.path) as stream:
            self.assertEqual(text, stream.read())

    def test_policy_that_lets_services_start(self):
        self.write('#!/bin/sh\nexit 0\n')
        with self.assertRaises(errors.Error):
            with packages._nothing_starts():
                self.fail('packages would have been installed')
        self.assertTrue(os.path.exists(self.path))
