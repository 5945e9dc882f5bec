# SPDX-License-Identifier: Apache-2.0

"""Files and folders that are there whole or not at all, and locks."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile

from harness import errors


@contextlib.contextmanager
def draft(path, mode=0o600):
    """Give a stream for the bytes of a file, which is there when all are
    written; until then only its owner can read them."""
    handle, temporary = tempfile.mkstemp(
        prefix='.%s.' % os.path.basename(path),
        dir=os.path.dirname(os.path.abspath(path)))
    try:
        with os.fdopen(handle, 'wb') as stream:
            yield stream
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@contextlib.contextmanager
def draft_folder(path):
    """Give an empty folder, which others can read; it is found at the path
    when all is in it."""
    parent = os.path.dirname(os.path.abspath(path))
    os.makedirs(parent, exist_ok=True)
    temporary = tempfile.mkdtemp(prefix='.%s.' % os.path.basename(path),
                                 dir=parent)
    try:
        os.chmod(temporary, 0o755)
        yield temporary
        os.rename(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write(path, text, mode=0o600):
    """Write a file; a reader sees the old one or the new one."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with draft(path, mode) as stream:
        stream.write(text.encode())


def read_json(path, default=None):
    """Read a file of ours, or say what it would hold at first."""
    try:
        with open(path) as stream:
            return json.load(stream)
    except FileNotFoundError:
        return default
    except ValueError:
        raise errors.Error('%s is damaged' % path,
                           'remove it and run this again')


def write_json(path, value, mode=0o600):
    write(path, json.dumps(value, indent=2, sort_keys=True) + '\n', mode)


def mounted_below(path):
    """The mount points at or below a path."""
    path = os.path.realpath(path)
    with open('/proc/self/mountinfo') as lines:
        found = [re.sub(r'\\([0-7]{3})',
                        lambda code: chr(int(code.group(1), 8)),
                        line.split()[4]) for line in lines]
    return [place for place in found
            if (place + '/').startswith(path + '/')]


def remove_tree(path):
    """Remove a folder, if it is there; nothing while something is mounted
    in it, which would go with it."""
    mounts = mounted_below(path)
    if mounts:
        raise errors.Error(
            '%s is not removed: %s is mounted there' % (path, mounts[0]),
            'umount ' + mounts[0])
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


@contextlib.contextmanager
def locked(path, busy=None, hint='wait for it, or stop it'):
    """Lock a folder, or a file that is made for that.

    :param busy: the error, if another process has it; without one, wait
    """
    make = 0 if os.path.isdir(path) else os.O_CREAT
    descriptor = os.open(path, os.O_RDONLY | make, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX |
                        (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise errors.Busy('%s (process %s)' % (
                busy, _holder(descriptor) or 'unknown'), hint)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor):
    """Return the number of the process that has a lock, if it is known: not
    every file system has the kernel's own inode numbers."""
    wanted = str(os.fstat(descriptor).st_ino)
    with contextlib.suppress(OSError), open('/proc/locks') as lines:
        for line in lines:
            # 1: FLOCK  ADVISORY  WRITE 4711 fd:01:131 0 EOF
            words = line.split()
            if words[1] == 'FLOCK' and words[5].split(':')[-1] == wanted:
                return words[4]
    return None
