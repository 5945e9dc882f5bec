# SPDX-License-Identifier: Apache-2.0

from ovs_testbed import testbeds
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """The catalog has a wrong address of Cinder."""

    cause = '^endpoint of cinder: http://127.0.0.1:9/v3'
    hint = 'openstack endpoint set --url http://127.0.0.1:'

    _FIND = ('openstack endpoint list --service cinder --interface %s '
             '--format value --column ID')

    def put_in(self):
        self._set('http://%s:9/v3' % testbeds.ADDRESS)

    def undo(self):
        self._set(self.testbed.url('cinder', '/v3'))

    def _set(self, url):
        for interface in 'public', 'internal':
            self.shell('openstack endpoint set --url %s $(%s)' % (
                url, self._FIND % interface))
