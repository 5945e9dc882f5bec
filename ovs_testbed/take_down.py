# SPDX-License-Identifier: Apache-2.0

"""``down``: nothing of a testbed stays but its logs, if it failed."""

import os

from harness import errors
from harness import files
from harness import run
from ovs_testbed import packages
from ovs_testbed import plugin
from ovs_testbed import ports
from ovs_testbed import sandbox
from ovs_testbed import testbeds


def down(testbed, say=print):
    """Take a testbed down, however far it has come."""
    box = sandbox.Sandbox(testbed)
    if box.exists() and testbed.was_installed():
        try:
            plugin.Plugin(testbed, box).remove()
        except errors.Error as error:
            say('plugin.sh unstack and clean: %s' % error)
    box.close()
    packages.take_policy_back()
    files.remove_tree(testbed.folder)
    plugin.remove_mount_points()
    _remove_if_empty(testbeds.SOCKETS)


def remove_leftovers(folder=None):
    """Remove namespaces that no testbed of any folder can be in: those
    without a process. Return what was removed."""
    known = [testbeds.load(name, folder).namespace
             for name in testbeds.names(folder)]
    removed = []
    for name in ports.taken_blocks():
        if name not in known and not sandbox.members(
                os.path.join(ports.NAMESPACES, name)):
            run.run(['ip', 'netns', 'delete', name])
            files.remove_tree(os.path.join(testbeds.SOCKETS,
                                           name.rsplit('-', 1)[1]))
            removed.append(name)
    packages.take_policy_back()
    plugin.remove_mount_points()
    _remove_if_empty(testbeds.SOCKETS)
    return removed


def _remove_if_empty(folder):
    if os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
