# SPDX-License-Identifier: Apache-2.0

from ovs_testbed import testbeds
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """The compute service is disabled."""

    cause = '^nova-compute at testbed: up, disabled'
    hint = 'openstack compute service set --enable '
    _SET = 'openstack compute service set --%s ' + testbeds.HOST + \
        ' nova-compute'

    def put_in(self):
        self.shell(self._SET % 'disable')

    def undo(self):
        self.shell(self._SET % 'enable')
