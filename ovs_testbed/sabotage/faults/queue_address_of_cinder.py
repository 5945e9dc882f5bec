# SPDX-License-Identifier: Apache-2.0

import re

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """cinder-volume has the wrong address of the message queue."""

    file = 'cinder', 'cinder.conf'
    section, option = 'DEFAULT', 'transport_url'
    programs = 'c-vol', 'c-sch', 'c-api'
    cause = '^message queue of cinder: (nothing listens|.* does not answer)'
    hint = 'correct the address: it is 127.0.0.1:'

    def wrong(self, value):
        return re.sub(r'@.*', '@127.0.0.9:5672/', value)
