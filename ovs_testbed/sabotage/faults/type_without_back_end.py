# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """A volume type names a back end that is not there."""

    cause = '^type sabotage: no back end is called myvpool99'
    hint = 'openstack volume type set --property volume_backend_name='

    def put_in(self):
        self.shell('openstack volume type create '
                   '--property volume_backend_name=myvpool99 sabotage')

    def undo(self):
        self.shell('openstack volume type delete sabotage')
