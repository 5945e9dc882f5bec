# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""The Python environment of the services: made once, kept in the cache."""

import os
import shutil

from ovs_testbed import files
from ovs_testbed import run
from ovs_testbed import sources

_COMPLETE = '.complete'


def is_there(testbed):
    return is_made(testbed.cache)


def is_made(cache):
    return os.path.exists(os.path.join(cache.environment, _COMPLETE))


def make(testbed):
    """Install the release's packages at exactly the pinned versions.

    Root only unpacks them: files of the pinned hashes, and what a user
    without rights has built from sources of the pinned hashes.
    """
    release = testbed.release
    path = testbed.cache.environment
    log = testbed.log('pip')
    files.remove_tree(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    run.run([release.interpreter, '-m', 'venv', path], log=log)
    install = [os.path.join(path, 'bin', 'pip'), 'install'] + sources.OPTIONS
    run.run(install + sources.ONLY_WHEELS + ['--requirement', release.wheels],
            log=log, timeout=3600)
    with sources.built(release, log) as wheels:
        run.run(install + ['--no-index'] + wheels, log=log)
    files.write(os.path.join(path, _COMPLETE), '')


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
