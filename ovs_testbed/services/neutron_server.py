# SPDX-License-Identifier: Apache-2.0

"""Neutron with a server of its own, as older releases run it."""

from ovs_testbed import testbeds
from ovs_testbed.services import neutron


class Service(neutron.Service):

    def options(self):
        options = super().options()
        options['DEFAULT'].update(
            bind_host=testbeds.ADDRESS,
            bind_port=self.testbed.ports['neutron'],
            # OVN's driver begins in processes of their own only
            api_workers=1, rpc_state_report_workers=0)
        return options

    def programs(self):
        return [self.daemon('neutron-server', 'neutron-server',
                            *self._files())]
