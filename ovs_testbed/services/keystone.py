# SPDX-License-Identifier: Apache-2.0

"""Keystone, and the users and the catalog of all services."""

import base64
import os
import secrets

from harness import files
from ovs_testbed import cloud
from ovs_testbed import ini
from ovs_testbed import services
from ovs_testbed import testbeds
from ovs_testbed.services import base


class Service(base.OpenStackService):

    name = 'keystone'
    after = ('database',)
    databases = ('keystone',)
    #: its own endpoints
    interfaces = cloud.INTERFACES

    def configure(self):
        ini.write(self.conf(), self.options())

    def options(self):
        return {
            'DEFAULT': self.log_options(),
            'database': {'connection': self.connection('keystone')},
            'fernet_tokens': {'key_repository': self._keys('fernet')},
            'fernet_receipts': {'key_repository': self._keys('fernet')},
            'credential': {'key_repository': self._keys('credential')},
            # one process serves it, so that its memory is a cache for all
            'cache': {'enabled': True, 'backend': 'oslo_cache.dict',
                      'expiration_time': 600},
            'token': {'expiration': 86400},
            # a login costs 2 ms of a processor in place of 250; the
            # passwords are this testbed's own and random
            'identity': {'password_hash_rounds': 4},
            'oslo_policy': {'enforce_scope': True,
                            'enforce_new_defaults': True},
        }

    def _keys(self, kind):
        return self.testbed.etc('keystone', kind + '-keys')

    def make_schemas(self):
        self.manage('keystone-manage', '--config-file', self.conf(),
                    'db_sync')

    def prepare(self):
        for kind in 'fernet', 'credential':
            for number in '0', '1':
                path = os.path.join(self._keys(kind), number)
                if not os.path.exists(path):
                    files.write(path, base64.urlsafe_b64encode(
                        secrets.token_bytes(32)).decode())
                os.chmod(os.path.dirname(path), 0o700)
        # a password in the environment is in no list of processes
        env = {'OS_BOOTSTRAP_PASSWORD': self.testbed.passwords['admin'],
               'OS_BOOTSTRAP_REGION_ID': testbeds.REGION}
        for interface in self.interfaces:
            env['OS_BOOTSTRAP_%s_URL' % interface.upper()] = \
                self.testbed.url('keystone', '/v3')
        self.manage('keystone-manage', '--config-file', self.conf(),
                    'bootstrap', env=env)

    def programs(self):
        return [self.uwsgi('keystone', 'keystone.wsgi.api:application',
                           self.testbed.ports['keystone'],
                           env={'OS_KEYSTONE_CONFIG_FILES': self.conf()})]

    def probes(self):
        return [self.api_probe('/v3', (200,))]

    def start(self, only=None):
        super().start(only)
        with self.network():
            catalog = cloud.Catalog(cloud.connect(self.testbed))
            catalog.make_user(
                'demo', self.testbed.passwords['demo'],
                catalog.make_project('demo'), ('member',))
            for service in services.load(self.testbed).values():
                if service.catalog:
                    catalog.make_service_user(
                        service.name, self.testbed.passwords[service.name])
                for name, kind, path in service.endpoints():
                    catalog.make_endpoint(
                        name, kind, self.testbed.url(service.name, path))
