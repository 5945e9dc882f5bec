# SPDX-License-Identifier: Apache-2.0

import io
import os
from unittest import mock

from harness import files
from ovs_testbed import check
from ovs_testbed import matrix
from ovs_testbed import sandbox
from ovs_testbed import suites
from ovs_testbed.tests import support


class CheckTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.green = mock.Mock()
        for owner, name, value in (
                (sandbox.Sandbox, 'processes', lambda _self: [os.getpid()]),
                (matrix, 'note_green', self.green)):
            patched = mock.patch.object(owner, name, value)
            patched.start()
            self.addCleanup(patched.stop)
        self.output = io.StringIO()

    def check(self, passed, *tests):
        """Check a testbed with a suite that passes or not."""
        def perform(run):
            files.write_json(run.results, {'passed': 3})
            return passed
        with mock.patch.object(suites.Run, 'perform', perform):
            return check.check(self.testbed, 'plugin', self.output, *tests)

    def test_passed(self):
        results = self.check(True)
        self.assertEqual((3, 'plugin', 'passed'), (
            results['passed'], results['suite'], results['verdict']))
        self.assertGreater(results['idle_memory_bytes'], 1 << 20)
        self.assertRegex(self.output.getvalue(),
                         r'idle, the stack takes \d+ MiB')
        self.assertEqual(results, files.read_json(
            self.testbed.path('check.json')))
        self.green.assert_called_once_with(self.testbed, 'plugin')

    def test_some_tests_say_nothing_of_the_release(self):
        whole = self.check(True)
        self.green.reset_mock()
        results = self.check(True, 'test_revert')
        self.assertEqual('test_revert', results['tests'])
        self.assertIsNone(whole['tests'])
        self.green.assert_not_called()

    def test_failed(self):
        with self.assertRaisesRegex(suites.TestsFailed,
                                    'suite "plugin": tests failed') as caught:
            self.check(False)
        self.assertEqual('failed', caught.exception.results['verdict'])
        self.assertEqual(caught.exception.results, files.read_json(
            self.testbed.path('check.json')))
        self.green.assert_not_called()
