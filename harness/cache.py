# SPDX-License-Identifier: Apache-2.0

"""The project's cache folder: what can be made or fetched again, under names
that say what it was made from."""

import hashlib
import os

from harness import errors
from harness import files

NAME = 'devstack-plugin-openvstorage'


def folder(*names):
    """The cache folder, or a path in it; "bin/test" uses the same one."""
    home = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    return os.path.join(
        os.environ.get('OVS_CACHE') or os.path.join(home, NAME), *names)


def key_of(text):
    """Return a short name for everything that a thing depends on."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def key_of_files(*folders):
    """Return a short name that changes with every file of folders."""
    texts = []
    for top in folders:
        for folder, below, names in os.walk(top):
            below.sort()
            for name in sorted(names):
                if not name.endswith('.pyc'):
                    with open(os.path.join(folder, name)) as stream:
                        texts += [name, stream.read()]
    return key_of('\0'.join(texts))


class Cache:
    """A part of the cache folder."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make(self, *names):
        """Return a folder in the cache, made if it is not there."""
        path = self.path(*names)
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise errors.Error(
                'the cache folder cannot be made: %s' % error,
                'name another one with OVS_CACHE')
        return path

    def log(self, name):
        return os.path.join(self.make('logs'), name + '.log')

    def locked(self):
        """Keep other processes out meanwhile."""
        return files.locked(os.path.join(self.make(), 'lock'),
                            'another command is using %s' % self.folder,
                            'wait for it, or use another cache folder')

    def remember(self, name, value):
        """Keep something that a later run needs to know."""
        files.write_json(os.path.join(self.make('known'), name + '.json'),
                         value, 0o644)

    def recall(self, name):
        """Return what was kept under a name, None if nothing was."""
        return files.read_json(self.path('known', name + '.json'))
