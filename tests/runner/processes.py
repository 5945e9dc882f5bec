# SPDX-License-Identifier: Apache-2.0

"""Commands that can be ended with all that they have started."""

import asyncio
import glob
import itertools
import os
import signal
import subprocess

from tests.runner import paths

AS_ROOT = [] if os.geteuid() == 0 else ['sudo']
#: the exit status of a command that cannot be run, as a shell has it
NOT_THERE = 127
#: all that a command starts inherits this variable, with a value of its own
_MARK = 'OVS_TEST_COMMAND'
_NUMBERS = itertools.count(1)
#: Ctrl-C lets tests clean up; what does not listen is ended
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_GRACE_SECONDS = 15
_POLL_SECONDS = 0.1


async def run(command, log, variables=None):
    """Run a command, its output in an open log; return its exit status.

    If the caller is cancelled, the command and all that it has started are
    ended first.
    """
    mark = '%d-%d' % (os.getpid(), next(_NUMBERS))
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, cwd=paths.TOP, process_group=0,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE='1',
                     **variables or {}, **{_MARK: mark}))
    except OSError as error:
        print(error, file=log, flush=True)
        return NOT_THERE
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await _end(process.pid, '%s=%s' % (_MARK, mark))
        raise


async def _end(group, mark):
    for number in _SIGNALS:
        for pid in _members(group, mark):
            _signal(pid, number)
        for _ in range(int(_GRACE_SECONDS / _POLL_SECONDS)):
            if not _members(group, mark):
                return
            await asyncio.sleep(_POLL_SECONDS)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        subprocess.run(['sudo', '-n', 'kill', '-%d' % number, str(pid)],
                       stderr=subprocess.DEVNULL)


def _members(group, mark):
    """Return the processes that are in a group or bear a mark.

    Some leave the group; sudo takes the mark away.
    """
    found = []
    for folder in glob.glob('/proc/[0-9]*'):
        state, its_group = _read(folder + '/stat').rpartition(')')[2].split()[
            0:3:2] or ('Z', '0')
        if state != 'Z' and (int(its_group) == group or mark in _read(
                folder + '/environ').split('\0')):
            found.append(int(os.path.basename(folder)))
    return found


def _read(path):
    try:
        with open(path, errors='replace') as stream:
            return stream.read()
    except OSError:
        return ''       # it has ended, or is another user's
