# SPDX-License-Identifier: Apache-2.0

import fcntl
import os
import subprocess
from unittest import mock

from harness import errors
from harness.tests import support
from ovs_testbed import packages


class PolicyTestCase(support.FolderTestCase):
    """That nothing starts for a moment, and everything afterwards"""

    def setUp(self):
        super().setUp()
        self.policy = self.path('policy-rc.d')
        patched = mock.patch.object(packages, '_POLICY', self.policy)
        patched.start()
        self.addCleanup(patched.stop)

    def write(self, text):
        with open(self.policy, 'w') as stream:
            stream.write(text)
        os.chmod(self.policy, 0o755)

    def left_by_a_run_that_was_killed(self):
        with packages._nothing_starts(), open(self.policy) as stream:
            text = stream.read()
        self.write(text)

    def test_for_a_moment(self):
        with packages._nothing_starts():
            self.assertEqual(101, subprocess.call([self.policy, 'x', 'start']))
        self.assertFalse(os.path.exists(self.policy))

    def test_taken_back_by_the_next_run(self):
        self.left_by_a_run_that_was_killed()
        with packages._nothing_starts():
            self.assertEqual(101, subprocess.call([self.policy, 'x', 'start']))
        self.assertFalse(os.path.exists(self.policy))

    def test_taken_back_by_down(self):
        self.left_by_a_run_that_was_killed()
        packages.take_policy_back()
        self.assertFalse(os.path.exists(self.policy))
        packages.take_policy_back()

    def test_stays_while_another_run_installs(self):
        self.left_by_a_run_that_was_killed()
        other = os.open(os.path.dirname(self.policy), os.O_RDONLY)
        self.addCleanup(os.close, other)
        fcntl.flock(other, fcntl.LOCK_EX)
        packages.take_policy_back()
        self.assertTrue(os.path.exists(self.policy))

    def test_policy_of_the_administrator_stays(self):
        text = '#!/bin/sh\nexit 101\n'
        self.write(text)
        with packages._nothing_starts():
            packages_see = subprocess.call([self.policy, 'x', 'start'])
        packages.take_policy_back()
        self.assertEqual(101, packages_see)
        with open(self.policy) as stream:
            self.assertEqual(text, stream.read())

    def test_policy_that_lets_services_start(self):
        self.write('#!/bin/sh\nexit 0\n')
        with self.assertRaises(errors.Error):
            with packages._nothing_starts():
                self.fail('packages would have been installed')
        self.assertTrue(os.path.exists(self.policy))
