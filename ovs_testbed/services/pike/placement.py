# SPDX-License-Identifier: Apache-2.0

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
