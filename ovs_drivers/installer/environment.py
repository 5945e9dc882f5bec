# SPDX-License-Identifier: Apache-2.0

"""Environments: an interpreter and the OpenStack packages it finds."""

import glob
import os
import re
import sys

from ovs_drivers.installer import errors
from ovs_drivers.installer import owner
from ovs_drivers.installer import interpreter
from ovs_drivers.installer import registrations
from ovs_drivers.installer import releases
from ovs_drivers.installer import runtime

PACKAGES = tuple(sorted(registrations.MODULES))


class Package(object):
    """A package as an interpreter finds it."""

    def __init__(self, folder, version=None):
        self.folder = folder
        self.version = version
        # Only what it is in is resolved: the package may be a link.
        self.root = _resolved(os.path.dirname(folder))


def _resolved(folder):
    """Return the folder that a path leads to.

    :raises NotTrusted: the links on the way are another user's
    """
    real = os.path.realpath(folder)
    ours, theirs = owner.of_path(real), owner.of_path(folder)
    if ours.uid != theirs.uid:
        raise errors.NotTrusted(
            '%s of %s leads to %s of %s' % (folder, theirs.name, real,
                                            ours.name),
            'give the interpreter or the tree by its real path')
    return real


class Environment(object):
    """Where the drivers are registered: packages and their interpreter."""

    def __init__(self, label, python, packages, python_version=None,
                 purelib=None, user=None):
        """Describe an environment.

        :param python: the interpreter that parses the sources
        :param packages: name -> Package
        :param purelib: where to copy ``ovs_drivers`` to; None for a tree
            that no interpreter is known for: it is not verified either
        :param user: who runs the interpreter; default: the owner of what it
            runs
        """
        self.label = label
        self.python = python
        self.packages = packages
        self.python_version = python_version
        self.purelib = purelib and _resolved(purelib)
        self._user = user

    def ask(self, action, *arguments):
        """Return the interpreter's answer to a question."""
        return interpreter.ask(self.python, action, *arguments,
                               user=self._user)

    @property
    def openstack(self):
        """Return name -> Package without our own."""
        return dict((name, package)
                    for name, package in self.packages.items()
                    if name != runtime.PACKAGE)

    @property
    def versions(self):
        """Return name -> version of the OpenStack packages."""
        return dict((name, package.version)
                    for name, package in self.openstack.items())

    def roots(self):
        """Return the folders that the packages are in."""
        roots = set(found.root for found in self.openstack.values())
        return sorted(roots | set([self.purelib] if self.purelib else []))

    def as_dict(self):
        """Return what ``--json`` tells."""
        return {
            'environment': self.label, 'python': self.python,
            'python_version': self.python_version,
            'packages': dict(
                (name, {'folder': package.folder,
                        'version': package.version,
                        'release': releases.release_of(
                            name, package.version)})
                for name, package in self.openstack.items())}


def of_python(path):
    """Return the environment of an interpreter.

    :param path: an interpreter, or the folder of a virtual environment
    :raises NoAnswer: it does not run
    :raises NotTrusted: others than its owner may write its programs
    """
    path = os.path.abspath(path)
    python = os.path.join(path, 'bin', 'python') if os.path.isdir(
        path) else path
    answer = interpreter.ask(python, 'describe')
    packages = dict((name, Package(found['folder'], found['version']))
                    for name, found in answer['packages'].items())
    user = owner.of_interpreter(
        python, [package.folder for package in packages.values()])
    return Environment(answer['prefix'], python, packages, answer['python'],
                       answer['purelib'], user)


def of_tree(folder, python=None):
    """Return the environment of a source tree or a copy of packages.

    :param folder: the folder that has cinder, nova or os_brick in it
    :param python: the interpreter that parses it; default: this one
    :raises NothingFound: none of them is there
    """
    folder = os.path.abspath(folder)
    packages = dict(
        (name, Package(os.path.join(folder, name))) for name in PACKAGES
        if os.path.isfile(os.path.join(folder, name, '__init__.py')))
    if not packages:
        raise errors.NothingFound(
            '%s has no package cinder, nova or os_brick in it' % folder,
            'give the folder that the package is in: a checkout, or '
            'site-packages')
    return Environment(folder, python or sys.executable, packages)


def find(root='/', variables=None, complain=None):
    """Return every environment of this machine with a package to patch.

    :param root: where the search begins
    :param complain: called with the reason why an interpreter is left out
    :param variables: the environment's variables; default: this process's
    """
    found = {}
    for python in _candidates(root, os.environ if variables is None
                              else variables):
        try:
            environment = of_python(python)
        except interpreter.NoAnswer:
            continue  # not every file with such a name is a Python
        except errors.NotTrusted as error:
            if complain:
                complain(error)
            continue
        if environment.openstack:
            key = (os.path.realpath(environment.label),
                   environment.python_version)
            found.setdefault(key, environment)
    return [found[key] for key in sorted(found)]


def _candidates(root, variables):
    """Return the interpreters that a service may run under."""
    pythons = []
    if root == '/':
        places = [variables.get('VIRTUAL_ENV'),
                  variables.get('DEVSTACK_VENV')]
        if variables.get('DATA_DIR'):
            places.append(os.path.join(variables['DATA_DIR'], 'venv'))
        pythons += [os.path.join(place, 'bin', 'python')
                    for place in places if place] + [sys.executable]
    # DevStack, OpenStack-Ansible, Kolla
    for pattern in ('opt/stack/data/venv', 'openstack/venvs/*',
                    'var/lib/kolla/venv'):
        pythons += sorted(glob.glob(
            os.path.join(root, pattern, 'bin', 'python')))
    for folder in ('usr/local/bin', 'usr/bin'):
        pythons += [
            path for path in sorted(glob.glob(
                os.path.join(root, folder, 'python*')))
            if re.match(r'python(\d(\.\d+)?)?$', os.path.basename(path))]
    return [path for path in pythons if os.access(path, os.X_OK)]
