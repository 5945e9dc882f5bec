# SPDX-License-Identifier: Apache-2.0

"""Source packages of the distribution.

They are fetched with lists of our own, made from the machine's
sources, so that its configuration stays as it is. apt verifies what it fetches
with the machine's keys.

An archive may have lost the description of a source package (.dsc) while its
tarballs are there. The signed index has all that the description says, so a
new one is made of it. dpkg-source then checks each file again, and unpacks as
ever.
"""

import glob
import os
import re
import shutil

from harness import apt
from harness import errors
from harness import files
from harness import run

_CONFIGURATION = '/etc/apt'
_APT_HELPER = '/usr/lib/apt/apt-helper'
# the description, and signatures on tarballs: the index stands for them
_REPLACEABLE = ('.dsc', '.asc')
# Their versions are not the distribution's; DevStack adds them to Debian 12.
_BACKPORTS = re.compile(r'\s\S+-backports(-sloppy)?(?=\s|$)')


class Sources:
    """Source packages, by apt with lists of our own."""

    def __init__(self, folder, log, configuration=_CONFIGURATION):
        self._folder = folder
        self._log = log
        self._configuration = configuration

    def update(self):
        """Fetch the lists of source packages."""
        parts = os.path.join(self._folder, 'sources.list.d')
        shutil.rmtree(parts, ignore_errors=True)
        os.makedirs(parts)
        for name, text in source_entries(self._configuration):
            with open(os.path.join(parts, name), 'w') as file:
                file.write(text)
        run.run(self._command('apt-get', 'update'), self._log, clean=True,
                hint='look at the log; "apt-get update" must work')

    def versions(self, source):
        """Return the versions of a source package, in apt's order."""
        text = run.output(self._command(
            'apt-cache', 'showsrc', '--only-source', source))
        found = re.findall(r'^Version: (\S+)$', text, re.MULTILINE)
        if not found:
            raise errors.Error(
                'no source package %s in the sources of apt' % source,
                'add the "main" component of the distribution to %s'
                % self._configuration)
        return list(dict.fromkeys(found))

    def download(self, source, version, folder):
        """Fetch the files of a source package into a new folder."""
        with files.draft_folder(folder) as draft:
            try:
                run.run(self._command('apt-get', 'source', '--download-only',
                                      '%s=%s' % (source, version)),
                        self._log, clean=True, cwd=draft, why=run.first_error,
                        hint='run this again when the network works, or with '
                             '--update if the distribution has a newer '
                             'version')
            except errors.CommandFailed as problem:
                try:
                    self._download_by_index(source, version, draft)
                except errors.CommandFailed:
                    raise problem

    def _download_by_index(self, source, version, folder):
        """Fetch the tarballs of a source package, and describe them as the
        index does."""
        tarballs = []
        for uri, name, checksum in self._locations(source, version):
            path = os.path.join(folder, name)
            if name.endswith(_REPLACEABLE):
                continue
            run.run(self._command(_APT_HELPER, 'download-file', uri, path,
                                  checksum), self._log, clean=True)
            tarballs.append(name)
        paragraph = self._paragraph(source, version)
        name = '%s_%s.dsc' % (source, version.split(':')[-1])
        with open(os.path.join(folder, name), 'w') as file:
            file.write(description(paragraph, tarballs))

    def _locations(self, source, version):
        """Yield (URI, name, checksum) of the files of a source package."""
        text = run.output(self._command(
            'apt-get', 'source', '--print-uris', '--download-only',
            '%s=%s' % (source, version)))
        return re.findall(r"^'(\S+)' (\S+) \d+ (SHA\d+:\S+)$", text,
                          re.MULTILINE)

    def _paragraph(self, source, version):
        """Return what the index says of a source package."""
        text = run.output(self._command(
            'apt-cache', 'showsrc', '--only-source', source))
        return next(one for one in text.split('\n\n')
                    if 'Version: %s' % version in one.splitlines())

    def _command(self, program, *arguments):
        return [program, '-q', *apt.own_lists(self._folder), *arguments]


def folder_name(source, version):
    """Return where in the cache a source package is."""
    return '%s_%s' % (source, version.replace(':', '%3a'))


def unpack(folder, target, log):
    """Unpack a source package, the distribution's patches applied."""
    name, = [name for name in os.listdir(folder) if name.endswith('.dsc')]
    run.run(['dpkg-source', '--no-copy', '--extract',
             os.path.join(folder, name), target], log, clean=True,
            cwd=os.path.dirname(target), why=run.first_error)


def description(paragraph, names):
    """Turn a paragraph of the index into the text of a .dsc.

    :param names: the files that are there; the others are left out
    """
    text = re.sub(r'^Package:', 'Source:', paragraph.strip(),
                  flags=re.MULTILINE)
    # "Files:" and "Checksums-…:" name a file a line: checksum, size, name
    return ''.join(line + '\n' for line in text.splitlines()
                   if not re.match(r' [0-9a-f]{32,} \d+ ', line)
                   or line.split()[-1] in names)


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
        raise errors.Error(
            'apt has no sources in %s' % configuration,
            'name the distribution\'s archive there')


def _one_line(text):
    """Turn "deb URI suite main" into "deb-src URI suite main"."""
    lines = []
    for line in text.splitlines():
        match = re.match(r'\s*deb(?:-src)?\s+(.*)', line)
        if match and not _BACKPORTS.search(line):
            lines.append('deb-src ' + match.group(1))
    lines = list(dict.fromkeys(lines))
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
        stanza = re.sub(r'^Suites:.*$',
                        lambda line: _BACKPORTS.sub('', line.group()),
                        stanza, flags=re.MULTILINE | re.IGNORECASE)
        if changed and re.search(r'^Suites: *\S', stanza,
                                 re.MULTILINE | re.IGNORECASE):
            kept.append(stanza.strip() + '\n')
    return '\n'.join(kept)
