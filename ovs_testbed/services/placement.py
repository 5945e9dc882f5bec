# SPDX-License-Identifier: Apache-2.0

"""Placement."""

from ovs_testbed import ini
from ovs_testbed.services import base


class Service(base.OpenStackService):

    name = 'placement'
    after = ('keystone',)
    databases = ('placement',)
    catalog = ('placement', '')

    def configure(self):
        ini.write(self.conf(), {
            'DEFAULT': self.log_options(),
            'api': {'auth_strategy': 'keystone'},
            'keystone_authtoken': self.authtoken(),
            'placement_database': {
                'connection': self.connection('placement')},
        })

    def make_schemas(self):
        self.manage('placement-manage', '--config-file', self.conf(),
                    'db', 'sync')

    def programs(self):
        return [self.uwsgi('placement-api', 'placement.wsgi.api:application',
                           self.testbed.ports['placement'],
                           env={'OS_PLACEMENT_CONFIG_DIR': self.etc})]

    def probes(self):
        return [self.api_probe()]
