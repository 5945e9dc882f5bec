# SPDX-License-Identifier: Apache-2.0

from ovs_testbed import testbeds
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """The service of a vPool is disabled in Cinder."""

    _HOST = '%s@%s' % (testbeds.HOST, testbeds.VPOOLS[0])
    cause = '^cinder-volume at %s: up, disabled: maintenance' % _HOST
    hint = 'openstack volume service set --enable '
    _SET = 'openstack volume service set --%s ' + _HOST + ' cinder-volume'

    def put_in(self):
        # without a reason Cinder of 2026.2 says that it disables, and does not
        self.shell(self._SET % 'disable --disable-reason maintenance')

    def undo(self):
        self.shell(self._SET % 'enable')
