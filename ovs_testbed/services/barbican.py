# SPDX-License-Identifier: Apache-2.0

"""Barbican, which keeps the keys of encrypted volumes."""

import base64

from ovs_testbed import ini
from ovs_testbed.services import base


class Service(base.OpenStackService):

    name = 'barbican'
    after = ('keystone',)
    databases = ('barbican',)
    catalog = ('key-manager', '')

    def configure(self):
        self.copy_from_environment('barbican-api-paste.ini')
        ini.write(self.conf(), dict(
            self.common(),
            DEFAULT=dict(self.log_options(), host_href=self.testbed.url(
                'barbican')),
            database={'connection': self.connection('barbican'),
                      'max_pool_size': 10},
            simple_crypto_plugin={'kek': self._key()}))

    def _key(self):
        """The key that all keys are encrypted with."""
        return base64.b64encode(bytes.fromhex(
            self.testbed.passwords['volume-key'])).decode()

    def make_schemas(self):
        self.manage('barbican-manage', 'db', 'upgrade', env=self._home())

    def _home(self):
        """Where it looks for its configuration; no option says where."""
        return {'HOME': self.etc}

    def programs(self):
        return [self.wsgi_server(
            'barbican-api', self.testbed.ports['barbican'],
            '--paste', 'config:' + self.conf('barbican-api-paste.ini'),
            env=self._home())]

    def probes(self):
        return [self.api_probe()]
