# SPDX-License-Identifier: Apache-2.0

"""Files that are there completely or not at all."""

import contextlib
import json
import os
import re
import shutil
import tempfile

from ovs_testbed import errors


def write(path, text, mode=0o600):
    """Write a file; a reader sees the old one or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    draft = path + '.new'
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, 'w') as stream:
        os.fchmod(descriptor, mode)
        stream.write(text)
    os.replace(draft, path)


@contextlib.contextmanager
def private(path):
    """Write bytes that only root may ever read; there when it is whole."""
    # it makes files with mode 600
    handle, draft = tempfile.mkstemp(
        prefix='.', suffix='.new', dir=os.path.dirname(os.path.abspath(path)))
    try:
        with os.fdopen(handle, 'wb') as stream:
            yield stream
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def read_json(path, default=None):
    """Read a file of ours, or say what it would hold at first."""
    try:
        with open(path) as stream:
            return json.load(stream)
    except FileNotFoundError:
        return default


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
        raise errors.TestbedError(
            '%s is not removed: %s is mounted there' % (path, mounts[0]),
            hint='umount ' + mounts[0])
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        pass
