# SPDX-License-Identifier: Apache-2.0

"""Build Python packages from their sources as a user without rights.

The build of a source package runs programs of strangers. They run as a user
with an unused id, in a folder that the testbed removes afterwards.
"""

import contextlib
import glob
import os
import secrets
import shutil
import tempfile

from harness import run
from ovs_testbed import checkouts
from ovs_testbed import pythons

OPTIONS = ['--no-input', '--disable-pip-version-check', '--progress-bar',
           'off', '--no-deps']
_ONLY_WHEELS = ['--require-hashes', '--only-binary', ':all:']
_BUILD = ['--no-build-isolation', '--no-cache-dir', '--no-clean']
_ONLY_SOURCES = ['--require-hashes', '--no-binary', ':all:'] + _BUILD
_HINT = ('the log names the distribution that is missing, or the index that '
         'does not answer; name an index that has it in PIP_INDEX_URL, or '
         'take another release')
#: where checkouts are built, in the builder's folder
_CHECKOUTS = 'checkouts'
#: ids that neither packages nor administrators give away, but systemd, to
#: services for as long as they run
_USERS = range(61184, 65520)


def install(pip, requirements, log):
    """Install wheels of pinned hashes."""
    run.run([pip, 'install'] + OPTIONS + _ONLY_WHEELS +
            ['--requirement', requirements], log=log, timeout=3600,
            hint=_HINT)


@contextlib.contextmanager
def built(release, source, log):
    """Give the wheels of a release's sources for a while.

    :param source: the folder of its checkouts
    """
    with tempfile.TemporaryDirectory(prefix='ovs-testbed-build-') as folder:
        shutil.copy(release.sources, folder)
        checkouts.export(release, source, folder)
        user = secrets.choice(_USERS)
        os.chown(folder, user, user)
        builder = _Builder(folder, user, log)
        _build(release, builder)
        yield Built(builder)


class Built:
    """The wheel, and the sources that it was built of."""

    def __init__(self, builder):
        self._builder = builder

    @property
    def wheels(self):
        return self._find('wheels', '*.whl')

    def read(self, distribution, name):
        """The text of a file in the sources of a distribution; read without
        rights, because it may be a link to anywhere by now."""
        path, = self._find('*', distribution, name)
        return self._builder.run('cat', path)

    def _find(self, *names):
        return sorted(glob.glob(os.path.join(self._builder.folder, *names)))


def _build(release, builder):
    python = pythons.of(release).in_folder(builder.folder)
    venv = os.path.join(builder.folder, 'venv')
    python.make_environment(venv, builder.log)
    pip = os.path.join(venv, 'bin', 'pip')
    install(pip, release.build_tools, builder.log)
    builder.run(pip, 'wheel', *OPTIONS, *_ONLY_SOURCES, '--wheel-dir',
                'wheels', '--requirement', os.path.basename(release.sources),
                hint=_HINT, **python.build_variables(builder.folder))
    for name, checkout in release.checkouts.items():
        _build_checkout(name, checkout['version'], pip, builder)


def _build_checkout(name, version, pip, builder):
    """Build a wheel of an archive. pbr wants the version, since it is told
    by the history, and takes the files that git lists."""
    path = os.path.join(_CHECKOUTS, name)
    builder.run('mkdir', '--parents', path)
    builder.run('tar', '--extract', '--file', name + '.tar', '--directory',
                path)
    builder.run('git', '-C', path, 'init', '--quiet')
    builder.run('git', '-C', path, 'add', '--all', '--force', '.')
    builder.run(pip, 'wheel', *OPTIONS, *_BUILD, '--wheel-dir', 'wheels',
                './' + path, PBR_VERSION=version, SKIP_GENERATE_AUTHORS='1',
                SKIP_WRITE_GIT_CHANGELOG='1')


class _Builder:
    """A user without rights, at work in a folder of his own."""

    def __init__(self, folder, user, log):
        self.folder = folder
        self.log = log
        self._user = user

    def run(self, *command, hint=None, **variables):
        return run.run(
            ['setpriv', '--reuid=%d' % self._user, '--regid=%d' % self._user,
             '--clear-groups', '--no-new-privs', '--inh-caps=-all'] +
            list(command), log=self.log, cwd=self.folder, timeout=3600,
            hint=hint,
            env=dict(variables, HOME=self.folder, TMPDIR=self.folder))
