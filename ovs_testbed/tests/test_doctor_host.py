# SPDX-License-Identifier: Apache-2.0

"""A testbed as a host: what ovs-doctor finds of it by itself."""

import os
from unittest import mock

from harness import files
from ovs_doctor import configuration
from ovs_doctor import discovery
from ovs_doctor import host
from ovs_doctor import procfs
from ovs_doctor import run
from ovs_testbed.tests import patients


class HostTestCase(patients.PatientTestCase):

    def setUp(self):
        super().setUp()
        self.patch(procfs, 'PROC', self.path('proc'))
        self.patch(discovery, 'STATUS', self.path('status/*'))
        self.patch(run, 'run', mock.Mock(side_effect=run.Failed))
        os.chmod(self.python, 0o755)
        self.started = {}
        for service in self.patient.openstack():
            for program in self.patient.services[service].programs():
                self.start(program)
        self.host = host.Host()

    def start(self, program):
        pid = str(len(self.started) + 1)
        python = [self.python] if 'uwsgi' not in program.command[0] else []
        for name, text in (
                ('cmdline', '\0'.join(python + program.command)),
                ('environ', '\0'.join(
                    '='.join(pair) for pair in program.env.items())),
                ('stat', '1 (x) S 1')):
            files.write(self.path('proc', pid, name), text)
        self.started[int(pid)] = program

    @property
    def python(self):
        return self.testbed.cache.environment + '/bin/python'

    def test_the_programs_of_both_are_the_same(self):
        found = {pid: program for program in self.host.programs.values()
                 for pid in program.pids}
        for pid, started in self.started.items():
            own = self.patient.programs[started.name]
            if pid not in found:
                self.fail(started.command)
            self.assertEqual(own.service, found[pid].service)
            self.assertEqual(configuration.files_of(
                started.command, started.env), found[pid].files())
            self.assertEqual(self.python, found[pid].python)

    def test_checks_find_the_same_programs(self):
        for kind in 'cinder-volume', 'nova-compute', 'cinder-api', 'nova-api':
            own, = self.patient.find(kind)
            other, = self.host.find(kind)
            self.assertEqual(own.files(), other.files())


class OldestTestCase(HostTestCase):

    RELEASE = '2024.1'


class PikeTestCase(HostTestCase):

    RELEASE = 'pike'


class NewtonTestCase(HostTestCase):

    RELEASE = 'newton'
