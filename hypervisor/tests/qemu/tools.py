# SPDX-License-Identifier: Apache-2.0

"""The QEMU under test: its programs, and a monitor to talk to."""

import json
import os
import re
import select
import socket
import subprocess
import time

PREFIX = os.environ.get('OPENVSTORAGE_HYPERVISOR_PREFIX', '/opt/openvstorage')
SECONDS = 60
# Seconds for an answer of a monitor, in any state of the storagedriver.
ANSWER_SECONDS = 1


class Failed(Exception):
    """A program ended with an error; the text is what it said."""


def path(program):
    found = os.path.join(PREFIX, 'bin', program)
    if not os.path.exists(found):
        raise Failed('there is no %s: run hypervisor/build, or set '
                     'OPENVSTORAGE_HYPERVISOR_PREFIX to where it was installed'
                     % found)
    return found


def run(program, *arguments, env=None):
    """Run a program of the prefix; return what it wrote to stdout."""
    done = subprocess.run(
        [path(program), *arguments], timeout=SECONDS, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=dict(os.environ, LC_ALL='C', **env or {}))
    if done.returncode:
        raise Failed((done.stderr + done.stdout).strip())
    return done.stdout


def img(*arguments, **options):
    return run('qemu-img', *arguments, **options)


def formats(**options):
    """Return the formats that the help of qemu-img names."""
    found = re.split(r'Supported (?:image )?formats:\s*',
                     img('--help', **options))[1]
    return found.split('\n\n')[0].split()


def io(target, *commands, options=()):
    """Run commands of qemu-io on a location, or on image options.

    qemu-io says on stdout what failed, and goes on.
    """
    command = ['--image-opts' if '=' in target.split(':')[0] else '-fraw',
               *options, target]
    for each in commands:
        command += ['-c', each]
    return run('qemu-io', *command)


def wait_until(what, condition):
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError('waited %d s for: %s' % (SECONDS, what))
        time.sleep(0.02)


class Monitor:
    """A qemu-system without a machine, and its QMP."""

    def __init__(self, folder, *arguments):
        ours, theirs = socket.socketpair()
        self._socket, self._buffer = ours, b''
        self.log = os.path.join(folder, 'qemu.log')
        with theirs, open(self.log, 'wb') as log:
            self._process = subprocess.Popen(
                [path('qemu-system-x86_64'), '-machine', 'none,accel=tcg',
                 '-nodefaults', '-display', 'none', '-S',
                 '-chardev', 'socket,id=qmp,fd=%d' % theirs.fileno(),
                 '-mon', 'chardev=qmp,mode=control', *arguments],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        self._receive(SECONDS)          # the greeting
        self.events = []
        self('qmp_capabilities')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(SECONDS)
        self._socket.close()

    def __call__(self, command, within=SECONDS, **arguments):
        """Carry out a command; return its answer. Failed: it said no."""
        request = {'execute': command, 'arguments': {
            name.replace('_', '-'): value
            for name, value in arguments.items()}}
        self._socket.sendall(json.dumps(request).encode())
        while True:
            answer = self._receive(within)
            if 'event' in answer:
                self.events.append(answer)
            elif 'error' in answer:
                raise Failed(answer['error']['desc'])
            else:
                return answer['return']

    def human(self, line, within=SECONDS):
        return self('human-monitor-command', within=within,
                    command_line=line)

    def io(self, node, command):
        """Carry out a command of qemu-io on a node."""
        return self.human('qemu-io %s "%s"' % (node, command))

    def wait_for(self, event, **data):
        """Wait for an event with these data; return all its data."""
        while True:
            for each in self.events:
                if each['event'] == event and data.items() <= {
                        **each['data']}.items():
                    self.events.remove(each)
                    return each['data']
            self.events.append(self._receive(SECONDS))

    def finish_job(self, job):
        """Wait until a job is concluded, and dismiss it."""
        self.wait_for('JOB_STATUS_CHANGE', id=job, status='concluded')
        error = [each.get('error') for each in self('query-jobs')
                 if each['id'] == job]
        self('job-dismiss', id=job)
        if error != [None]:
            raise Failed('%s: %s' % (job, error))

    def said(self):
        with open(self.log, errors='replace') as log:
            return log.read()

    def _receive(self, seconds):
        while b'\n' not in self._buffer:
            if not select.select([self._socket], [], [], seconds)[0]:
                raise AssertionError('the monitor did not answer within %s s'
                                     % seconds)
            part = self._socket.recv(1 << 16)
            assert part, 'QEMU ended: ' + self.said()
            self._buffer += part
        line, self._buffer = self._buffer.split(b'\n', 1)
        return json.loads(line)


class running:
    """A program that runs while a block of Python does."""

    def __init__(self, program, *arguments):
        self._process = subprocess.Popen(
            [path(program), *arguments], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(SECONDS)
        self._process.stdout.close()

    def waits(self):
        """Return true if it has done nothing for a moment."""
        before = self._ticks()
        time.sleep(0.1)
        return self._ticks() == before

    def _ticks(self):
        with open('/proc/%d/stat' % self._process.pid) as stat:
            return stat.read().rsplit(')')[1].split()[11:13]

    @property
    def is_running(self):
        return self._process.poll() is None

    def finish(self):
        """Wait for its end; return what it wrote. Failed: it failed."""
        said = self._process.communicate(timeout=SECONDS)[0]
        if self._process.returncode:
            raise Failed(said)
        return said
