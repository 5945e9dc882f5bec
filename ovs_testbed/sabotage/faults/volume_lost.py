# SPDX-License-Identifier: Apache-2.0

import re

from ovs_drivers import storagedriver
from ovs_testbed import namespaces
from ovs_testbed import vpools
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """A volume was deleted on its vPool, and Cinder does not know."""

    cause = '^volume .* is available, and on no vPool'
    hint = 'openstack volume set --state error .*openstack volume delete'

    _MAKE = ('openstack volume create --size 1 --type myvpool01 --format '
             'value --column id sabotage')

    def put_in(self):
        name = 'volume-' + re.search(
            '[0-9a-f-]{36}', self.shell(self._MAKE))[0]
        options = vpools.options(self.testbed)['myvpool01']
        with namespaces.entered(self.testbed.net):
            storagedriver.from_options(options).unlink(name)
