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
"""Placement, a part of nova in this release."""

from ovs_testbed import ini
from ovs_testbed.services import placement


class Service(placement.Service):

    databases = ()

    def configure(self):
        ini.write(self.conf('nova.conf'), {
            'DEFAULT': self.log_options(),
            'api': {'auth_strategy': 'keystone'},
            'keystone_authtoken': self.authtoken(),
            'database': {'connection': self.connection('nova')},
            'api_database': {'connection': self.connection('nova_api')}})

    def make_schemas(self):
        """Its tables are nova's."""
