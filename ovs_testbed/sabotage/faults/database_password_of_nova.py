# SPDX-License-Identifier: Apache-2.0

import re

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Nova has the wrong password of its database."""

    file = 'nova', 'nova-control.conf'
    section, option = 'database', 'connection'
    programs = 'n-cond', 'n-sch', 'n-api'
    cause = '^database nova of nova: .* denies it'
    hint = 'correct the user or its password'

    def wrong(self, value):
        return re.sub(r':[^:@/]*@', ':wrong@', value)
