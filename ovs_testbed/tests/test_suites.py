# SPDX-License-Identifier: Apache-2.0

import importlib.metadata
import io
import os
import re

from harness import files
from harness import progress
from ovs_testbed import release
from ovs_testbed import suites
from ovs_testbed import tempest
from ovs_testbed.tests import support


class ProgressTest(support.TestbedTestCase):

    def said(self, *lines):
        stream = io.StringIO()
        run = suites.Run(self.testbed, 'plugin',
                         progress.Progress(stream))
        for line in lines:
            run._note(line)
        return stream.getvalue()

    def test_a_line_for_each_test_that_ended(self):
        prefix = '{1} ovs_tempest_plugin.tests.api.test_a.TestA.'
        self.assertRegex(self.said(
            prefix + 'test_b[id-8d9b8bf3] [2.345678s] ... ok'),
            r'^ ok  api\.test_a\.TestA\.test_b +2\.3 s\n$')
        self.assertRegex(self.said(
            prefix + 'test_b[id-8d9b8bf3] ... SKIPPED: no flag'),
            r'^skip api\.test_a\.TestA\.test_b: no flag\n$')

    def test_a_class_that_could_not_be_set_up(self):
        self.assertRegex(self.said(
            '{0} setUpClass (ovs_tempest_plugin.tests.api.test_a.TestA) '
            '[0.000000s] ... FAILED'),
            r'^FAIL setUpClass \(api\.test_a\.TestA\) +0\.0 s\n$')

    def test_what_is_no_end_of_a_test_is_kept_for_the_log(self):
        self.assertEqual('', self.said('', 'Traceback', '====='))


class SuitesTest(support.TestbedTestCase):

    def test_another_run_is_forgotten(self):
        run = self.begun()
        old = self.put(run, '0', 'failing')
        run._begin()
        self.assertEqual([], [path for path in old if os.path.exists(path)])

    def test_a_killed_run_holds_no_account(self):
        held = os.path.join(tempest.locks(self.testbed), 'test_accounts', 'a')
        files.write(held, '')
        self.begun()
        self.assertFalse(os.path.exists(held))

    def test_some_tests_of_a_suite(self):
        names = ['tempest.api.volume.test_a.TestA.test_one[id-1,smoke]',
                 'tempest.api.compute.test_one.TestA.test_two',
                 'cinder_tempest_plugin.api.x.TestB.test_one',
                 'tempest.api.volume.test_a.TestA.test_two']

        def found(tests):
            run = suites.Run(self.testbed, 'upstream',
                             progress.Progress(io.StringIO()), tests)
            run._begin()
            with open(run._include_list()) as stream:
                patterns = stream.read().splitlines()
            return [name for name in names
                    if any(re.search(each, name) for each in patterns)]
        self.assertEqual([names[0], names[2], names[3]], found(None))
        self.assertEqual([names[0], names[2]], found('test_one'))
        self.assertEqual([names[0]], found(r'volume.*one\b|nothing'))

    def test_tests_that_cannot_hold(self):
        def skipped():
            with open(self.begun()._skip_list()) as stream:
                return stream.read().splitlines()
        self.testbed.release = release.load('pike')
        self.assertRegex('\n'.join(skipped()), 'test_create_backups')
        self.assertEqual(self.testbed.release.skip, skipped()[-4:])
        self.testbed.extras = ['backup']
        self.assertNotRegex('\n'.join(skipped()), 'test_create_backups')
        self.assertEqual(self.testbed.release.skip, skipped()[-4:])
        self.testbed.release = release.load('2026.2')
        self.assertNotRegex('\n'.join(skipped()), 'test_volume_revert')

    def test_times_are_kept_without_the_runs(self):
        run = self.begun()
        self.put(run, 'format', 'times.dbm.dat', '0', 'failing', 'tmpx')
        run._keep_times()
        run._begin()
        self.assertEqual(['format', 'next-stream', 'times.dbm.dat'],
                         sorted(os.listdir(run.testbed.path('tempest',
                                                            '.stestr'))))

    def test_a_tempest_that_did_not_start_leaves_the_times(self):
        run = self.begun()
        run._keep_times()
        run._begin()

    def begun(self):
        run = suites.Run(self.testbed, 'plugin',
                         progress.Progress(io.StringIO()))
        run._begin()
        return run

    def put(self, run, *names):
        """Put files into stestr's repository; return their paths."""
        paths = [run.testbed.path('tempest', '.stestr', name)
                 for name in names]
        for path in paths:
            files.write(path, '')
        return paths

    def test_tempest_knows_of_barbican(self):
        for extras in (), ('barbican',):
            self.testbed.extras = extras
            self.assertEqual(
                bool(extras),
                tempest._users(self.testbed)['service_available']['barbican'])

    def test_tempest_finds_the_plugin_of_this_checkout(self):
        tempest.register_plugin(self.testbed)
        folder = tempest.variables(self.testbed)['PYTHONPATH'].split(':')[1]
        found, = importlib.metadata.distributions(path=[folder])
        self.assertIn(
            ('tempest.test_plugins', 'openvstorage',
             'ovs_tempest_plugin.plugin:OpenvStorageTempestPlugin'),
            [(entry.group, entry.name, entry.value)
             for entry in found.entry_points])
