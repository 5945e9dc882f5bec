# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Frozen):
    """libvirtd is frozen."""

    program = 'ovs-libvirtd'
