# SPDX-License-Identifier: Apache-2.0

"""The kinds of faults."""

import os
import re
import signal

from harness import errors
from harness import files
from harness import run
from harness import wait
from ovs_doctor import procfs
from ovs_testbed import cloud
from ovs_testbed import sandbox
from ovs_testbed import supervisor
from ovs_testbed import testbeds

_SECONDS = 180
#: a command in a hint
_COMMAND = re.compile('"([^"]+)"')


class Fault:
    """What is common to all."""

    #: patterns of the cause that the doctor has to name, and of its hint
    cause = hint = None

    def __init__(self, testbed):
        self.testbed = testbed
        self.supervisor = supervisor.Supervisor(testbed)

    @property
    def name(self):
        return type(self).__module__.rsplit('.', 1)[-1]

    @property
    def title(self):
        return self.__doc__.rstrip('.')

    def put_in(self):
        raise NotImplementedError

    def heal(self, hint):
        """Do as the hint says."""
        self.run_commands(hint)

    def undo(self):
        """Take out what may be left of it."""

    def run_commands(self, hint):
        """Run the commands that a hint has, in its order."""
        commands = _COMMAND.findall(hint)
        if not commands:
            raise errors.Error('the hint has no command: ' + hint)
        for command in commands:
            self.shell(command)

    def shell(self, command):
        """Run a command as a user of the testbed does, as administrator;
        return what it prints."""
        binaries = os.path.join(self.testbed.cache.environment, 'bin')
        said = run.run(
            ['sh', '-c', command],
            env=dict(cloud.variables(self.testbed), PATH='%s:%s' % (
                binaries, os.environ['PATH'])),
            cwd=testbeds.CHECKOUT, timeout=_SECONDS)
        with open(self.testbed.log('sabotage'), 'a') as log:
            log.write('+ %s\n%s' % (command, said))
        return said


class Edited(Fault):
    """An option of a configuration file has another value."""

    #: below the testbed's folder "etc"
    file = None
    section = option = None
    #: those that read it
    programs = ()

    _before = None

    @property
    def path(self):
        return self.testbed.etc(*self.file)

    def wrong(self, value):
        """The value to put in its place."""
        raise NotImplementedError

    def edit(self, text):
        """The text of the file, with the fault in it."""
        return edited(text, self.section, self.option, self.wrong)

    def put_in(self):
        with open(self.path) as stream:
            self._before = stream.read()
        files.write(self.path, self.edit(self._before))
        for name in self.programs:
            self.supervisor.restart(name)

    def heal(self, hint):
        """Set the option that the hint names; run its commands."""
        for word in self.option, '[%s]' % self.section, self.path:
            if word not in hint:
                raise errors.Error('the hint does not name %s: %s' % (
                    word, hint))
        files.write(self.path, self._before)
        self._before = None
        self.run_commands(hint)

    def undo(self):
        if self._before is not None:
            files.write(self.path, self._before)
            for name in self.programs:
                self.supervisor.restart(name)


class Frozen(Fault):
    """A program is stopped by a signal."""

    program = None

    _stopped = ()

    @property
    def cause(self):
        return '^frozen processes: %s ' % self.program

    hint = 'kill -CONT'

    def put_in(self):
        self._stopped = [pid for pid in procfs.family(
            self.supervisor.all()[self.program]['pid'])]
        for pid in self._stopped:
            os.kill(pid, signal.SIGSTOP)
        wait.until('%s to stop' % self.program, lambda: (
            all(procfs.state(pid) == 'T' for pid in self._stopped), ''),
            _SECONDS)

    def undo(self):
        for pid in self._stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue


class Full(Fault):
    """A folder is on a file system that is full."""

    #: what lies there
    use = None

    _is_mounted = False

    @property
    def folder(self):
        raise NotImplementedError

    @property
    def cause(self):
        return '^room for %s: [01] MiB free in %s' % (self.use, self.folder)

    hint = 'make .* MiB free .* let it grow'

    def put_in(self):
        self._inside('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs',
                     self.folder)
        self._is_mounted = True

    def heal(self, hint):
        self._inside('mount', '-o', 'remount,size=4g', self.folder)

    def undo(self):
        if self._is_mounted:
            self._inside('umount', '--lazy', self.folder)
            self._is_mounted = False

    def _inside(self, *command):
        run.run(sandbox.Sandbox(self.testbed).inside(list(command), '/'),
                log=self.testbed.log('sabotage'))


class Stopped(Fault):
    """Programs of a service do not run."""

    service = None
    programs = ()

    @property
    def cause(self):
        return '^service %s: not running: %s$' % (
            self.service, ', '.join(self.programs))

    hint = 'ovs-testbed up'

    def put_in(self):
        for name in self.programs:
            self.supervisor.halt(name)

    def undo(self):
        for name in self.programs:
            if self.supervisor.state(name) != 'RUNNING':
                self.supervisor.restart(name)


def edited(text, section, option, change):
    """Change the value of an option in the text of a file."""
    pattern = re.compile(r'(?ms)(^\[%s\]\n(?:(?!^\[).)*?^%s *= *)([^\n]*)'
                         % (re.escape(section), re.escape(option)))
    result, count = pattern.subn(
        lambda found: found[1] + change(found[2]), text, count=1)
    if not count:
        raise errors.Error('there is no %s in [%s]' % (option, section))
    return result
