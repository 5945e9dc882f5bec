# SPDX-License-Identifier: Apache-2.0

"""Source packages that the project has chosen, for distributions whose own
versions no series of patches fits.

A series may have the description of a source package (``.dsc``) beside its
patches. The files that it names come from a folder or a web server; they are
the right ones if they have the description's checksums.
"""

import glob
import hashlib
import os
import re
import shutil
import urllib.error
import urllib.request

from harness import errors
from harness import files
from hypervisor.builder import series

_SECONDS = 60           # without a byte
_BLOCK = 1 << 20
_FILE = re.compile(r'^ ([0-9a-f]{64}) (\d+) (\S+)$', re.MULTILINE)


class GivenSources:
    """Source packages, out of a folder or of a web server.

    :param location: path or URL, with the files themselves or with the
                     folders of a Debian mirror
    """

    def __init__(self, location, patches=series.FOLDER):
        if not _is_url(location) and not os.path.isdir(location):
            raise errors.Error(
                'there is no folder %s' % location,
                'name a folder, or a URL that begins with https:// or '
                'http://')
        self._location = location.rstrip('/')
        self._patches = patches

    def update(self):
        """Nothing is newer than what the project names."""

    def versions(self, source):
        """Return the version that the newest series with a description
        has."""
        return [_field('Version', self._description(source))]

    def download(self, source, version, folder):
        """Put the files of a source package into a new folder."""
        path = self._path(source)
        with files.draft_folder(folder) as draft:
            for checksum, size, name in _FILE.findall(
                    self._description(source)):
                self._fetch(source, name, int(size), checksum,
                            os.path.join(draft, name), path)
            shutil.copy(path, draft)

    def _description(self, source):
        with open(self._path(source)) as file:
            return file.read()

    def _path(self, source):
        for version in reversed(series.versions(source, self._patches)):
            found = glob.glob(os.path.join(
                self._patches, source, version, '*.dsc'))
            if found:
                return found[0]
        raise errors.Error(
            'no series of %s names source files' % source,
            'leave out --sources')

    def _fetch(self, source, name, size, checksum, target, description):
        places = [name, os.path.join('pool/main', _letters(source), source,
                                     name)]
        for place in places:
            origin = '%s/%s' % (self._location, place)
            try:
                with _open(origin) as stream:
                    found = _copy(stream, target, size)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as problem:
                raise errors.Error('%s: %s' % (origin, problem),
                                   'run this again when it can be read')
            if found != checksum:
                raise errors.Error(
                    '%s is not the file that %s describes: SHA-256 %s, not '
                    '%s' % (origin, os.path.relpath(
                        description, self._patches), found, checksum),
                    'name another --sources, or replace the file')
            return
        raise errors.Error(
            '%s has neither %s nor %s' % (self._location, *places),
            'put the files there that %s names, or name a mirror of Debian'
            % os.path.relpath(description, self._patches))


def _is_url(location):
    return re.match(r'https?://', location) is not None


def _open(origin):
    """Open a file for reading; FileNotFoundError if it is not there."""
    if not _is_url(origin):
        return open(origin, 'rb')
    try:
        return urllib.request.urlopen(origin, timeout=_SECONDS)
    except urllib.error.HTTPError as problem:
        if problem.code != 404:
            raise
        raise FileNotFoundError(origin)


def _copy(stream, target, size):
    """Copy a file of a size, and not a byte more; return its SHA-256."""
    digest = hashlib.sha256()
    with open(target, 'wb') as file:
        while size >= 0:
            block = stream.read(min(_BLOCK, size + 1))
            if not block:
                break
            size -= len(block)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _field(name, text):
    return re.search(r'^%s: (\S+)$' % name, text, re.MULTILINE).group(1)


def _letters(source):
    """Return the folder of a mirror that a source package is below."""
    return source[:4] if source.startswith('lib') else source[0]
