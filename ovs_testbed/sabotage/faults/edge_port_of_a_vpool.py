# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """The edge port of a vPool is wrong in cinder.conf."""

    file = 'cinder', 'cinder.conf'
    section, option = 'myvpool01', 'edge_port'
    programs = 'c-vol',
    cause = '^vPool myvpool01: edge_port .* is closed'
    hint = 'correct the address: set edge_port in .* to '

    def wrong(self, value):
        return '9'
