# SPDX-License-Identifier: Apache-2.0

import concurrent.futures
import os
import tempfile
import unittest
from unittest import mock

from harness import errors
from harness import run
from harness import wait
from harness.tests import support


class RunTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.log = self.path('log')

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
        wait.until('the end of the child',
                   lambda: (not _alive(child), 'it runs'), 30)

    def test_ctrl_c_ends_the_command(self):
        def stop(line):
            self.child = int(line)
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            run.run(['sh', '-c', 'echo $$; exec sleep 60'], log=self.log,
                    on_line=stop)
        self.assertFalse(_alive(self.child))

    def test_variables(self):
        self.assertEqual('x\n', run.run(['sh', '-c', 'echo $WHAT'],
                                        env={'WHAT': 'x'}))

    def test_clean_variables(self):
        """Builds see Debian's programs, and no flags."""
        ours = {'CFLAGS': '-O0', 'PATH': '/somewhere:/usr/bin:/bin',
                'http_proxy': 'proxy'}
        with mock.patch.dict(os.environ, ours):
            seen = dict(line.split('=', 1) for line in run.run(
                ['env'], clean=True, env={'MORE': '1'}).splitlines())
        self.assertNotIn('CFLAGS', seen)
        self.assertNotIn('/somewhere', seen['PATH'])
        self.assertEqual(('proxy', '1'), (seen['http_proxy'], seen['MORE']))

    def test_hint_and_log(self):
        with self.assertRaises(errors.CommandFailed) as caught:
            run.run(['sh', '-c', 'echo "a.c:3: error: no x"; seq 100; '
                     'echo "error: later"; exit 1'], self.log,
                    hint='write x', why=run.first_error)
        self.assertEqual(
            ['sh -c echo "a.c:3: error: no x"; seq 100; echo "error: later"; '
             'exit 1 failed with exit code 1: a.c:3: error: no x',
             'log: ' + self.log, 'hint: write x'],
            list(caught.exception.lines()))

    def test_errors_of_earlier_commands_are_not_blamed(self):
        run.run(['echo', 'error: old'], self.log)
        with self.assertRaisesRegex(errors.CommandFailed, ': last words$'):
            run.run(['sh', '-c', 'echo last words; exit 1'], self.log)


class StopTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.addCleanup(wait.stopped.clear)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.marker = os.path.join(folder.name, 'marker')
        self.log = os.path.join(folder.name, 'log')

    def started(self, call, script):
        """Call with a shell script that makes the marker, in a thread."""
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        future = pool.submit(call, ['sh', '-c', script, 'sh', self.marker],
                             self.log)
        wait.until('the command to start', lambda: (
            os.path.exists(self.marker), 'no marker'), 30)
        return future

    def test_ends_commands_with_their_children(self):
        future = self.started(run.run, 'sleep 1000 & echo $! >"$1.new"; '
                              'mv "$1.new" "$1"; wait')
        run.stop_all()
        with self.assertRaisesRegex(errors.Stopped, 'sh -c .* was stopped'):
            future.result(30)
        wait.stopped.clear()
        with open(self.marker) as stream:
            child = int(stream.read())
        wait.until('the end of the child',
                   lambda: (not _alive(child), 'it runs'), 30)

    def test_nothing_runs_afterwards(self):
        run.stop_all()
        with self.assertRaises(errors.Stopped):
            run.run(['sleep', '1000'])

    def test_what_must_be_finished_is_finished(self):
        future = self.started(run.finish, ': >"$1"; while [ -e "$1" ]; do '
                              'sleep 0.05; done; echo done')
        run.stop_all()
        os.unlink(self.marker)
        self.assertEqual('done\n', future.result(30))


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

    def test_sure_before_likely(self):
        """A file name with "error" in it is no error."""
        text = '[1/2] Compiling error-report.c\nx.c:1: error: y\nend\n'
        for find in run.first_error, run.last_error:
            self.assertEqual('x.c:1: error: y', find(text))
        self.assertEqual('sh: x: not found',
                         run.first_error('sh: x: not found\nend\n'))

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
