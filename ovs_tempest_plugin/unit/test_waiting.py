# SPDX-License-Identifier: Apache-2.0

import unittest

import fixtures
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import waiting


class WaitingTestCase(unittest.TestCase):

    def setUp(self):
        super(WaitingTestCase, self).setUp()
        self.now = 0
        self.pauses = []
        for name, value in (('time', lambda: self.now),
                            ('sleep', self.sleep)):
            patch = fixtures.MonkeyPatch('time.%s' % name, value)
            patch.setUp()
            self.addCleanup(patch.cleanUp)

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def test_it_is_so_at_once(self):
        self.assertEqual('fine', waiting.wait_for(
            'it', lambda: (True, 'fine'), 10))
        self.assertEqual([], self.pauses)

    def test_pauses_grow_and_end(self):
        with self.assertRaises(lib_exc.TimeoutException) as caught:
            waiting.wait_for('the thing', lambda: (False, 'bad'), 10)
        self.assertEqual(sorted(self.pauses), self.pauses)
        self.assertEqual(1, self.pauses[-1])
        self.assertLess(self.now, 12)
        for word in ('the thing', '10 s', 'bad'):
            self.assertIn(word, str(caught.exception))

    def test_a_status(self):
        states = iter(['creating', 'creating', 'available'])
        self.assertEqual({'status': 'available'}, waiting.wait_for_status(
            'volume', lambda: {'status': next(states)}, 'available', 10))

    def test_an_error_ends_the_wait(self):
        for status in ('error', 'ERROR', 'error_extending'):
            with self.assertRaises(lib_exc.TempestException) as caught:
                waiting.wait_for_status(
                    'volume v', lambda: {'status': status}, 'available', 10)
            self.assertIn('volume v went to status ' + status,
                          str(caught.exception))
        self.assertEqual([], self.pauses)
        waiting.wait_for_status('volume v', lambda: {'status': 'error'},
                                'error', 10)

    def test_a_deletion(self):
        answers = [{'status': 'deleting'}, lib_exc.NotFound()]

        def show():
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        waiting.wait_for_deletion('volume', show, 10)
        self.assertEqual([], answers)

    def test_a_deletion_that_fails(self):
        self.assertRaises(
            lib_exc.TempestException, waiting.wait_for_deletion, 'volume',
            lambda: {'status': 'error_deleting'}, 10)
        self.assertRaises(
            lib_exc.TimeoutException, waiting.wait_for_deletion, 'volume',
            lambda: {'status': 'deleting'}, 10)
