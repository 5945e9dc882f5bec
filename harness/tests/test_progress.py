# SPDX-License-Identifier: Apache-2.0

import io
import os
import tempfile
import unittest

from harness import errors
from harness import progress
from harness import wait


class Terminal(io.StringIO):

    def isatty(self):
        return True


class ProgressTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.stream = io.StringIO()
        self.progress = progress.Progress(self.stream)

    def test_one_plain_line_for_each_phase(self):
        with self.progress.phase('fetch'):
            pass
        with self.progress.phase('compile') as phase:
            phase.detail = '3 files'
        self.progress.skip('test', 'no guest')
        self.progress.sum_up()
        lines = self.stream.getvalue().splitlines()
        self.assertRegex(lines[0], r'^ ok  fetch +0\.\d s$')
        self.assertRegex(lines[1], r'^ ok  compile +0\.\d s  3 files$')
        self.assertEqual('skip test: no guest', lines[2])
        self.assertRegex(lines[3], r'^     in all +0\.\d s$')

    def test_one_phase_needs_no_sum(self):
        with self.progress.phase('fetch'):
            pass
        self.progress.sum_up()
        self.assertNotIn('in all', self.stream.getvalue())

    def test_a_phase_that_failed_says_so(self):
        with self.assertRaises(ValueError):
            with self.progress.phase('fetch') as phase:
                phase.detail = '1 of 2'
                raise ValueError
        self.assertRegex(self.stream.getvalue(), r'^FAIL fetch +0\.\d s\n$')

    def test_a_phase_that_is_stopped_says_nothing(self):
        with self.assertRaises(KeyboardInterrupt):
            with self.progress.phase('fetch'):
                raise KeyboardInterrupt
        wait.stopped.set()
        self.addCleanup(wait.stopped.clear)
        with self.assertRaises(errors.Stopped):
            with self.progress.phase('compile'):
                raise errors.Stopped('')
        self.assertEqual('', self.stream.getvalue())

    def test_a_terminal_shows_what_runs(self):
        lines = progress.Progress(Terminal())
        with lines.phase('fetch the source', 'fetch') as phase:
            phase.detail = '[1/2]'
            with lines.phase('compile'):
                shown = lines._line('|')
        self.assertRegex(shown, r'^\| fetch \[1/2\] 0\.\d s, compile 0\.\d s')

    def test_durations(self):
        for seconds, text in ((0.04, '0.0 s'), (59.9, '59.9 s'),
                              (60, '1 min 00'), (125.7, '2 min 05')):
            self.assertEqual(text, progress.duration(seconds))


class TimingsTestCase(unittest.TestCase):

    def test_beside_the_time_before(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'timings.json')
            progress.Timings(path).keep([('up', 40.0), ('check', 1.0)])
            progress.Timings(path).keep([('up', 30.0)])
            lines = progress.Timings(path).table([('up', 20.0), ('new', 2)])
        self.assertEqual(['seconds', 'before'], lines[0].split())
        self.assertEqual(['up', '20.0', '30.0'], lines[1].split())
        self.assertEqual(['new', '2.0', '-'], lines[2].split())
