# SPDX-License-Identifier: Apache-2.0

from ovs_testbed import plugin
from ovs_testbed.sabotage import fault


class Fault(fault.Full):
    """The folder of Nova's servers is on a file system that is full."""

    use = 'servers'
    folder = plugin.INSTANCES
