# SPDX-License-Identifier: Apache-2.0

"""Facts of processes, from /proc."""

import os
import pwd

PROC = '/proc'


def path(pid, *names):
    """The path of a process's file."""
    return os.path.join(PROC, str(pid), *names)


def text(pid, *names):
    """Return the text of a process's file; none if the process has ended."""
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


def words(pid):
    """The command line of a process; a title is one word, or more."""
    found = text(pid, 'cmdline').rstrip('\0').split('\0')
    if len(found) == 1:
        found = found[0].split()
    return [word for word in found if word]


def variables(pid):
    """The variables that a process was started with."""
    return dict(word.partition('=')[::2] for word
                in text(pid, 'environ').split('\0') if '=' in word)


def link(pid, *names):
    """Return the target of a process's link; nothing without a link."""
    try:
        return os.readlink(path(pid, *names))
    except OSError:
        return ''


def user(pid):
    """The name of the user that a process belongs to."""
    try:
        return pwd.getpwuid(os.stat(path(pid)).st_uid).pw_name
    except (KeyError, OSError):
        return 'root'
