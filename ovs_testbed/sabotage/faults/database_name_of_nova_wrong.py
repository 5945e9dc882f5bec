# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Nova has the wrong name of a database."""

    file = 'nova', 'nova-control.conf'
    section, option = 'api_database', 'connection'
    programs = 'n-cond', 'n-sch', 'n-api'
    cause = '^database nova_apii of nova: .* lacks it'
    hint = 'correct the name'

    def wrong(self, value):
        return value + 'i'
