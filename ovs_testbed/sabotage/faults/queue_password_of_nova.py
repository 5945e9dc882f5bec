# SPDX-License-Identifier: Apache-2.0

import re

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Nova has the wrong password of the message queue."""

    file = 'nova', 'nova.conf'
    section, option = 'DEFAULT', 'transport_url'
    programs = 'n-cpu', 'n-cond', 'n-sch', 'n-api'
    cause = '^message queue of nova: .* denies it'
    hint = 'correct the user or its password'

    def wrong(self, value):
        return re.sub(r':[^:@/]*@', ':wrong@', value)
