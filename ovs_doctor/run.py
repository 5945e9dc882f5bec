# SPDX-License-Identifier: Apache-2.0

"""Commands that only look: each has a limit of time, and none of them gets
this process's variables."""

import os
import signal
import subprocess

PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
#: no command writes the code that it has compiled beside the service's own
_ENVIRONMENT = {'LANG': 'C.UTF-8', 'LC_ALL': 'C.UTF-8', 'HOME': '/root',
                'PYTHONDONTWRITEBYTECODE': '1'}


class Failed(Exception):
    """A command cannot be run, fails, or does not end in time."""


def run(command, stdin=None, path=PATH, timeout=10):
    """Return what a command writes to standard output."""
    try:
        process = subprocess.Popen(
            command, cwd='/', env=dict(_ENVIRONMENT, PATH=path or PATH),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors='replace', start_new_session=True)
    except OSError as error:
        raise Failed('%s cannot be run: %s' % (command[0], error.strerror))
    with process:
        try:
            output, said = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failed('%s did not end within %g s' % (command[0], timeout))
    if process.returncode:
        lines = (said or output).strip().splitlines()
        raise Failed('%s failed: %s' % (
            command[0], lines[-1] if lines else 'it said nothing'))
    return output


def said(command, **options):
    """Return the output of a command; nothing if it fails."""
    try:
        return run(command, **options)
    except Failed:
        return ''
