# SPDX-License-Identifier: Apache-2.0

import re

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Cinder has the wrong password of its database."""

    file = 'cinder', 'cinder.conf'
    section, option = 'database', 'connection'
    programs = 'c-vol', 'c-sch', 'c-api'
    cause = '^database cinder of cinder: .* denies it'
    hint = 'correct the user or its password'

    def wrong(self, value):
        return re.sub(r':[^:@/]*@', ':wrong@', value)
