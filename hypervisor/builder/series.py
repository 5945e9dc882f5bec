# SPDX-License-Identifier: Apache-2.0

"""Series of patches, one a version of the project that they patch."""

import dataclasses
import functools
import hashlib
import os
import re
import subprocess

from harness import errors

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass(frozen=True)
class Series:
    project: str
    version: str
    folder: str
    patches: tuple      # names of files in the folder, in order

    def paths(self):
        return [os.path.join(self.folder, name) for name in self.patches]

    def hashes(self):
        """Return {patch: SHA-256}, in the order of the series."""
        return {name: file_hash(path)
                for name, path in zip(self.patches, self.paths())}


def file_hash(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def load(project, version, folder=FOLDER):
    """Return a series, every file of it known to be there."""
    home = os.path.join(folder, project, version)
    path = os.path.join(home, 'series')
    try:
        with open(path) as file:
            names = [line.strip() for line in file]
    except FileNotFoundError:
        raise errors.Error('%s is missing' % path,
                           'restore it from the repository')
    names = tuple(name for name in names if name and name[0] != '#')
    there = {name for name in os.listdir(home) if name.endswith('.patch')}
    for name in names:
        if name not in there:
            raise errors.Error(
                '%s names %s, which is not there' % (path, name),
                'restore the file, or take its line out')
    for name in sorted(there.difference(names)):
        raise errors.Error('%s does not name %s' % (path, name),
                           'add its line, or remove the file')
    return Series(project, version, home, names)


def versions(project, folder=FOLDER):
    """Return the versions of a project that there is a series for, the
    oldest first."""
    home = os.path.join(folder, project)
    if not os.path.isdir(home):
        return []
    return sorted((name for name in os.listdir(home)
                   if os.path.exists(os.path.join(home, name, 'series'))),
                  key=_Order)


def choose(project, offered, folder=FOLDER):
    """Return (version, series): the newest that a series exists for.

    :param offered: versions of source packages that the distribution has
    """
    known = versions(project, folder)
    pairs = [(candidate, version) for candidate in offered
             for version in known if is_of(candidate, version)]
    if not pairs:
        raise errors.Error(
            'the distribution has %s %s; there are patches for %s' % (
                project, ' and '.join(offered), ', '.join(known) or 'none'),
            'use --sources (OPENVSTORAGE_SOURCES of DevStack), which builds '
            'a version that has patches')
    candidate, version = max(pairs, key=lambda pair: _Order(pair[0]))
    return candidate, load(project, version, folder)


def nearest(project, version, folder=FOLDER):
    """Return the newest series that is not newer than a version, else the
    oldest."""
    known = versions(project, folder)
    older = [one for one in known if _compare(one, version) <= 0]
    return load(project, (older or known[:1] or [version])[-1], folder)


def is_of(package_version, version):
    """Say whether a package (1:7.2+dfsg-7) is of a version (7.2)."""
    upstream = package_version.split(':')[-1]
    return re.match(re.escape(version) + r'(?![0-9])', upstream) is not None


def _compare(one, other):
    for operator, result in (('lt', -1), ('eq', 0)):
        if subprocess.run(['dpkg', '--compare-versions', one, operator,
                           other]).returncode == 0:
            return result
    return 1


_Order = functools.cmp_to_key(_compare)
