# SPDX-License-Identifier: Apache-2.0

"""Packages from an archive of Debian, fetched without installing them.

apt does it with lists of its own and verifies with Debian's keys what it
fetches; the configuration and the lists of the machine stay as they are.
"""

import hashlib
import os
import platform

from harness import apt
from harness import errors
from harness import run

#: Debian's own keys, by the names that Debian 12 and 13 give the file
_KEYRINGS = ('/usr/share/keyrings/debian-archive-keyring.gpg',
             '/usr/share/keyrings/debian-archive-keyring.pgp')
_TIMEOUT = 600


class Pin:
    """A package of which exactly one file will do."""

    def __init__(self, name, version, sha256):
        self.name = name
        self.version = version
        self.sha256 = sha256

    @property
    def file_name(self):
        """The name under which apt stores the file."""
        return '%s_%s_amd64.deb' % (self.name,
                                    self.version.replace(':', '%3a'))


def address():
    """Return the address of the archive that this machine installs from."""
    codename = platform.freedesktop_os_release().get('VERSION_CODENAME')
    lines = run.output(['apt-get', 'indextargets', '--format',
                       '$(RELEASE) $(COMPONENT) $(REPO_URI)',
                        'Created-By: Packages'])
    for line in lines.splitlines():
        release, component, found = line.split(None, 2)
        if release in (codename, 'stable') and component == 'main':
            return found
    raise errors.Error('apt has no archive of Debian here',
                       hint='name one in /etc/apt/sources.list.d')


def fetch(pins, suite, folder, log):
    """Fetch packages of a suite into a folder; return their paths.

    :param folder: an empty one, for apt's lists too
    """
    options = _options(suite, folder)
    run.run(['apt-get', '--quiet', *options, 'update'], log, clean=True,
            timeout=_TIMEOUT)
    apt.fetch(['%s=%s' % (pin.name, pin.version) for pin in pins], folder,
              log, options)
    return [_verified(pin, os.path.join(folder, pin.file_name))
            for pin in pins]


def _options(suite, folder):
    """Write a list with the suite alone; return apt's options for it."""
    options = apt.own_lists(folder)
    with open(os.path.join(folder, 'sources.list.d', 'suite.list'),
              'w') as stream:
        stream.write('deb [arch=amd64 signed-by=%s] %s %s main\n' % (
            keyring(), address(), suite))
    return options


def keyring():
    """Return the file with the keys of Debian."""
    for path in _KEYRINGS:
        if os.path.exists(path):
            return path
    raise errors.Error('%s is missing' % _KEYRINGS[0],
                       hint='apt-get install debian-archive-keyring')


def _verified(pin, path):
    if not has_digest(path, pin.sha256):
        raise errors.Error(
            'the package %s %s is not the file that is pinned: its sha256 '
            'is not %s' % (pin.name, pin.version, pin.sha256))
    return path


def has_digest(path, sha256):
    """Tell whether a file is there and has that sha256."""
    try:
        with open(path, 'rb') as stream:
            found = hashlib.file_digest(stream, 'sha256').hexdigest()
    except FileNotFoundError:
        return False
    return found == sha256
