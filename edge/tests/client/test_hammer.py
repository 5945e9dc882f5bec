# SPDX-License-Identifier: Apache-2.0

"""The C program hammer against an engine: left alone, and killed."""

import os
import subprocess
import threading
import unittest

import real_engine
import secured

PATIENCE = 120  # less than meson's for the whole suite


class HammerTest(unittest.TestCase):

    def setUp(self):
        self.engine = real_engine.start(self.addCleanup)

    def start(self, rounds):
        environment = dict(os.environ)
        environment.pop('LD_PRELOAD', None)  # it is instrumented itself
        environment.pop('ASAN_OPTIONS', None)  # and may not leak
        process = subprocess.Popen(
            [os.environ['OVS_HAMMER'], '127.0.0.1',
             str(self.engine.address[1]), str(rounds)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def check(self, process):
        output, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual((0, ''), (process.returncode, output))

    def test_alone(self):
        self.check(self.start(20))

    def test_while_the_engine_is_killed(self):
        process = self.start(100)
        over = threading.Event()
        waiter = threading.Thread(
            target=lambda: (process.wait(), over.set()))
        waiter.start()
        kills = 0
        while kills < 20 and not over.wait(0.2):
            self.engine.kill()
            self.engine.start()
            kills += 1
        self.check(process)
        waiter.join(PATIENCE)
        self.assertGreater(kills, 0)


class PskHammerTest(secured.Psk, HammerTest):
    """The same by TLS, where one thread sends while another receives."""


class X509HammerTest(secured.X509, HammerTest):
    pass


if __name__ == '__main__':
    unittest.main()
