# SPDX-License-Identifier: Apache-2.0

"""How Python environments are made: of Python 3, and of Python 2.7."""

import os
import sys

from harness import run
from ovs_testbed import libvirt_api
from ovs_testbed import python27

#: the last libvirt-python for Python 2.7
_LIBVIRT = '5.10.0'


def of(release):
    """The Python of a release."""
    return Python27() if release.python == '2.7' else Python3(release)


class Python3:
    """An interpreter of the distribution, with a venv of its own."""

    def __init__(self, release):
        self.interpreter = release.interpreter

    def make_environment(self, path, log):
        run.run([self.interpreter, '-m', 'venv', path], log=log)

    def in_folder(self, folder):
        """One that a user without rights can run who builds in the folder."""
        return self

    def build_variables(self, folder):
        """The variables that builds need."""
        return {}

    def finish(self, path, log):
        """Make what was built elsewhere run in an environment."""


class Python27:
    """The user's own interpreter or one that is made; virtualenv comes from
    the environment of the testbed's tools."""

    def __init__(self, interpreter=None):
        self._interpreter = interpreter

    @property
    def interpreter(self):
        return self._interpreter or python27.get()

    def make_environment(self, path, log):
        run.run([sys.executable, '-m', 'virtualenv', '--quiet',
                 '--no-download', '--no-periodic-update', '--python',
                 self.interpreter, path], log=log)

    def in_folder(self, folder):
        return Python27(python27.made_in(folder))

    def build_variables(self, folder):
        descriptions = os.path.join(folder, 'libvirt')
        os.mkdir(descriptions)
        libvirt_api.describe(descriptions, _LIBVIRT)
        return {'PKG_CONFIG_PATH': descriptions}

    def finish(self, path, log):
        """uwsgi has Python as a library, of the folder where it was built"""
        run.run(['patchelf', '--set-rpath',
                 python27.library_folder(python27.made()),
                 os.path.join(path, 'bin', 'uwsgi')], log=log)
