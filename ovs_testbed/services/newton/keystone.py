# SPDX-License-Identifier: Apache-2.0

"""Keystone, which finds its configuration in its home."""

from ovs_testbed.services.pike import keystone


class Service(keystone.Service):

    def copy_from_environment(self, *names):
        super().copy_from_environment('policy.json', *names)

    def options(self):
        options = super().options()
        options['token']['provider'] = 'fernet'
        # the least rounds of this time's hash
        options['identity'] = {'crypt_strength': 1000}
        options['oslo_policy'] = {'policy_file': self.conf('policy.json')}
        return options

    def programs(self):
        program, = super().programs()
        program.env['HOME'] = self.etc
        return [program]
