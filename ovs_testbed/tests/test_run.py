# SPDX-License-Identifier: Apache-2.0

import os
import tempfile
import unittest

from ovs_testbed import errors
from ovs_testbed import run
from ovs_testbed import waiting


class RunTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = os.path.join(folder.name, 'log')

    def test_output(self):
        self.assertEqual('hello\n', run.run(['echo', 'hello']))

    def test_log_has_command_and_all_output(self):
        run.run(['sh', '-c', 'echo out; echo err >&2'], log=self.log)
        with open(self.log) as stream:
            self.assertEqual("+ sh -c 'echo out; echo err >&2'\nout\nerr\n",
                             stream.read())

    def test_input(self):
        for log in None, self.log:
            self.assertEqual('in', run.run(['cat'], stdin='in', log=log))

    def test_failure_names_command_code_and_error(self):
        for log in None, self.log:
            with self.assertRaisesRegex(
                    errors.CommandFailed,
                    'sh -c .* failed with exit code 3: E: no room'):
                run.run(['sh', '-c', 'echo fine; echo E: no room >&2; '
                                     'echo bye >&2; exit 3'], log=log)

    def test_unknown_command(self):
        with self.assertRaisesRegex(errors.CommandFailed,
                                    '/no/such cannot be run: No such file'):
            run.run(['/no/such'])

    def test_time_out(self):
        with self.assertRaisesRegex(errors.CommandFailed,
                                    'did not end within 0.2 s'):
            run.run(['sleep', '60'], timeout=0.2)

    def test_time_out_ends_the_whole_family(self):
        marker = os.path.join(os.path.dirname(self.log), 'pid')
        with self.assertRaises(errors.CommandFailed):
            run.run(['sh', '-c', 'sleep 60 & echo $! >%s; wait' % marker],
                    timeout=1)
        with open(marker) as stream:
            child = int(stream.read())
        # killed is not ended yet, and its parent is gone: look until it is
        waiting.wait_for('the end of the child',
                         lambda: (not _alive(child), 'it runs'), 30)

    def test_ctrl_c_ends_the_command(self):
        def stop(line):
            self.child = int(line)
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            run.run(['sh', '-c', 'echo $$; exec sleep 60'], log=self.log,
                    note=stop)
        self.assertFalse(_alive(self.child))

    def test_variables(self):
        self.assertEqual('x\n', run.run(['sh', '-c', 'echo $WHAT'],
                                        env={'WHAT': 'x'}))


class ErrorLineTestCase(unittest.TestCase):

    LOG = ('2026 INFO all well\n'
           '2026 ERROR nova.compute it broke\n'
           '2026 ERROR nova.compute and again\n'
           'done\n')

    def test_first(self):
        self.assertEqual('2026 ERROR nova.compute it broke',
                         run.first_error(self.LOG))

    def test_last(self):
        self.assertEqual('2026 ERROR nova.compute and again',
                         run.last_error(self.LOG))

    def test_no_error(self):
        for find in run.first_error, run.last_error:
            self.assertEqual('b', find('a\nb\n\n'))
            self.assertEqual('', find(''))


def _alive(pid):
    """Return true if a process is there and no zombie."""
    try:
        with open('/proc/%d/stat' % pid) as stream:
            return stream.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False
