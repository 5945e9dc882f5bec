# SPDX-License-Identifier: Apache-2.0

import subprocess
import unittest

from ovs_testbed import sandbox


class KillTestCase(unittest.TestCase):
    """Closing a sandbox ends its processes"""

    def started(self):
        process = subprocess.Popen(['sleep', '600'])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_all_that_are_of_the_sandbox(self):
        processes = [self.started(), self.started()]
        sandbox._kill_all(lambda: [process.pid for process in processes
                                   if process.poll() is None])
        self.assertEqual([-9, -9], [process.poll() for process in processes])

    def test_number_that_has_gone_to_somebody_else(self):
        """The process was the sandbox's when it was listed, and has ended"""
        stranger = self.started()
        answers = [[stranger.pid], []]
        sandbox._kill_all(lambda: answers.pop(0) if answers else [])
        self.assertIsNone(stranger.poll())

    def test_process_that_has_just_ended(self):
        process = self.started()
        process.kill()
        process.wait()
        answers = [[process.pid], [process.pid]]
        sandbox._kill_all(lambda: answers.pop(0) if answers else [])
        self.assertEqual([], answers)
