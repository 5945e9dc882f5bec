# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """The guid of a vPool is wrong in cinder.conf."""

    file = 'cinder', 'cinder.conf'
    section, option = 'myvpool01', 'vpool_guid'
    programs = 'c-vol',
    cause = '^vPool myvpool01: vpool_guid is not its guid'
    hint = 'correct the guid'

    def wrong(self, value):
        return '00000000-0000-4000-8000-000000000000'
