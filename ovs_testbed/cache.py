# SPDX-License-Identifier: Apache-2.0

"""The cache of all that is costly to make. It outlives testbeds, and is kept
by what it was made from, so that a second run needs no network."""

import hashlib
import os

from ovs_testbed import files

_NAME = 'devstack-plugin-openvstorage'
#: by these files a part of the cache is known as ours
_MARKS = {'testbed': os.path.join('tools', 'made-from'), 'hypervisor': 'lock',
          'python27': 'lock'}


def folder():
    """The cache folder of the project, the same that bin/test uses."""
    default = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser(
        '~/.cache')
    return os.environ.get('OVS_CACHE') or os.path.join(default, _NAME)


def remove_all():
    """Remove the parts of the cache that bear a testbed's mark."""
    for part, mark in _MARKS.items():
        path = os.path.join(folder(), part)
        if os.path.exists(os.path.join(path, mark)):
            files.remove_tree(path)


def key_of(*texts):
    """Make a key of everything that a thing depends on."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b'\0')
    return digest.hexdigest()[:16]


class Cache:
    """The paths of one release in the cache."""

    def __init__(self, release):
        self.folder = os.path.join(folder(), 'testbed')
        self.release = release

    @property
    def environment(self):
        """The Python environment of the services."""
        return os.path.join(self.folder, 'python-%s-%s' % (
            self.release.name, self.release.key))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def key_for(self, *texts):
        """A key that changes with the release's versions too."""
        return key_of(self.release.key, *texts)

    @property
    def timings(self):
        return self.path('timings-%s.json' % self.release.name)

    @property
    def green(self):
        """When each suite has passed last."""
        return self.path('green-%s.json' % self.release.name)
