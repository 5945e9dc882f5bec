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
"""Open vSwitch and OVN, for a libvirtd that plugs servers in by itself.

It calls ovs-vsctl, which knows Open vSwitch's database by its usual place.
"""

import os
import sys

from ovs_testbed import supervisor
from ovs_testbed import testbed as testbeds
from ovs_testbed.services import base
from ovs_testbed.services import network

_PLACE = '/run/openvswitch'


class Service(network.Service):

    def mounts(self):
        """Show the sockets of the testbed where ovs-vsctl looks for them."""
        os.makedirs(_PLACE, exist_ok=True)
        return {_PLACE: self.testbed.sockets}

    def remotes(self, database):
        remotes = super().remotes(database)
        if database == 'switch':
            remotes.append('--remote=punix:' + self.testbed.socket('db.sock'))
        return remotes

    def programs(self):
        return super().programs() + [supervisor.Program(
            'gateways', [sys.executable, '-m', 'ovs_testbed.gateways',
                         self.remote('northbound')],
            env=dict(base.ENVIRONMENT, PYTHONPATH=testbeds.CHECKOUT))]
