# SPDX-License-Identifier: Apache-2.0

"""Patched copies of source trees, for builders of images."""

import os
import shutil
import tempfile

from ovs_drivers.installer import operations
from ovs_drivers.installer import environment
from ovs_drivers.installer import errors
from ovs_drivers.installer import files
from ovs_drivers.installer import survey


def patch(source, target, python=None, dry_run=False):
    """Make a copy of a tree with the drivers registered in it.

    :param source: a folder with cinder, nova or os_brick in it
    :param target: the copy; one that an earlier run made is completed
    :param python: the interpreter that parses the sources
    :returns: the diff of a dry run, else the paths that were written
    :raises InstallerError: nothing was touched
    """
    source, target = os.path.abspath(source), os.path.abspath(target)
    original = environment.of_tree(source, python)
    if (os.path.realpath(target) + os.sep).startswith(
            os.path.realpath(source) + os.sep):
        raise errors.ForeignChange(
            '%s is in the source %s' % (target, source),
            'give a target elsewhere; "ovs-drivers install --tree" changes '
            'a tree in place')
    if not os.path.isdir(os.path.dirname(target)):
        raise errors.NothingFound(
            'there is no folder %s' % os.path.dirname(target),
            'make it, or give another target')
    survey.survey(original)
    if dry_run:
        return operations.diff(original)
    if os.path.exists(target):
        copy = environment.of_tree(target, python)
        _check_is_copy(original, copy)
        return operations.install(copy)
    files.check_writable([target])
    return _copy_and_install(source, target, python)


def _copy_and_install(source, target, python):
    """Make the copy beside its place, so that it is complete or absent."""
    staging = tempfile.mkdtemp(prefix='.ovs-drivers-',
                               dir=os.path.dirname(target))
    try:
        copy = os.path.join(staging, os.path.basename(target))
        shutil.copytree(source, copy, symlinks=True)
        written = operations.install(environment.of_tree(copy, python))
        os.rename(copy, target)
    finally:
        shutil.rmtree(staging)
    return [os.path.join(target, os.path.relpath(path, copy))
            for path in written]


def _check_is_copy(original, copy):
    """Refuse a target that is no copy of the source.

    :raises ForeignChange: names the first file that differs
    """
    contents = [dict((item.path, item.clean) for tree in
                     survey.survey(found) for item in tree.items)
                for found in (original, copy)]
    differing = [path for path in sorted(set(contents[0]) | set(contents[1]))
                 if contents[0].get(path, b'') != contents[1].get(path, b'')]
    if differing:
        raise errors.ForeignChange(
            '%s is there already and is no copy of %s: %s differs'
            % (copy.label, original.label, differing[0]),
            'give a target that does not exist yet')
