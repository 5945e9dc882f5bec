# SPDX-License-Identifier: Apache-2.0

"""Checkouts of the services that no registry has: ``--source DIR``.

They are read at the commits that the release names, and never written to.
"""

import os

from harness import errors
from harness import run

_URL = 'https://opendev.org/openstack/'


def check(release, folder):
    """Raise unless a folder has all that a release wants."""
    if not release.checkouts:
        raise errors.Error(
            'all of OpenStack %s is on PyPI: it takes no --source'
            % release.name, hint='leave --source out')
    wrong = {name: seen for name in release.checkouts
             if (seen := _fault(release, folder, name))}
    if wrong:
        raise errors.Error(
            '--source %s: %s' % (folder, '; '.join(
                '%s %s' % found for found in wrong.items())),
            hint=_hint(release, folder, wrong))


def missing(release):
    """The error that a release needs --source."""
    return errors.Error(
        'the services of OpenStack %s are not on PyPI: it needs --source DIR, '
        'with checkouts of the repositories %s of openstack, at the tag %s' % (
            release.name, ', '.join(release.checkouts), release.tag),
        hint=_hint(release, 'DIR', release.checkouts))


def export(release, folder, target):
    """Write an archive of each checkout, NAME.tar, into another folder."""
    for name, checkout in release.checkouts.items():
        _git(folder, name, 'archive', '--output', os.path.join(
            target, name + '.tar'), checkout['commit'])


def _fault(release, folder, name):
    """Return the fault of a checkout, or None."""
    if not os.path.isdir(os.path.join(folder, name)):
        return 'is not there'
    try:
        seen = _git(folder, name, 'rev-parse', '--verify', 'HEAD').strip()
    except errors.CommandFailed as error:
        return 'is no checkout of git (%s)' % error
    wanted = release.checkouts[name]['commit']
    return seen != wanted and 'is at commit %.12s, not at %s, %.12s' % (
        seen, release.tag, wanted)


def _git(folder, name, *arguments):
    """Run git in a checkout; that of a folder around it is none."""
    return run.run(['git', '-C', os.path.join(folder, name)] +
                   list(arguments),
                   env={'GIT_CEILING_DIRECTORIES': os.path.abspath(folder)})


def _hint(release, folder, names):
    """The commands that make checkouts, or bring them to the tag."""
    commands = []
    for name in names:
        path = os.path.join(folder, name)
        if os.path.exists(os.path.join(path, '.git')):
            commands.append('git -C %s fetch --tags && git -C %s checkout %s'
                            % (path, path, release.tag))
        else:
            commands.append('git clone --branch %s %s%s %s'
                            % (release.tag, _URL, name, path))
    return '\n  '.join([''] + commands)
