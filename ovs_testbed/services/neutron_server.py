# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""Neutron with a server of its own, as older releases run it."""

from ovs_testbed import testbed as testbeds
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
