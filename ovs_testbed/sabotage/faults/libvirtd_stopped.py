# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """libvirtd does not run."""

    service = 'ovs-libvirtd'
    programs = ('ovs-libvirtd',)
