# SPDX-License-Identifier: Apache-2.0

"""Debian packages: what is installed, what is missing, where sources are.

Source packages are fetched with lists of our own, made from the machine's
sources, so that its configuration stays as it is. apt verifies what it fetches
with the machine's keys.
"""

import glob
import os
import re
import shutil
import tempfile

from hypervisor.builder import failure
from hypervisor.builder import processes

_CONFIGURATION = '/etc/apt'
_LOCK_SECONDS = 600


def missing(packages):
    """Return those of the packages that are not installed."""
    return [package for package in packages if not is_installed(package)]


def is_installed(package):
    try:
        status = processes.output(
            ['dpkg-query', '-W', '-f', '${db:Status-Abbrev}', package])
    except failure.Failure:
        return False
    return status.startswith('ii')


def install(packages, log):
    """Install packages with the machine's own apt."""
    get = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=%d' % _LOCK_SECONDS]
    cure = 'look at the log; "apt-get install %s" must work' % (
        ' '.join(packages))
    processes.run(processes.as_root(get + ['update']), log, cure=cure)
    processes.run(processes.as_root(
        get + ['install', '-y', '--no-install-recommends'] + list(packages)),
        log, cure=cure, may_be_ended=False)


def unmet(depends):
    """Return those of Debian's dependencies that are not fulfilled.

    :param depends: like ['libc6 (>= 2.36)', 'libaio1 | libaio1t64']
    """
    if not depends:
        return []
    return [clause for clause in depends if not _is_met(clause)]


def _is_met(clause):
    return any(_one_is_met(one.strip()) for one in clause.split('|'))


def _one_is_met(one):
    match = re.fullmatch(r'([^ (]+)(?: \((\S+) (\S+)\))?', one)
    package, relation, version = match.groups()
    if not is_installed(package):
        return False
    if not relation:
        return True
    there = processes.output(['dpkg-query', '-W', '-f', '${Version}',
                              package])
    try:
        processes.output(['dpkg', '--compare-versions', there, relation,
                          version])
    except failure.Failure:
        return False
    return True


class PrivateApt:
    """apt with lists of our own, for source packages."""

    def __init__(self, folder, log, configuration=_CONFIGURATION):
        self._folder = folder
        self._log = log
        self._configuration = configuration

    def update(self):
        """Fetch the lists of source packages."""
        parts = self._path('sources.list.d')
        shutil.rmtree(parts, ignore_errors=True)
        os.makedirs(parts)
        os.makedirs(self._path('lists', 'partial'), exist_ok=True)
        for name, text in source_entries(self._configuration):
            with open(os.path.join(parts, name), 'w') as file:
                file.write(text)
        processes.run(self._command('apt-get', 'update'), self._log,
                      cure='look at the log; "apt-get update" must work')

    def versions(self, source):
        """Return the versions of a source package, in apt's order."""
        text = processes.output(self._command(
            'apt-cache', 'showsrc', '--only-source', source))
        found = re.findall(r'^Version: (\S+)$', text, re.MULTILINE)
        if not found:
            raise failure.Failure(
                'no source package %s in the sources of apt' % source,
                'add the "main" component of the distribution to %s'
                % self._configuration)
        return list(dict.fromkeys(found))

    def download(self, source, version, folder):
        """Fetch the files of a source package into a new folder."""
        parent = os.path.dirname(folder)
        os.makedirs(parent, exist_ok=True)
        fetched = tempfile.mkdtemp(prefix='.fetch-', dir=parent)
        try:
            # apt fetches as a user of its own, who must get in there
            os.chmod(fetched, 0o755)
            processes.run(
                self._command('apt-get', 'source', '--download-only',
                              '%s=%s' % (source, version)),
                self._log, cwd=fetched,
                cure='run this again when the network works, or with '
                     '--update if the distribution has a newer version')
            os.rename(fetched, folder)
        except BaseException:
            shutil.rmtree(fetched, ignore_errors=True)
            raise

    def _path(self, *names):
        return os.path.join(self._folder, *names)

    def _command(self, program, *arguments):
        options = {
            'Dir::Etc::sourcelist': '/dev/null',
            'Dir::Etc::sourceparts': self._path('sources.list.d'),
            'Dir::State::lists': self._path('lists'),
            # caches of the machine's lists, not of these
            'Dir::Cache::pkgcache': '',
            'Dir::Cache::srcpkgcache': '',
            'Acquire::Retries': '3',
        }
        command = [program, '-q']
        for name in options:
            command += ['-o', '%s=%s' % (name, options[name])]
        return command + list(arguments)


def source_entries(configuration=_CONFIGURATION):
    """Yield (file name, text) of apt's sources, turned into deb-src."""
    paths = [os.path.join(configuration, 'sources.list')]
    paths += sorted(glob.glob(os.path.join(configuration,
                                           'sources.list.d', '*')))
    found = False
    for number, path in enumerate(paths):
        kind = os.path.splitext(path)[1]
        if kind not in ('.list', '.sources') or not os.path.isfile(path):
            continue
        with open(path) as file:
            text = file.read()
        text = _one_line(text) if kind == '.list' else _stanzas(text)
        if text:
            found = True
            yield '%02d%s' % (number, kind), text
    if not found:
        raise failure.Failure(
            'apt has no sources in %s' % configuration,
            'name the distribution\'s archive there')


def _one_line(text):
    """Turn "deb URI suite main" into "deb-src URI suite main"."""
    lines = []
    for line in text.splitlines():
        match = re.match(r'\s*deb(?:-src)?\s+(.*)', line)
        if match and 'deb-src ' + match.group(1) not in lines:
            lines.append('deb-src ' + match.group(1))
    return '\n'.join(lines + ['']) if lines else ''


def _stanzas(text):
    """Turn "Types: deb" of each paragraph into "Types: deb-src"."""
    kept = []
    for stanza in re.split(r'\n\s*\n', text):
        if re.search(r'^Enabled:\s*(no|false)', stanza,
                     re.MULTILINE | re.IGNORECASE):
            continue
        stanza, changed = re.subn(r'^Types:.*$', 'Types: deb-src', stanza,
                                  flags=re.MULTILINE | re.IGNORECASE)
        if changed:
            kept.append(stanza.strip() + '\n')
    return '\n'.join(kept)
