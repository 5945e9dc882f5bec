# SPDX-License-Identifier: Apache-2.0

from ovs_testbed import testbeds
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """The service of a vPool is disabled in Cinder."""

    _HOST = '%s@%s' % (testbeds.HOST, testbeds.VPOOLS[0])
    cause = '^cinder-volume at %s: up, disabled' % _HOST
    hint = 'openstack volume service set --enable '
    _SET = 'openstack volume service set --%s ' + _HOST + ' cinder-volume'

    def put_in(self):
        self.shell(self._SET % 'disable')

    def undo(self):
        self.shell(self._SET % 'enable')
