# SPDX-License-Identifier: Apache-2.0

"""The Python environment of the services: made once, kept in the cache."""

import os
import shutil

from harness import files
from harness import run
from ovs_testbed import cache as caches
from ovs_testbed import pythons
from ovs_testbed import sources

_COMPLETE = '.complete'


def is_there(testbed):
    """Tell whether the services and the tests have their environments."""
    return all(is_made(cache) for cache in testbed.caches())


def is_made(cache):
    return os.path.exists(os.path.join(cache.environment, _COMPLETE))


def lacks_checkouts(release):
    """Tell whether it takes checkouts to make the environment."""
    return bool(release.checkouts) and not is_made(caches.Cache(release))


def make(testbed):
    """Make what is missing of both, or wait for another testbed that is
    making it."""
    for cache in testbed.caches():
        os.makedirs(os.path.dirname(cache.environment), exist_ok=True)
        with files.locked(cache.environment + '.lock'):
            if not is_made(cache):
                _make(cache, testbed.source, testbed.log('pip'))


def _make(cache, checkouts, log):
    """Install a release's packages at exactly the pinned versions.

    Root only unpacks them: files of the pinned hashes, and what a user
    without rights has built from sources of the pinned hashes.

    :param checkouts: the folder of those that the release names
    """
    release = cache.release
    path = cache.environment
    files.remove_tree(path)
    python = pythons.of(release)
    python.make_environment(path, log)
    pip = os.path.join(path, 'bin', 'pip')
    sources.install(pip, release.wheels, log)
    with sources.built(release, checkouts, log) as built:
        run.run([pip, 'install', '--no-index'] + sources.OPTIONS +
                built.wheels, log=log)
        for distribution, names in release.etc.items():
            _copy_etc(built, distribution, names, path)
    python.finish(path, log)
    files.write(os.path.join(path, _COMPLETE), '')


def _copy_etc(built, distribution, names, path):
    """Put files of a source where later wheels have put them."""
    for name in names:
        files.write(os.path.join(path, 'etc', distribution,
                                 os.path.basename(name)),
                    built.read(distribution, name), mode=0o644)


def own_copy(testbed):
    """Make the copy that the testbed may change, from hard links where that
    is possible: nothing ever writes into a file of it, only new ones."""
    path = testbed.path('python-' + testbed.release.name)
    if not os.path.exists(path):
        draft = path + '.new'
        files.remove_tree(draft)
        try:
            shutil.copytree(testbed.cache.environment, draft, symlinks=True,
                            copy_function=os.link)
        except shutil.Error:
            files.remove_tree(draft)
            shutil.copytree(testbed.cache.environment, draft, symlinks=True)
        os.rename(draft, path)
    return path
