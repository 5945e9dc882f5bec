# SPDX-License-Identifier: Apache-2.0

"""Faults of the services' users."""

from ovs_testbed.sabotage import fault


class Removed(fault.Fault):
    """A user of a service has lost a role."""

    user = None
    role = 'admin'
    _REMOVE = 'openstack role remove --user %s --project service %s'
    _ADD = 'openstack role add --user %s --project service %s'

    @property
    def cause(self):
        return '^roles of %s: .*not %s$' % (self.user, self.role)

    hint = 'openstack role add'

    def put_in(self):
        self.shell(self._REMOVE % (self.user, self.role))

    def undo(self):
        # to add one that is there is no error
        self.shell(self._ADD % (self.user, self.role))
