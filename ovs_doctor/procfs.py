# SPDX-License-Identifier: Apache-2.0

"""What /proc knows of processes."""

import os

PROC = '/proc'


def path(pid, *names):
    """The path of a process's file."""
    return os.path.join(PROC, str(pid), *names)


def text(pid, *names):
    """What a process's file says; nothing if the process has ended."""
    try:
        with open(path(pid, *names), errors='replace') as stream:
            return stream.read()
    except OSError:
        return ''


def state(pid):
    """The letter of a process's state."""
    said = text(pid, 'stat')
    return said.rsplit(')', 1)[1].split()[0] if said else 'X'


def command_of(pid):
    """The name of a process's program."""
    return text(pid, 'comm').strip() or 'gone'


def family(pid):
    """A process and all that it has started."""
    found = [pid]
    for child in text(pid, 'task', str(pid), 'children').split():
        found += family(int(child))
    return found
