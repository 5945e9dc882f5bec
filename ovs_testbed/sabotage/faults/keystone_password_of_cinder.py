# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Edited):
    """Cinder has the wrong password for Keystone."""

    file = 'cinder', 'cinder.conf'
    section, option = 'keystone_authtoken', 'password'
    programs = 'c-api', 'c-vol'
    cause = '^login of cinder as cinder: .* denies it'
    hint = 'correct the user or its password'

    def wrong(self, value):
        return 'wrong'
