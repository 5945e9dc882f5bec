# SPDX-License-Identifier: Apache-2.0

"""End the process that a file names, and wait for its end.

    stop_process.py FILE SECONDS [PROGRAM]

The number in FILE proves nothing: a file outlives a crash of the host, and
afterwards another process has the number. A process is the one that wrote
FILE only if it has FILE open, as each of our services has as long as it
lives, because it holds a lock on it. With PROGRAM, the process must run that
program, too. Every other process is left alone.

A process that does not end in SECONDS after TERM is killed. Runs as root
under the python3 of the host, which may be a Python 3.5.
"""

import contextlib
import os
import select
import signal
import sys
import time

# How long the kernel may take to end what was killed.
KILL_SECONDS = 10
# How often a kernel or a Python without pidfd is asked for the process.
POLL_SECONDS = 0.1


def recorded_number(path):
    """Return the number that a file begins with, None if there is none."""
    try:
        with open(path) as record:
            number = int(record.readline())
    except (OSError, ValueError):
        return None
    return number if number > 0 else None


def is_open_in(number, path):
    """Say whether a process has a file open."""
    folder = '/proc/%d/fd' % number
    for name in os.listdir(folder):
        try:
            if os.path.samefile(os.path.join(folder, name), path):
                return True
        except OSError:
            continue  # it was closed just now, or is no file
    return False


def runs(number, program):
    """Say whether a process runs a program, also one replaced since."""
    link = '/proc/%d/exe' % number
    name, program = os.readlink(link), os.path.realpath(program)
    if name == program + ' (deleted)':
        return True
    return name == program and os.path.samefile(link, program)


def is_the_one(number, path, program):
    """Say whether a process is the one that a file names."""
    try:
        return is_open_in(number, path) and (
            program is None or runs(number, program))
    except OSError:
        return False  # there is no such process


class Process(object):
    """A process by its number and, where that is possible, by a handle.

    A handle stays with its process when the number goes to another one.
    """

    def __init__(self, number):
        self.number = number
        self._handle = None
        with contextlib.suppress(AttributeError, OSError):
            self._handle = os.pidfd_open(number)

    def signal(self, which):
        """Send a signal; a process that has just ended needs none."""
        with contextlib.suppress(ProcessLookupError):
            if self._handle is None:
                os.kill(self.number, which)
            else:
                signal.pidfd_send_signal(self._handle, which)

    def ends_within(self, seconds, is_there):
        """Wait for the end; IS_THERE looks for it if there is no handle."""
        if self._handle is not None:
            return bool(select.select([self._handle], [], [], seconds)[0])
        deadline = time.monotonic() + seconds
        while is_there() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return not is_there()


def stop(path, seconds, program=None):
    """End the process that a file names, if there still is one."""
    number = recorded_number(path)
    if number is None:
        return
    # first the handle, then the look: both are at the same process
    process = Process(number)

    def is_there():
        return is_the_one(number, path, program)

    if not is_there():
        return
    process.signal(signal.SIGTERM)
    if process.ends_within(seconds, is_there):
        return
    print('process %d (%s) does not end in %g s: killing it'
          % (number, path, seconds))
    process.signal(signal.SIGKILL)
    if not process.ends_within(KILL_SECONDS, is_there):
        sys.exit('process %d (%s) cannot be killed; hint: '
                 '"cat /proc/%d/stack" says where it waits'
                 % (number, path, number))


if __name__ == '__main__':
    stop(sys.argv[1], float(sys.argv[2]), *sys.argv[3:])
