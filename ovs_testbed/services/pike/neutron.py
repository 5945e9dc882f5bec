# SPDX-License-Identifier: Apache-2.0

"""Neutron with networking-ovn."""

from ovs_testbed.services import neutron_server


class Service(neutron_server.Service):

    def copy_from_environment(self, *names):
        super().copy_from_environment('policy.json', *names)

    def options(self):
        options = super().options()
        options['DEFAULT']['service_plugins'] = (
            'networking_ovn.l3.l3_ovn.OVNL3RouterPlugin')
        options['oslo_policy'] = {'policy_file': self.conf('policy.json')}
        return options

    def ovn_options(self):
        return dict(super().ovn_options(), ovn_l3_mode=True)
