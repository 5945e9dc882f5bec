# SPDX-License-Identifier: Apache-2.0

"""Commands in process groups of their own, so that all of one can be ended."""

import asyncio
import glob
import os
import signal
import subprocess

from tests.runner import paths

AS_ROOT = [] if os.geteuid() == 0 else ['sudo']
#: the exit status of a command that cannot be run, as a shell has it
NOT_THERE = 127
#: Ctrl-C lets tests clean up; what does not listen is ended
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_GRACE_SECONDS = 15
_POLL_SECONDS = 0.1


async def run(command, log, variables=None):
    """Run a command, its output in an open log; return its exit status.

    If the caller is cancelled, the command and all that it has started in its
    group are ended first.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, cwd=paths.TOP, process_group=0,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE='1',
                     **variables or {}))
    except OSError as error:
        print(error, file=log, flush=True)
        return NOT_THERE
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await _end(process.pid)
        raise


async def _end(group):
    for number in _SIGNALS:
        _signal(group, number)
        for _ in range(int(_GRACE_SECONDS / _POLL_SECONDS)):
            if not _lives(group):
                return
            await asyncio.sleep(_POLL_SECONDS)


def _signal(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        subprocess.run(['sudo', '-n', 'kill', '-%d' % number, '--',
                        '-%d' % group], stderr=subprocess.DEVNULL)


def _lives(group):
    """Return whether a process of a group is left that is no zombie."""
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as stream:
                state, _parent, its_group = stream.read().rpartition(
                    ')')[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != 'Z':
            return True
    return False
