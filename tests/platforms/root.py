# SPDX-License-Identifier: Apache-2.0

"""The root file system of another Debian, and commands that run in it."""

import os

from harness import files
from harness import run
from ovs_testbed import debian_archive
from tests.platforms import machine

_ENTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'enter')
_HOME = os.path.expanduser('~')
#: the smallest Debian, and what this project's commands are started with
_PACKAGES = 'ca-certificates,python3'
PROJECT = '/project'
_COPY = '''git -C "$1" ls-files -z --cached --others --exclude-standard |
tar -C "$1" --create --null --ignore-failed-read --files-from=- |
tar -C "$2" --extract --no-same-owner
# some tests clone the project
cd "$2"
git init --quiet
git add --all
git -c user.name=test -c user.email=test@localhost commit --quiet -m copy'''
_SETTINGS = {
    'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME': _HOME, 'LC_ALL': 'C.UTF-8', 'OVS_CACHE': '/cache'}


class Root:
    """A Debian in a folder: processes and mounts of its own, the network of
    this machine."""

    def __init__(self, codename, folder):
        self._codename = codename
        self._folder = folder

    def make(self, log):
        """Make the file system, unless it is there."""
        if os.path.isdir(self._folder):
            return
        archive = debian_archive.address()
        with files.draft_folder(self._folder) as draft:
            run.run(['debootstrap', '--variant=minbase',
                     '--include=' + _PACKAGES,
                     '--keyring=' + debian_archive.keyring(),
                     self._codename, draft, archive], log, clean=True,
                    why=run.last_error,
                    hint='run this again when the network works')
            os.makedirs(draft + _HOME, exist_ok=True)
            files.write(
                os.path.join(draft, 'etc/apt/sources.list'),
                ''.join('deb %s %s main\n' % (archive, suite) for suite in (
                    self._codename, self._codename + '-updates')), 0o644)

    def put(self, checkout):
        """Copy the files of the project as git knows them; what tests have
        made of them stays."""
        target = self._folder + PROJECT
        files.remove_tree(target)
        os.mkdir(target)
        run.run(['bash', '-e', '-o', 'pipefail', '-c', _COPY, 'copy',
                 checkout, target], clean=True)

    def run(self, command, log, timeout):
        """Run a command of the project; return the end of its output."""
        words = ['%s=%s' % pair for pair in dict(
            machine.variables(os.environ), **_SETTINGS).items()]
        return run.run(
            ['unshare', '--mount', '--propagation', 'private', '--pid',
             '--fork', '--kill-child', _ENTER, self._folder,
             *machine.paths(_HOME), '--', 'env', '-i', *words, 'sh', '-c',
             'cd %s && exec "$@"' % PROJECT, 'sh', *command],
            log, timeout=timeout, why=run.last_error)
