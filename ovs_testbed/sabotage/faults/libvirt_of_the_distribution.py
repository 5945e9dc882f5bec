# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Nova uses the libvirtd of the distribution."""

    file = 'nova', 'nova.conf'
    section, option = 'libvirt', 'connection_uri'
    programs = 'n-cpu',
    cause = '^libvirt of Nova: qemu:///system'
    hint = 'set connection_uri in .libvirt. of .* to qemu.unix'

    def wrong(self, value):
        return 'qemu:///system'
