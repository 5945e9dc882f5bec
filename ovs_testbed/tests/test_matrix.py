# SPDX-License-Identifier: Apache-2.0

import os
import time
import unittest
from unittest import mock

from harness import errors
from harness import files
from ovs_testbed import cache
from ovs_testbed import commands
from ovs_testbed import doctor
from ovs_testbed import environment
from ovs_testbed import matrix
from ovs_testbed import release
from ovs_testbed import suites
from ovs_testbed.tests import support


class MatrixTestCase(support.TestbedTestCase):

    def row(self):
        """The row of the testbed's release."""
        return next(row for row in matrix.rows()
                    if row[0] == self.testbed.release.name)

    def test_all_releases(self):
        self.assertEqual(release.names(), [row[0] for row in matrix.rows()])
        for row in matrix.rows():
            self.assertEqual(len(matrix.COLUMNS), len(row))

    def test_fresh_machine(self):
        name = self.testbed.release.name
        self.assertEqual((name, '3.11 or 3.13', 'nothing', 'never'),
                         self.row())

    def test_environment_is_cached_when_it_is_whole(self):
        path = self.testbed.cache.environment
        os.makedirs(path)
        self.assertEqual('nothing', self.row()[2])
        files.write(os.path.join(path, environment._COMPLETE), '')
        self.assertEqual('environment', self.row()[2])

    def test_last_green(self):
        for suite, seconds in (('smoke', 0), ('plugin', 60), ('smoke', 120)):
            with mock.patch.object(time, 'time', return_value=seconds):
                matrix.note_green(self.testbed, suite)
        with mock.patch.object(time, 'localtime', time.gmtime):
            self.assertEqual('plugin 1970-01-01 00:01, smoke 1970-01-01 00:02',
                             self.row()[3])

    def test_each_release_has_its_own(self):
        matrix.note_green(self.testbed, 'smoke')
        other = mock.Mock()
        other.name, other.key = 'other', 'key'
        self.assertFalse(os.path.exists(cache.Cache(other).green))


class CheckAllTestCase(unittest.TestCase):

    RESULTS = {'passed': 64, 'failed': 0, 'skipped': 1, 'seconds': 300.4,
               'idle_memory_bytes': 2400 << 20, 'up_seconds': 51.2}

    def setUp(self):
        super().setUp()
        self.lines, self.complaints = [], []
        self.python = doctor.Finding(doctor.GOOD, 'Python', '3.11')
        self.release = mock.Mock(checkouts={})
        for owner, name, found in (
                (release, 'names', lambda: ['one', 'two']),
                (release, 'load', lambda _name: self.release),
                (doctor, 'python', lambda _release: self.python)):
            patched = mock.patch.object(owner, name, found)
            patched.start()
            self.addCleanup(patched.stop)

    def check_all(self, check, source=None):
        screen = mock.Mock()
        screen.say = lambda text='': self.lines.append(text)
        matrix.check_all(check, source, screen, self.complaints.append)

    def table(self):
        return [line.split() for line in self.lines[-2:]]

    def test_a_line_for_each(self):
        self.check_all(lambda _name: self.RESULTS)
        self.assertEqual(
            [[name, 'passed', '51', '2400', '64', '0', '1', '300']
             for name in ('one', 'two')], self.table())

    def test_a_failure_ends_nothing_but_the_whole(self):
        def check(name):
            if name == 'one':
                raise suites.TestsFailed(
                    'tests failed', dict(self.RESULTS, failed=2), 'log')
            return self.RESULTS

        with self.assertRaisesRegex(errors.Error, 'not green: one'):
            self.check_all(check)
        self.assertEqual(
            [['one', 'failed', '51', '2400', '64', '2', '1', '300'],
             ['two', 'passed', '51', '2400', '64', '0', '1', '300']],
            self.table())
        self.assertEqual(['tests failed'], list(map(str, self.complaints)))

    def test_a_release_that_does_not_come_up(self):
        with self.assertRaisesRegex(errors.Error, 'one, two'):
            self.check_all(mock.Mock(side_effect=errors.Error('no')))
        self.assertEqual(['one', 'failed'] + 6 * ['-'], self.table()[0])

    def test_one_that_cannot_run_here_says_why(self):
        self.python = doctor.Finding(doctor.ERROR, 'Python', '3.13',
                                     'install 3.11')
        check = mock.Mock()
        self.check_all(check)
        self.assertEqual('one      not run   install 3.11', self.lines[-2])
        check.assert_not_called()

    def test_one_that_lacks_its_checkouts_says_so(self):
        self.release = mock.Mock(checkouts={'nova': {}}, tag='a-tag')
        check = mock.Mock(return_value=self.RESULTS)
        with mock.patch.object(environment, 'is_made', return_value=False):
            self.check_all(check)
            self.assertRegex(self.lines[-2], 'one +not run +.* --source DIR')
            check.assert_not_called()
            self.check_all(check, source='here')
        with mock.patch.object(environment, 'is_made', return_value=True):
            self.check_all(check)
        self.assertEqual(4, check.call_count)

    def test_options_that_go_with_one_release(self):
        for option in '--keep', '--threads':
            with mock.patch('ovs_testbed.testbeds.load', return_value=None):
                command = commands.Check(mock.Mock(), None)
                arguments = command.get_parser('check').parse_args(
                    ['--release', 'all', option])
                with self.assertRaisesRegex(errors.Error, option):
                    command.take_action(arguments)

    def test_a_testbed_that_is_there_is_not_taken(self):
        with mock.patch('ovs_testbed.testbeds.load'):
            command = commands.Check(mock.Mock(), None)
            arguments = command.get_parser('check').parse_args(
                ['--release', 'all'])
            with self.assertRaisesRegex(errors.Error, 'is there'):
                command.take_action(arguments)
