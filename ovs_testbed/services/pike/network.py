# SPDX-License-Identifier: Apache-2.0

"""Open vSwitch and OVN, for a libvirtd that plugs servers in by itself.

It calls ovs-vsctl, which knows Open vSwitch's database by its usual place.
"""

import os
import sys

from ovs_testbed import supervisor
from ovs_testbed import testbeds
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
