# SPDX-License-Identifier: Apache-2.0

"""Suites of tests: run by Tempest in the testbed's sandbox, judged by
``ovs_tempest_plugin.verdict``."""

import os
import re
import shutil
import subprocess

from harness import errors
from harness import files
from harness import run
from ovs_testbed import accounts
from ovs_testbed import sandbox
from ovs_testbed import tempest
from ovs_testbed import testbeds
from ovs_testbed import workspace

_PLUGIN = os.path.join(testbeds.CHECKOUT, 'ovs_tempest_plugin')


def _lines(name):
    """Return the lines of a list of the Tempest plugin, without comments."""
    with open(os.path.join(_PLUGIN, name)) as stream:
        return [line.strip() for line in stream
                if line.strip() and line[0] != '#']


#: which tests Tempest runs, how many classes of them at a time, and with what
#: variables, by the suite's name
SUITES = {
    'plugin': ([r'^ovs_tempest_plugin\.'], accounts.WORKERS,
               accounts.VARIABLES),
    'smoke': ([r'^ovs_tempest_plugin\..*\bsmoke\b'],
              accounts.WORKERS, accounts.VARIABLES),
    # some of these want more kinds of users than there are
    'upstream': (_lines('upstream-tests.txt'), 2, {}),
}
_TIMEOUT = 3 * 3600
#: a line of "tempest run" that says how a test ended
_ENDED = re.compile(r'\{\d+\} (?P<test>(?:(?:setUp|tearDown)Class )?\S+) '
                    r'(?:\[(?P<seconds>[\d.]+)s\] )?\.\.\. '
                    r'(?P<how>ok|FAILED|SKIPPED)(?P<reason>.*)')
_WORDS = {'ok': ' ok ', 'FAILED': 'FAIL', 'SKIPPED': 'skip'}


class TestsFailed(errors.Error):
    """A suite of tests has run, and not all of it passed.

    :param results: how many passed, failed and were skipped
    """

    def __init__(self, message, results, log):
        super().__init__(message, log=log)
        self.results = results


class Run:
    """A run of one suite.

    :param tests: a regular expression: only those whose names have it
    """

    def __init__(self, testbed, suite, screen, tests=None):
        self.testbed = testbed
        self.suite = suite
        self._tests = tests
        self._screen = screen
        self._folder = testbed.path('tempest')
        self._sandbox = sandbox.Sandbox(testbed)
        self.log = testbed.log('tempest-run')
        #: the results; those of a whole suite outlive the testbed
        self.results = (testbed.path('results.json') if tests else
                        testbed.cache.path('results-%s.json' % suite))
        #: how long each test took, by which stestr shares them out
        self._times = testbed.cache.path('times-%s' % suite)

    def perform(self):
        """Run the tests, print the verdict; return whether it is good."""
        self._begin()
        _, workers, variables = SUITES[self.suite]
        ended_well = True
        try:
            run.run(self._sandbox.inside(
                [self._binary('tempest'), 'run', '--concurrency',
                 str(workers), '--exclude-list', self._skip_list(),
                 '--include-list', self._include_list()], self._folder),
                log=self.log,
                env=dict(tempest.variables(self.testbed), **variables),
                timeout=_TIMEOUT,
                on_line=self._note)
        except errors.CommandFailed:
            ended_well = False
        self._screen.say()
        self._keep_times()
        return self._judge() and ended_well

    def _include_list(self):
        """Write the names of the tests, as regular expressions."""
        wanted = SUITES[self.suite][0]
        if self._tests:
            wanted = ['^(?=.*(?:%s))%s' % (self._tests, name.removeprefix('^'))
                      for name in wanted]
        path = os.path.join(self._folder, 'tests.txt')
        files.write(path, ''.join(line + '\n' for line in wanted))
        return path

    def _skip_list(self):
        """Write the regular expressions of tests that cannot hold on this
        testbed; those that only need cinder-backup run where that runs."""
        skipped = _lines('skip-list.txt')
        if 'backup' in self.testbed.extras:
            skipped = [each for each in skipped if 'backup' not in each]
        path = os.path.join(self._folder, 'skip-list.txt')
        files.write(path, ''.join(
            each + '\n' for each in skipped + self.testbed.release.skip))
        return path

    def _keep_times(self):
        """Keep stestr's repository, without the runs themselves."""
        repository = os.path.join(self._folder, '.stestr')
        if os.path.isdir(repository):
            files.remove_tree(self._times)
            shutil.copytree(repository, self._times,
                            ignore=shutil.ignore_patterns('[0-9]*', 'failing',
                                                          'tmp*'))
            files.write(os.path.join(self._times, 'next-stream'), '0\n')

    def _begin(self):
        """Forget other runs: what is judged has to be this one."""
        files.remove_tree(self._folder)
        # a run that was killed has not given its accounts back
        files.remove_tree(tempest.locks(self.testbed))
        workspace.make(self.testbed, self._folder)
        if os.path.isdir(self._times):
            shutil.copytree(self._times,
                            os.path.join(self._folder, '.stestr'))

    def _note(self, line):
        """Say how a test ended."""
        found = _ENDED.match(line)
        if found:
            name = re.sub(r'\[.*\]|ovs_tempest_plugin\.tests\.', '',
                          found['test'])
            self._screen.say('%s %s%s%s' % (
                _WORDS[found['how']], name, found['reason'],
                found['seconds'] and '  %.1f s' % float(found['seconds'])
                or ''))

    def _judge(self):
        """Let the verdict be printed; return whether it is good."""
        with subprocess.Popen([self._binary('stestr'), 'last', '--subunit'],
                              cwd=self._folder,
                              stdout=subprocess.PIPE) as last:
            return not subprocess.run(
                [self._binary('python'), '-m', 'ovs_tempest_plugin.verdict',
                 '--results', self.results], stdin=last.stdout,
                env=dict(os.environ, **tempest.variables(self.testbed))
            ).returncode

    def _binary(self, name):
        return os.path.join(self.testbed.tests.environment, 'bin', name)
