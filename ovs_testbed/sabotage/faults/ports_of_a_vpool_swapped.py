# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """The two ports of a vPool are swapped in cinder.conf."""

    file = 'cinder', 'cinder.conf'
    section, option = 'myvpool01', 'edge_port'
    programs = 'c-vol',
    cause = '^vPool myvpool01: xml_rpc_port and edge_port are swapped: '
    hint = 'set xml_rpc_port in .* to .*, edge_port in .* to '

    def edit(self, text):
        ports = {}
        for option in 'edge_port', 'xml_rpc_port':
            fault.edited(text, self.section, option, lambda value: (
                ports.setdefault(option, value)))
        text = fault.edited(text, self.section, 'edge_port',
                            lambda value: ports['xml_rpc_port'])
        return fault.edited(text, self.section, 'xml_rpc_port',
                            lambda value: ports['edge_port'])
