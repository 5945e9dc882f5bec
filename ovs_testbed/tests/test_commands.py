# SPDX-License-Identifier: Apache-2.0

import contextlib
import io
import logging
import os
from unittest import mock

from harness import errors
from harness import files
from ovs_testbed import bring_up
from ovs_testbed import bundle
from ovs_testbed import check
from ovs_testbed import main
from ovs_testbed import ports
from ovs_testbed import release
from ovs_testbed import sandbox
from ovs_testbed import steps
from ovs_testbed import suites
from ovs_testbed import supervisor
from ovs_testbed import take_down
from ovs_testbed import testbeds
from ovs_testbed import upgrade
from ovs_testbed.tests import support


class CommandTestCase(support.TestbedTestCase):
    """The commands, on testbeds whose steps do nothing"""

    def setUp(self):
        super().setUp()
        # cliff adds a handler and sets the level
        log = logging.getLogger()
        self.use(log, 'handlers', [])
        self.addCleanup(log.setLevel, log.level)
        self.action = mock.Mock(return_value='')
        self.use(bring_up.BringUp, 'steps', lambda _self: [
            steps.Step('a', 'doing a', self.action)])
        self.use(ports, 'claim', lambda *_: 25100)
        self.use(bundle, 'make', lambda *_: '/logs/unit.tar.gz')
        self.down = self.use(take_down, 'down', mock.Mock())

    def use(self, owner, name, value):
        patched = mock.patch.object(owner, name, value)
        patched.start()
        self.addCleanup(patched.stop)
        return value

    def run_command(self, *words):
        """Run a command; return its exit code and what it wrote."""
        self.output, self.complaints = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(self.output), \
                contextlib.redirect_stderr(self.complaints):
            return main.TestbedApp().run([*words, '--folder', self.folder])

    def known(self):
        return testbeds.load('main', self.folder)


class UpTestCase(CommandTestCase):

    def test_tells_what_it_does_and_what_comes_next(self):
        self.assertEqual(0, self.run_command('up'))
        said = self.output.getvalue()
        self.assertRegex(said, r'^testbed "main": OpenStack %s, ports from '
                         r'25100, TLS off' % release.DEFAULT)
        self.assertRegex(said, r'\n ok  doing a +0\.\d s\n')
        self.assertIn('next:', said)
        self.assertIn('bin/ovs-testbed check ', said)
        self.assertEqual(25100, self.known().base_port)
        self.down.assert_not_called()

    def test_times_beside_those_before(self):
        self.run_command('up')
        self.run_command('up')
        self.assertRegex(self.output.getvalue(),
                         r'\ndoing a +\d+\.\d +\d+\.\d\n')

    def test_a_failure_is_told_with_its_step_and_hint(self):
        self.action.side_effect = errors.Error('broken', 'mend it', '/log')
        self.assertEqual(errors.FAILED, self.run_command('up'))
        said = self.complaints.getvalue()
        self.assertIn('all logs: /logs/unit.tar.gz\n', said)
        self.assertIn('\nfailed (doing a): broken\n', said)
        self.assertIn('\nhint: mend it\n', said)
        self.assertIn('FAIL doing a', self.output.getvalue())

    def test_a_new_testbed_that_failed_is_taken_down(self):
        self.action.side_effect = errors.Error('broken', log='/log')
        self.run_command('up')
        self.down.assert_called_once()
        said = self.complaints.getvalue()
        self.assertIn('removed; use --keep', said)
        self.assertNotIn('log: /log', said)

    def test_a_testbed_that_failed_is_kept_if_it_is_wanted(self):
        self.action.side_effect = errors.Error('broken', log='/log')
        self.run_command('up', '--keep')
        self.down.assert_not_called()
        self.assertIn('kept: ', self.complaints.getvalue())
        self.assertIn('log: /log', self.complaints.getvalue())

    def test_a_testbed_that_was_there_is_kept_after_a_failure(self):
        self.run_command('up')
        self.action.side_effect = errors.Error('broken')
        self.run_command('up')
        self.down.assert_not_called()

    def test_ctrl_c(self):
        self.action.side_effect = KeyboardInterrupt
        self.assertEqual(errors.STOPPED, self.run_command('up'))
        self.assertIn('\nstopped\n', self.complaints.getvalue())
        self.down.assert_called_once()

    def test_logs_that_cannot_be_kept_are_no_obstacle(self):
        self.use(bundle, 'make', mock.Mock(side_effect=OSError('disk full')))
        self.action.side_effect = errors.Error('broken')
        self.run_command('up')
        self.assertIn('the logs cannot be kept: disk full\n',
                      self.complaints.getvalue())
        self.down.assert_called_once()

    def test_another_command_at_work_on_it(self):
        self.run_command('up')
        with files.locked(self.known().folder):
            self.assertEqual(errors.FAILED, self.run_command('up'))
        self.assertRegex(self.complaints.getvalue(),
                         r'testbed "main" is locked by another command '
                         r'\(process (%d|unknown)\)' % os.getpid())


class CheckTestCase(CommandTestCase):

    def setUp(self):
        super().setUp()
        self.tests = self.use(check, 'check', mock.Mock(return_value={}))

    def test_a_testbed_that_was_made_for_it_goes(self):
        self.assertEqual(0, self.run_command('check'))
        self.assertEqual('plugin', self.tests.call_args.args[1])
        self.down.assert_called_once()

    def test_a_testbed_that_was_there_stays(self):
        self.run_command('up')
        self.assertEqual(0, self.run_command('check', 'upstream'))
        self.assertEqual('upstream', self.tests.call_args.args[1])
        self.down.assert_not_called()

    def test_some_of_the_tests(self):
        self.assertEqual(0, self.run_command('check', '--tests', 'test_a|b'))
        self.assertEqual('test_a|b', self.tests.call_args.args[3])
        with self.assertRaises(SystemExit):
            self.run_command('check', '--tests', '(a')

    def test_upstreams_tests_want_all_services(self):
        self.run_command('check', 'upstream', '--keep')
        self.assertEqual(set(release.load(release.DEFAULT).extras),
                         set(self.known().extras))

    def test_a_test_that_fails(self):
        self.tests.side_effect = suites.TestsFailed('1 failed', {}, '/log')
        self.assertEqual(errors.FAILED, self.run_command('check', '--keep'))
        self.assertIn('failed: 1 failed\nlog: /log\n',
                      self.complaints.getvalue())

    def test_options_that_go_with_one_release(self):
        for option in '--keep', '--threads':
            self.assertEqual(errors.FAILED, self.run_command(
                'check', '--release', 'all', option))
            self.assertIn('%s goes with one release' % option,
                          self.complaints.getvalue())
        self.tests.assert_not_called()

    def test_all_releases_on_a_testbed_that_has_one(self):
        self.run_command('up')
        self.assertEqual(errors.FAILED, self.run_command(
            'check', '--release', 'all'))
        self.assertIn('take another --name', self.complaints.getvalue())


class OtherCommandsTestCase(CommandTestCase):

    def test_a_testbed_that_is_not_there(self):
        for words in (['status'], ['openrc'], ['shell'], ['logs'],
                      ['upgrade', '--to', release.DEFAULT]):
            self.assertEqual(errors.FAILED, self.run_command(*words), words)
            said = self.complaints.getvalue()
            self.assertIn('there is no testbed "main"', said)
            self.assertIn('hint: bin/ovs-testbed up', said)

    def test_down(self):
        self.assertEqual(0, self.run_command('down'))
        self.assertIn('there is no testbed "main"', self.output.getvalue())
        self.run_command('up')
        self.assertEqual(0, self.run_command('down'))
        self.assertIn('testbed "main" is gone', self.output.getvalue())
        self.down.assert_called_once()

    def test_clean(self):
        self.use(take_down, 'remove_leftovers', lambda _: ['ovs-testbed-9'])
        self.run_command('up')
        self.assertEqual(0, self.run_command('clean'))
        said = self.output.getvalue()
        self.assertIn('testbed "main" is gone\n', said)
        self.assertIn('removed namespace ovs-testbed-9\n', said)
        self.down.assert_called()

    def test_openrc(self):
        self.run_command('up')
        self.assertEqual(0, self.run_command('openrc', 'demo'))
        said = self.output.getvalue()
        self.assertIn("export OS_USERNAME='demo'\n", said)
        self.assertIn("export OS_PASSWORD='%s'\n"
                      % self.known().passwords['demo'], said)
        self.assertIn('export PATH="%s/bin:$PATH"'
                      % self.known().cache.environment, said)

    def test_logs(self):
        self.run_command('up')
        self.assertEqual(0, self.run_command('logs'))
        self.assertEqual('/logs/unit.tar.gz\n', self.output.getvalue())

    def test_shell(self):
        self.use(sandbox.Sandbox, 'inside', lambda _self, words: [
            'enter', *words])
        run = self.use(os, 'execvp', mock.Mock())
        self.run_command('up')
        with mock.patch.dict(os.environ, SHELL='/bin/zsh'):
            self.run_command('shell')
            self.run_command('shell', 'ls')
        self.assertEqual([mock.call('enter', ['enter', '/bin/zsh']),
                          mock.call('enter', ['enter', 'ls'])],
                         run.call_args_list)

    def test_restart(self):
        self.use(supervisor.Supervisor, 'all', lambda _self: {'c-vol': {}})
        restart = self.use(supervisor.Supervisor, 'restart', mock.Mock())
        self.run_command('up')
        self.assertEqual(0, self.run_command('restart', 'c-vol'))
        self.assertEqual('restarted c-vol\n', self.output.getvalue())
        self.assertEqual(errors.FAILED, self.run_command(
            'restart', 'c-vol', 'c-voll'))
        self.assertIn('has no program c-voll\nhint: it has c-vol',
                      self.complaints.getvalue())
        restart.assert_called_once_with('c-vol')

    def test_upgrade(self):
        self.run_command('up', '--release', '2026.1')
        self.use(upgrade, 'check', mock.Mock())
        switched = mock.Mock(return_value=None)
        self.use(upgrade, 'plan', lambda found, wanted: [
            steps.Step('switch', 'switching to ' + wanted, switched)])
        self.assertEqual(0, self.run_command('upgrade', '--to', '2026.2'))
        switched.assert_called_once()
        self.assertRegex(self.output.getvalue(),
                         r'(?s) ok  switching to 2026\.2 .* ok  doing a ')

    def test_releases(self):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.assertEqual(0, main.TestbedApp().run(['releases']))
        for name in release.names():
            self.assertIn(name, output.getvalue())
