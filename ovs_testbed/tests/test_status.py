# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
import time
from unittest import mock

from ovs_testbed import sandbox
from ovs_doctor import procfs
from ovs_testbed import status
from ovs_testbed import supervisor
from ovs_testbed.tests import support


class StatusTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.process = subprocess.Popen(
            ['sh', '-c', 'echo; sleep 600; :'], stdout=subprocess.PIPE,
            start_new_session=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(os.killpg, self.process.pid, 9)
        self.process.stdout.readline()

    def rows(self, known, processes):
        with mock.patch.object(supervisor.Supervisor, 'all',
                               lambda _self: known), \
                mock.patch.object(sandbox.Sandbox, 'processes',
                                  lambda _self: processes):
            return status.rows(self.testbed)

    def test_a_row_for_each_program_and_one_for_all(self):
        pid = os.getpid()
        rows = self.rows({
            'x': {'pid': pid, 'statename': 'RUNNING',
                  'start': time.time() - 100},
            'dead': {'pid': 0, 'statename': 'EXITED', 'start': 1}}, [pid])
        dead, x, whole = rows
        self.assertEqual(('dead', 'exited', '', 0, ''), dead[:5])
        self.assertEqual(('x', 'running', pid), x[:3])
        self.assertGreater(x[3], 0)
        self.assertIn(x[4], range(100, 200))
        self.assertEqual('all 1 processes', whole[0])
        self.assertEqual('TLS off', whole[1])

    def test_a_program_has_the_memory_of_its_children(self):
        self.assertEqual(self.process.pid,
                         procfs.family(self.process.pid)[0])
        self.assertIn(self.process.pid, procfs.family(os.getpid()))

    def test_a_process_that_has_ended_has_no_memory(self):
        ended = subprocess.Popen(['true'])
        ended.wait()
        self.assertEqual(0, status.memory(ended.pid))
        self.assertEqual([ended.pid], procfs.family(ended.pid))
