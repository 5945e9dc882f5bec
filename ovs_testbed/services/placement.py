# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
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

    def looks(self):
        return [self.api_look()]
