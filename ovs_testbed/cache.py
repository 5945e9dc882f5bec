import os

from harness import cache
from harness import files

#: by these files a part of the cache is known as ours
_MARKS = {'testbed': os.path.join('tools', 'made-from'), 'hypervisor': 'lock',
          'python27': 'lock'}


def remove_all():
    """Remove the parts of the cache that bear a testbed's mark."""
    for part, mark in _MARKS.items():
        path = cache.folder(part)
        if os.path.exists(os.path.join(path, mark)):
            files.remove_tree(path)


def key_of(*texts):
    """Make a key of several texts."""
    return cache.key_of(''.join(text + '\0' for text in texts))


class Cache(cache.Cache):
    """The paths of one release in the cache."""

    def __init__(self, release):
        super().__init__(cache.folder('testbed'))
        self.release = release

    @property
    def environment(self):
        """The Python environment of the services."""
        return self.path('python-%s-%s' % (self.release.name,
                                           self.release.key))

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
