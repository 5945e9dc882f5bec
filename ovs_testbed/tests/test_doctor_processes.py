# SPDX-License-Identifier: Apache-2.0

import os
import signal
import subprocess

from harness import wait
from ovs_doctor import processes
from ovs_doctor import procfs
from ovs_testbed.services import base
from ovs_testbed.tests import patients


class ProcessesTestCase(patients.PatientTestCase):

    def test_all_is_well(self):
        found = self.found(processes.foundations)
        found.update(self.found(processes.services))
        self.assertEqual({'frozen processes', 'Python of the services'} | {
            'service ' + name for name in [
                *self.patient.services, *patients.PLUGIN]}, set(found))
        self.assertFalse(self.wrong(processes.foundations))
        self.assertFalse(self.wrong(processes.services))

    def test_what_others_rest_on_is_looked_at_apart(self):
        first = self.found(processes.foundations)
        self.assertIn('service database', first)
        self.assertIn('service keystone', first)
        self.assertNotIn('service cinder', first)
        self.assertNotIn('service database', self.found(processes.services))

    def test_another_python_than_that_of_the_checkout(self):
        self.patch(type(self.testbed.cache), 'environment', '/nowhere')
        wrong, = self.wrong(processes.foundations).values()
        self.assertEqual('Python of the services: /nowhere is not in the '
                         'sandbox', str(wrong))
        self.assertIn('ovs-testbed down', wrong.hint)

    def test_a_program_that_ended(self):
        self.patient.programs['c-vol'].is_running = False
        wrong, = self.wrong(processes.services).values()
        self.assertEqual('service cinder', wrong.what)
        self.assertEqual('not running: c-vol', wrong.seen)
        self.assertIn('ovs-testbed up', wrong.hint)
        self.assertIn(self.testbed.log('c-vol'), wrong.hint)

    def test_a_program_of_the_plugin_that_ended(self):
        self.patient.known['ovs-sd'] = {'statename': 'FATAL', 'pid': 0}
        wrong, = self.wrong(processes.foundations).values()
        self.assertEqual('service ovs-sd', wrong.what)

    def test_a_service_that_does_not_answer(self):
        self.patch(base.Service, 'is_ready',
                   lambda service, only=None: service.name != 'glance')
        wrong, = self.wrong(processes.services).values()
        self.assertEqual('service glance', wrong.what)
        self.assertIn('does not answer', wrong.seen)
        self.assertIn(self.testbed.log('g-api'), wrong.hint)
        self.assertIn('restart', wrong.hint)

    def test_a_service_whose_probe_fails(self):
        def fail(service, only=None):
            raise OSError('no network')
        self.patch(base.Service, 'is_ready', fail)
        self.assertIn('service nova', self.wrong(processes.services))

    def test_a_frozen_program_and_a_frozen_child(self):
        program = subprocess.Popen(
            ['sh', '-c', 'sleep 60 & echo $!; wait'], stdout=subprocess.PIPE,
            text=True, start_new_session=True)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(os.killpg, program.pid, signal.SIGKILL)
        child = int(program.stdout.readline())
        self.patient.programs['n-cpu'].pids = [program.pid]
        self.assertFalse(self.wrong(processes.foundations))
        os.kill(child, signal.SIGSTOP)
        wait.until('the child to stop', lambda: (
            procfs.state(child) == 'T', ''), 10)
        wrong, = self.wrong(processes.foundations).values()
        self.assertEqual('frozen processes', wrong.what)
        self.assertEqual('n-cpu is stopped by a signal: %d (sleep)' % child,
                         wrong.seen)
        self.assertIn('"kill -CONT %d"' % child, wrong.hint)
