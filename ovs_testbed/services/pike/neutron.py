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
