# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """A name in enabled_backends has a typo."""

    file = 'cinder', 'cinder.conf'
    section, option = 'DEFAULT', 'enabled_backends'
    programs = 'c-vol',
    cause = '^back ends of cinder-volume: .*no section: myvpool1'
    hint = 'the vPools are '

    def wrong(self, value):
        return value.replace('myvpool01', 'myvpool1')
