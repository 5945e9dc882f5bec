# SPDX-License-Identifier: Apache-2.0

"""Debian packages: which are missing; install, fetch, unpack them.

apt verifies what it fetches with the machine's keys.
"""

import glob
import os
import re
import subprocess

from harness import errors
from harness import run

_LOCK_SECONDS = 600
_SECONDS = 1800
_KERNEL = 'linux-image-cloud-amd64'


def missing(packages):
    """Return those of the packages that are not installed."""
    seen = subprocess.run(
        ['dpkg-query', '--show', '--showformat',
         '${Package} ${db:Status-Status}\\n', '--'] + list(packages),
        capture_output=True, text=True).stdout
    there = {line.split()[0] for line in seen.splitlines()
             if line.endswith(' installed')}
    return [name for name in packages if name not in there]


def unmet(depends):
    """Return those of Debian's dependencies that are not fulfilled.

    :param depends: like ['libc6 (>= 2.36)', 'libaio1 | libaio1t64']
    """
    return [clause for clause in depends
            if not any(_is_met(one.strip()) for one in clause.split('|'))]


def _is_met(one):
    match = re.fullmatch(r'([^ (]+)(?: \((\S+) (\S+)\))?', one)
    package, relation, version = match.groups()
    if missing([package]):
        return False
    if not relation:
        return True
    there = run.output(['dpkg-query', '-W', '-f', '${Version}', package])
    return not subprocess.run(['dpkg', '--compare-versions', there, relation,
                               version]).returncode


def install(packages, log):
    """Install packages with the machine's own apt."""
    get = as_root(['apt-get', '--quiet', '-o',
                   'DPkg::Lock::Timeout=%d' % _LOCK_SECONDS])
    hint = ('look at the log; "apt-get install %s" must work'
            % ' '.join(packages))
    run.run(get + ['update'], log, clean=True, timeout=_SECONDS, hint=hint)
    run.finish(get + ['install', '--yes', '--no-install-recommends'] +
               list(packages), log, clean=True, timeout=_SECONDS, hint=hint)
    left = missing(packages)
    if left:
        raise errors.Error('not installed: %s' % ' '.join(left), hint, log)


def as_root(command):
    """Return the command as an administrator's."""
    if os.geteuid() == 0:
        return list(command)
    # what matters for apt is not taken from the caller by every sudo
    return ['sudo', 'env', 'DEBIAN_FRONTEND=noninteractive'] + list(command)


def own_lists(folder):
    """Return apt's options for lists of our own in a folder; the machine's
    configuration and lists stay as they are."""
    lists, parts = (os.path.join(folder, name)
                    for name in ('lists', 'sources.list.d'))
    for path in os.path.join(lists, 'partial'), parts:
        os.makedirs(path, exist_ok=True)
    words = []
    for option in ('Dir::Etc::sourcelist=/dev/null',
                   'Dir::Etc::sourceparts=' + parts,
                   'Dir::State::lists=' + lists,
                   # caches of the machine's lists, not of these
                   'Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache=',
                   'Acquire::Languages=none', 'Acquire::Retries=3'):
        words += ['-o', option]
    return words


def fetch(packages, folder, log, options=()):
    """Fetch packages into a folder that apt's own user can enter."""
    run.run(['apt-get', '--quiet', *options, 'download', *packages], log,
            clean=True, cwd=folder, timeout=_LOCK_SECONDS,
            hint='run "apt-get update"; the network is needed once')


def unpack(packages, folder):
    """Unpack the files of packages, and install nothing.

    :param packages: paths of .deb files
    """
    for package in packages:
        run.run(['dpkg-deb', '--extract', package, folder], clean=True,
                timeout=_LOCK_SECONDS, hint='take a Debian machine')


def fetch_and_unpack(packages, work, folder, log):
    """Fetch packages into one folder, and unpack them into another."""
    fetch(packages, work, log)
    unpack(glob.glob(os.path.join(work, '*.deb')), folder)


def first_known(names):
    """Return the first of the names that apt can install a package of."""
    for name in names:
        seen = run.output(['apt-cache', 'policy', name])
        if re.search(r'^  Candidate: [^(]', seen, re.MULTILINE):
            return name
    raise errors.Error('apt knows no package %s' % ' or '.join(names),
                       'run "apt-get update"')


def kernel():
    """Return the name of the package with Debian's newest cloud kernel."""
    hint = ('run "apt-get update"; the section "main" has to be in the '
            'sources')
    seen = run.output(['apt-cache', 'depends', _KERNEL], hint=hint)
    found = re.search(r'Depends: (linux-image-\S+)', seen)
    if not found:
        raise errors.Error('apt knows no %s' % _KERNEL, hint)
    return found.group(1)
