# SPDX-License-Identifier: Apache-2.0

"""The command, and real processes."""

import contextlib
import io
import json
import os
import subprocess
import sys
from unittest import mock

from harness import files
from harness import wait
from harness.tests import support
from ovs_doctor import areas
from ovs_doctor import discovery
from ovs_doctor import finding
from ovs_doctor import main
from ovs_doctor import procfs
from ovs_doctor import report
from ovs_doctor import run

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
_GOOD = finding.Finding(finding.GOOD, 'zero', 'fine')
_BAD = finding.Finding(finding.ERROR, 'one', 'bad', 'cure it')


class MainTestCase(support.FolderTestCase):

    def run_main(self, *arguments, findings=(), user=0):
        """Return the exit code, and what is printed."""
        output, said = io.StringIO(), io.StringIO()
        with mock.patch.object(areas, 'examine', lambda patient: (
                setattr(self, 'patient', patient) or list(findings))), \
                mock.patch.object(os, 'geteuid', lambda: user), \
                contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(said):
            code = main.main(list(arguments))
        return code, output.getvalue() or said.getvalue()

    def test_no_fault(self):
        code, said = self.run_main(findings=[_GOOD])
        self.assertEqual(0, code)
        self.assertIn('good     zero: fine\n', said)
        self.assertTrue(said.endswith('\n\nno fault was found\n'))
        self.assertFalse(self.patient.thorough)

    def test_a_fault(self):
        code, said = self.run_main('--thorough', findings=[_GOOD, _BAD])
        self.assertEqual(1, code)
        self.assertIn('cause: one: bad\nhint: cure it\n', said)
        self.assertTrue(self.patient.thorough)

    def test_json(self):
        code, said = self.run_main('--json', findings=[_GOOD, _BAD])
        self.assertEqual(1, code)
        self.assertEqual('one', json.loads(said)['cause']['what'])

    def test_a_user_who_is_not_root(self):
        code, said = self.run_main(user=1000)
        self.assertEqual(2, code)
        self.assertIn('you are not root; hint: run "sudo ovs-doctor"', said)

    def test_an_old_python(self):
        with mock.patch.object(sys, 'version_info', (2, 7)):
            code, said = self.run_main()
        self.assertEqual(2, code)
        self.assertIn('is too old; hint: run it with Python 3.11', said)

    def test_the_standard_library_is_enough(self):
        # nothing of site-packages, and nothing of the project beside
        for name in 'ovs_doctor', 'ovs_drivers':
            os.symlink(os.path.join(_CHECKOUT, name), self.path(name))
        said = subprocess.run(
            [sys.executable, '-S', '-c', 'from ovs_doctor import areas, host,'
             ' main, report; print(main.main.__name__)'],
            env={'PYTHONPATH': self.folder, 'PYTHONDONTWRITEBYTECODE': '1'},
            capture_output=True, text=True)
        self.assertEqual(('main\n', ''), (said.stdout, said.stderr))

    def test_a_line_for_each_finding_and_its_hint(self):
        self.assertEqual(
            ['good     zero: fine', 'error    one: bad',
             '         hint: cure it'], list(report.details([_GOOD, _BAD])))


class ProcessTestCase(support.FolderTestCase):

    def test_a_process_is_found_with_its_log(self):
        conf, log = self.path('nova.conf'), self.path('log')
        script = self.path('nova-scheduler')
        files.write(script, 'import sys; print(1, flush=True); '
                            'sys.stdin.read()')
        with open(log, 'w') as stream:
            process = subprocess.Popen(
                [sys.executable, script, '--config-file', conf],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream,
                env={'PATH': '/usr/bin:/bin'})
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        process.stdout.readline()
        found = [program for program in discovery.programs().values()
                 if process.pid in program.pids]
        self.assertEqual(['nova-scheduler'], [
            program.kind for program in found])
        self.assertEqual(([conf], log, sys.executable, '/usr/bin:/bin'), (
            found[0].files(), found[0].log, found[0].python, found[0].path))


class RunTestCase(support.FolderTestCase):

    def test_commands(self):
        self.assertEqual('a', run.run(['cat'], stdin='a'))
        with mock.patch.dict(os.environ, SECRET='x'):
            self.assertNotIn('SECRET', run.run(['env']))
        self.assertIn('PATH=/bin:/x', run.run(['env'], path='/bin:/x'))

    def test_failures(self):
        for command, said in ((['sh', '-c', 'echo a; echo b >&2; false'],
                               'sh failed: b'),
                              (['false'], 'it said nothing'),
                              (['/none'], 'cannot be run')):
            with self.assertRaisesRegex(run.Failed, said):
                run.run(command)
            self.assertEqual('', run.said(command))

    def test_a_command_that_hangs_goes_with_its_children(self):
        children = self.path('children')
        with self.assertRaisesRegex(run.Failed, 'did not end within 1 s'):
            run.run(['sh', '-c', 'sleep 60 & echo $! >"$0"; wait', children],
                    timeout=1)
        with open(children) as stream:
            child = int(stream.read())
        wait.until('the child to end', lambda: (
            procfs.state(child) in 'XZ', ''), 10)
