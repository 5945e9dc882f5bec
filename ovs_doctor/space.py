# SPDX-License-Identifier: Apache-2.0

"""Is there room where servers, images, volumes, databases and logs lie?"""

import os

from ovs_doctor import finding

_MIB = 1 << 20
#: what has to be free: bytes, and the part of all names
_LEAST, _FEW = 512 * _MIB, 2048 * _MIB
_LEAST_NAMES = 0.01


def look(patient):
    """Look at each file system once, and name what lies on it."""
    systems = {}
    for use, path in patient.folders().items():
        folder = patient.path(path)
        if os.path.isdir(folder):
            systems.setdefault(os.stat(folder).st_dev, {})[use] = path
    for uses in systems.values():
        yield _judge(patient, uses)


def _judge(patient, uses):
    shown = next(iter(uses.values()))
    state = os.statvfs(patient.path(shown))
    free = state.f_bavail * state.f_frsize
    names = state.f_favail / state.f_files if state.f_files else 1
    level = finding.ERROR if free < _LEAST or names < _LEAST_NAMES \
        else finding.WARNING
    return finding.judge(
        'room for ' + ', '.join(uses),
        '%d MiB free%s in %s' % (
            free // _MIB, '' if names >= _LEAST_NAMES else
            ' and no names for files', shown),
        free < _FEW or names < _LEAST_NAMES,
        'make %d MiB free on the file system of %s: remove files, or let it '
        'grow' % (_FEW // _MIB, shown), level)
