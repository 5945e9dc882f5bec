# SPDX-License-Identifier: Apache-2.0

import io
import json
import os
import shutil
import threading
from unittest import mock

from harness import apt
from harness import errors
from ovs_doctor import areas
from ovs_doctor import report
from ovs_testbed import commands
from ovs_testbed import doctor
from ovs_testbed import ports
from ovs_testbed.doctor import machine
from ovs_testbed.doctor import patient
from ovs_testbed.tests import support

_MEMORY = 'MemTotal: 999 kB\nMemAvailable: %d kB\n'


class DoctorTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.patch(apt, 'missing', lambda *_: [])
        self.patch(ports, 'taken_ports', lambda base: [])
        self.patch(ports, 'taken_blocks', lambda: [])
        self.patch(os, 'geteuid', lambda: 0)

    def patch(self, where, name, value):
        patch = mock.patch.object(where, name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def findings(self):
        return {finding.what: finding for finding in doctor.examine(
            self.testbed, self.folder)}

    def test_every_finding_that_is_not_good_has_a_hint(self):
        for finding in self.findings().values():
            self.assertEqual(finding.level == doctor.GOOD, not finding.hint,
                             finding.what)

    def test_user(self):
        self.patch(os, 'geteuid', lambda: 1000)
        self.assertEqual(doctor.ERROR, self.findings()['user'].level)

    def test_memory(self):
        for available, level in ((8 << 20, doctor.GOOD),
                                 (4 << 20, doctor.WARNING),
                                 (1 << 20, doctor.ERROR)):
            with mock.patch('builtins.open', mock.mock_open(
                    read_data=_MEMORY % available)):
                self.assertEqual(level, machine._memory().level)

    def test_disk(self):
        self.patch(shutil, 'disk_usage',
                   lambda path: mock.Mock(free=1 << 30))
        finding = self.findings()['disk']
        self.assertEqual(doctor.ERROR, finding.level)
        self.assertIn('GiB free', finding.hint)

    def test_system(self):
        for name, version, level in (
                ('debian', '12', doctor.GOOD), ('debian', '13', doctor.GOOD),
                ('debian', '11', doctor.ERROR), ('ubuntu', '24.04',
                                                 doctor.ERROR)):
            self.patch(machine.platform, 'freedesktop_os_release',
                       lambda: {'ID': name, 'VERSION_ID': version})
            finding = self.findings()['system']
            self.assertEqual(level, finding.level, finding)
        self.assertIn('Debian 12 or 13', finding.hint)

    def test_python_of_another_version(self):
        self.assertEqual(doctor.GOOD, self.findings()['Python'].level)
        newer = os.path.join(self.folder, 'python')
        with open(newer, 'w') as stream:
            stream.write('#!/bin/sh\necho 3.99\n')
            os.fchmod(stream.fileno(), 0o755)
        for interpreter, seen in ((newer, '3.99'), ('/none', 'No such file')):
            self.testbed.release.interpreter = interpreter
            finding = self.findings()['Python']
            self.assertEqual(doctor.ERROR, finding.level)
            self.assertIn(seen, finding.seen)
            self.assertIn('3.11 or 3.13', finding.hint)
            self.assertIn('releases', finding.hint)

    def test_ports(self):
        self.patch(ports, 'taken_ports', lambda base: [base + 4])
        self.patch(ports, 'owner', lambda port: 'someone')
        finding = self.findings()['ports']
        self.assertEqual('port 25004 is taken by someone', finding.seen)

    def test_packages(self):
        self.patch(apt, 'missing', lambda *_: ['mariadb-client'])
        finding = self.findings()['Debian packages']
        self.assertEqual(doctor.WARNING, finding.level)
        self.assertIn('mariadb-client', finding.hint)

    def test_leftovers(self):
        self.patch(ports, 'taken_blocks', lambda: ['ovs-testbed-29000'])
        self.assertEqual(doctor.WARNING, self.findings()['leftovers'].level)

    def test_before_raises_with_all_errors(self):
        self.patch(os, 'geteuid', lambda: 1000)
        self.patch(ports, 'taken_ports', lambda base: [base])
        with self.assertRaises(errors.Error) as caught:
            doctor.before(self.testbed)
        self.assertIn('user', str(caught.exception))
        self.assertIn('ports', str(caught.exception))
        self.assertIn('root', caught.exception.hint)

    def test_a_stack_that_is_up_needs_less_memory(self):
        with mock.patch('builtins.open', mock.mock_open(
                read_data=_MEMORY % (1 << 20))):
            self.assertEqual(doctor.GOOD, machine._memory(True).level)


class AreasTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.patch(patient.Patient, 'is_up', True)
        self.patch(machine, 'look', lambda *_: [
            doctor.Finding(doctor.WARNING, 'load', '9', 'wait')])

    def patch(self, where, name, value):
        patched = mock.patch.object(where, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def examine(self, *looks):
        self.patch(areas, 'AREAS', looks)
        return doctor.examine(self.testbed, self.folder)

    def test_the_areas_are_in_the_order_of_causes(self):
        modules = [look.__module__.rsplit('.')[-1]
                   for look in areas.AREAS]
        self.assertEqual(['space', 'processes', 'logins', 'drivers', 'vpools',
                          'hypervisor', 'processes', 'cloud', 'orphans',
                          'logs'], modules)

    def test_the_first_area_with_an_error_has_the_cause(self):
        started = threading.Event()

        def first(_patient):
            started.wait(10)
            yield doctor.Finding(doctor.ERROR, 'one', 'bad', 'cure it')

        def second(_patient):
            started.set()
            yield doctor.Finding(doctor.ERROR, 'two', 'worse', 'cure that')
        findings = self.examine(first, second)
        self.assertEqual([
            'cause: one: bad', 'hint: cure it',
            'may follow from it; look again after the cure:', '  two: worse'],
            list(report.lines(findings)))

    def test_no_fault(self):
        self.assertEqual(['no fault was found'],
                         list(report.lines([])))

    def test_a_mistake_in_a_check_leaves_the_others(self):
        def fail(_patient):
            raise KeyError('x')
        findings = self.examine(fail, lambda _patient: [
            doctor.Finding(doctor.GOOD, 'two', 'fine')])
        self.assertEqual('two', findings[-1].what)
        self.assertEqual(doctor.WARNING, findings[-2].level)
        self.assertIn("KeyError: 'x'", findings[-2].seen)

    def test_an_area_that_hangs_leaves_the_others(self):
        self.patch(areas, '_SECONDS', 0.1)
        findings = self.examine(
            lambda _patient: threading.Event().wait(5),
            lambda _patient: [doctor.Finding(doctor.GOOD, 'two', 'fine')])
        self.assertEqual('is not done in time', findings[-2].seen)
        self.assertEqual('two', findings[-1].what)

    def test_before_looks_at_the_machine_only(self):
        self.patch(areas, 'AREAS', [mock.Mock(side_effect=KeyError)])
        self.assertEqual('load: 9', doctor.before(self.testbed))

    def command(self, findings, *arguments):
        """Run the command; return its exit code and what it prints."""
        self.patch(doctor, 'examine', lambda *_: findings)
        output = io.StringIO()
        command = commands.Doctor(mock.Mock(stdout=output), None,
                                  cmd_name='doctor')
        parsed = command.get_parser('doctor').parse_args(
            ['--folder', self.folder] + list(arguments))
        return command.run(parsed), output.getvalue()

    def test_json(self):
        code, said = self.command([
            doctor.Finding(doctor.GOOD, 'zero', 'fine'),
            doctor.Finding(doctor.ERROR, 'one', 'bad', 'cure it')], '--json')
        found = json.loads(said)
        self.assertEqual(1, code)
        self.assertEqual({'level': 'error', 'what': 'one', 'seen': 'bad',
                          'hint': 'cure it'}, found['cause'])
        self.assertEqual(['zero', 'one'],
                         [entry['what'] for entry in found['findings']])
        self.assertEqual([], found['follows'])

    def test_a_table_and_the_verdict(self):
        code, said = self.command([doctor.Finding(doctor.GOOD, 'a', 'b')])
        self.assertEqual(0, code)
        self.assertIn('| a ', said)
        self.assertIn('no fault was found', said)

    def test_other_formats_are_for_programs(self):
        _, said = self.command([doctor.Finding(doctor.GOOD, 'a', 'b')],
                               '--format', 'value')
        self.assertEqual('a good b \n', said)
