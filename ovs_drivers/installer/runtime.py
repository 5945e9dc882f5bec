# SPDX-License-Identifier: Apache-2.0

"""The package ``ovs_drivers`` in the environments of the services.

An environment that has it (installed with pip, or as a checkout) keeps it;
any other gets a copy of what the drivers need when they run.
"""

import glob
import os

import ovs_drivers
from ovs_drivers.installer import errors
from ovs_drivers.installer import files

PACKAGE = 'ovs_drivers'
_NOT_AT_RUN_TIME = ('installer', 'tests', '__pycache__')


def content_of(folder):
    """Return path -> content of what the drivers need when they run.

    :param folder: the folder of a package ``ovs_drivers``
    """
    found = {}
    for place, folders, names in os.walk(folder):
        if place == folder:
            folders[:] = [name for name in folders
                          if name not in _NOT_AT_RUN_TIME]
        for name in names:
            path = os.path.join(place, name)
            if not name.endswith(('.pyc', '.pyo')):
                relative = os.path.relpath(path, os.path.dirname(folder))
                found[relative] = files.read(path)
    return found


def own_content():
    """Return path -> content of the package that this installer is of."""
    return content_of(os.path.dirname(os.path.abspath(ovs_drivers.__file__)))


def copy_needed(environment, state):
    """Say whether an environment gets a copy, or has one of ours.

    :param state: the state of the folder where the copy goes
    :raises ReleaseMismatch: it has another version
    """
    found = environment.packages.get(PACKAGE)
    if found is None:
        return True
    if is_our_copy(found.folder, state):
        return True
    if content_of(found.folder) == own_content():
        return False
    raise errors.ReleaseMismatch(
        '%s finds another version of ovs_drivers%s in %s'
        % (environment.python,
           ' (%s)' % found.version if found.version else '', found.folder),
        'install the same version of devstack-plugin-openvstorage there as '
        'here, or remove it there: then ovs-drivers copies its own')


def is_our_copy(folder, state):
    """Say whether a package is the copy that an installer put there."""
    root = os.path.realpath(os.path.dirname(folder))
    return (root == state.root and not owned_by_pip(root)
            and os.path.join(PACKAGE, '__init__.py') in state.entries)


def owned_by_pip(root):
    """Say whether pip has installed the package in a folder."""
    return bool(glob.glob(os.path.join(
        root, 'devstack_plugin_openvstorage-*-info')))
