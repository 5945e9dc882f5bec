# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """The address of a vPool is wrong in cinder.conf."""

    file = 'cinder', 'cinder.conf'
    section, option = 'myvpool01', 'storage_ip'
    programs = 'c-vol',
    cause = '^vPool myvpool01: xml_rpc_port of 127.0.0.9 is closed'
    hint = 'correct the address: set storage_ip in .* to 127.0.0.1'

    def wrong(self, value):
        return '127.0.0.9'
