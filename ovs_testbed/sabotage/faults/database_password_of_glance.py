# SPDX-License-Identifier: Apache-2.0

import re

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Glance has the wrong password of its database."""

    file = 'glance', 'glance-api.conf'
    section, option = 'database', 'connection'
    programs = 'g-api',
    cause = '^database glance of glance: .* denies it'
    hint = 'correct the user or its password'

    def wrong(self, value):
        return re.sub(r':[^:@/]*@', ':wrong@', value)
