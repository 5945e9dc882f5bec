# SPDX-License-Identifier: Apache-2.0

"""Which OpenStack release a version number of a package belongs to."""

import re

NAMES = ('newton', 'ocata', 'pike', 'queens', 'rocky', 'stein', 'train',
         'ussuri', 'victoria', 'wallaby', 'xena', 'yoga', 'zed',
         '2023.1', '2023.2', '2024.1', '2024.2', '2025.1', '2025.2',
         '2026.1', '2026.2')

# The first version of each release, in the order of NAMES.
_FIRST = {
    'cinder': [(9 + n, 0) for n in range(len(NAMES))],
    'nova': [(14 + n, 0) for n in range(len(NAMES))],
    'os_brick': [(1, 3), (1, 7), (1, 12), (2, 0), (2, 4), (2, 6), (2, 9),
                 (2, 11), (3, 1), (4, 1), (4, 4), (5, 1), (6, 0),
                 (6, 2), (6, 3), (6, 5), (6, 8), (6, 10), (6, 12),
                 (6, 14), (7, 1)],
}


def _index(package, version):
    """Return the place in NAMES, or None if no release is known."""
    match = re.match(r'(\d+)\.(\d+)', version or '')
    if not match:
        return None
    number = tuple(int(part) for part in match.groups())
    first = _FIRST[package]
    if number < first[0] or (package != 'os_brick'
                             and number[0] > first[-1][0]):
        return None
    return sum(1 for start in first if start <= number) - 1


def release_of(package, version):
    """Name the release of a package's version, or None.

    A checkout has the number of the tag before it, on master and on the
    stable branch: it is "after" that release. A beta is "before" its own.
    """
    index = _index(package, version)
    if index is None:
        return None
    if re.match(r'[\d.]+[ab]\d', version):
        return 'before ' + NAMES[index]
    if '.dev' in version:
        return 'after ' + NAMES[index]
    return NAMES[index]


def mismatch(versions):
    """Say which packages of one environment do not belong together.

    One release apart is fine: os-brick is released on its own, and a
    development version still carries the number of the release before.

    :param versions: package name -> version
    :returns: a sentence, or None
    """
    known = sorted((_index(name, version), name)
                   for name, version in versions.items()
                   if _index(name, version) is not None)
    if not known or known[-1][0] - known[0][0] <= 1:
        return None
    return '%s is of release %s, but %s is of release %s' % (
        _label(known[0][1], versions), NAMES[known[0][0]],
        _label(known[-1][1], versions), NAMES[known[-1][0]])


def _label(name, versions):
    return '%s %s' % (name.replace('_', '-'), versions[name])
