# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Nova has the wrong password for Placement."""

    file = 'nova', 'nova.conf'
    section, option = 'placement', 'password'
    programs = 'n-cpu', 'n-sch'
    cause = '^login of nova as placement: .* denies it'
    hint = 'correct the user or its password'

    def wrong(self, value):
        return 'wrong'
