# SPDX-License-Identifier: Apache-2.0

import os
from unittest import mock

from harness import apt
from harness import errors
from ovs_testbed import doctor
from ovs_testbed import ports
from ovs_testbed.tests import support

_MEMORY = 'MemTotal: 999 kB\nMemAvailable: %d kB\n'


class DoctorTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.patch(apt, 'missing', lambda *_: [])
        self.patch(ports, 'taken_ports', lambda base: [])
        self.patch(ports, 'taken_blocks', lambda: [])
        self.patch(doctor.os, 'geteuid', lambda: 0)

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
        self.patch(doctor.os, 'geteuid', lambda: 1000)
        self.assertEqual(doctor.ERROR, self.findings()['user'].level)

    def test_memory(self):
        for available, level in ((8 << 20, doctor.GOOD),
                                 (4 << 20, doctor.WARNING),
                                 (1 << 20, doctor.ERROR)):
            with mock.patch('builtins.open', mock.mock_open(
                    read_data=_MEMORY % available)):
                self.assertEqual(level, doctor._memory().level)

    def test_disk(self):
        self.patch(doctor.shutil, 'disk_usage',
                   lambda path: mock.Mock(free=1 << 30))
        finding = self.findings()['disk']
        self.assertEqual(doctor.ERROR, finding.level)
        self.assertIn('GiB free', finding.hint)

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
            self.assertIn('3.11', finding.hint)
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
        self.patch(doctor.os, 'geteuid', lambda: 1000)
        self.patch(ports, 'taken_ports', lambda base: [base])
        with self.assertRaises(errors.Error) as caught:
            doctor.before(self.testbed)
        self.assertIn('user', str(caught.exception))
        self.assertIn('ports', str(caught.exception))
        self.assertIn('root', caught.exception.hint)
