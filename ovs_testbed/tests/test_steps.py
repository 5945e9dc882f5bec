# SPDX-License-Identifier: Apache-2.0

import io
import threading
import unittest

from harness import errors
from harness import progress
from harness import run
from harness import wait
from ovs_testbed import steps


class StepsTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.done = []
        self.output = io.StringIO()

    def step(self, name, action=None, after=(), is_done=None):
        def act():
            if action:
                action()
            self.done.append(name)
        return steps.Step(name, 'doing ' + name, act, is_done, after)

    def perform(self, *wanted):
        return steps.perform(list(wanted), progress.Progress(self.output))

    def test_order(self):
        self.perform(self.step('a'), self.step('b', after=['a']),
                     self.step('c', after=['b']))
        self.assertEqual(['a', 'b', 'c'], self.done)

    def test_side_by_side(self):
        """Each waits for the other: in a row they would never end."""
        barrier = threading.Barrier(2, timeout=10)
        self.perform(self.step('a', barrier.wait),
                     self.step('b', barrier.wait))
        self.assertCountEqual(['a', 'b'], self.done)

    def test_what_is_done_is_not_done_again(self):
        outcomes = self.perform(self.step('a', is_done=lambda: True),
                                self.step('b', after=['a']))
        self.assertEqual(['b'], self.done)
        self.assertEqual({'a': False, 'b': True},
                         {outcome.step.name: outcome.was_needed
                          for outcome in outcomes})

    def test_detail(self):
        step = steps.Step('a', 'doing a', lambda: 'twice')
        self.perform(step)
        self.assertIn('twice', self.output.getvalue())

    def test_failure_ends_the_run(self):
        def fail():
            raise errors.Error('broken', hint='mend', log='/log')
        with self.assertRaises(steps.StepFailed) as caught:
            self.perform(self.step('a', fail), self.step('b', after=['a']))
        self.assertEqual([], self.done)
        self.assertEqual(('a', 'broken', 'mend', '/log'), (
            caught.exception.step.name, str(caught.exception),
            caught.exception.hint, caught.exception.log))
        self.assertIn('FAIL doing a', self.output.getvalue())

    def test_unexpected_failure_names_its_kind(self):
        def fail():
            raise KeyError('x')
        with self.assertRaisesRegex(steps.StepFailed, "KeyError: 'x'"):
            self.perform(self.step('a', fail))

    def test_failure_stops_waits_and_commands(self):
        """Steps beside a failing step end with it."""
        waits = threading.Event()
        seen = []

        def await_in_vain():
            try:
                waits.set()
                wait.until('Godot', lambda: (False, 'absent'), 60)
            except errors.Error as error:
                seen.append(str(error))
                raise

        def sleep():
            try:
                run.run(['sleep', '60'])
            except errors.Stopped as error:
                seen.append(str(error))
                raise

        def fail():
            waits.wait(10)
            end = threading.Event()
            while not run._running and not end.wait(0.01):
                pass
            raise errors.Error('broken')
        with self.assertRaisesRegex(steps.StepFailed, 'broken'):
            self.perform(self.step('wait', await_in_vain),
                         self.step('sleep', sleep), self.step('fail', fail))
        self.assertCountEqual(
            ['stopped while waiting for Godot', 'sleep 60 was stopped'], seen)
        self.assertFalse(wait.stopped.is_set())

    def test_wrong_order_is_seen_at_once(self):
        for wrong in ([self.step('a', after=['b']), self.step('b')],
                      [self.step('a'), self.step('a')]):
            with self.assertRaises(ValueError):
                self.perform(*wrong)
        self.assertEqual([], self.done)
