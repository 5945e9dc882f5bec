# SPDX-License-Identifier: Apache-2.0

"""Glance: its own server, with one store."""

from ovs_testbed import ini
from ovs_testbed import testbeds
from ovs_testbed.services import glance


class Service(glance.Service):

    def configure(self):
        self.copy_from_environment('glance-api-paste.ini', 'policy.json')
        ini.write(self.conf('glance-api.conf'), dict(
            self.common(),
            DEFAULT=dict(
                self.log_options(), bind_host=testbeds.ADDRESS,
                bind_port=self.testbed.ports['glance'], workers=1,
                transport_url=self.transport(), enable_v1_api=False,
                # cinder reads an image past glance's API where it may
                show_multiple_locations=False),
            database={'connection': self.connection('glance'),
                      'max_pool_size': 10},
            glance_store={
                'stores': 'file', 'default_store': 'file',
                'filesystem_store_datadir': self.testbed.data('images')},
            oslo_policy={'policy_file': self.conf('policy.json')},
            paste_deploy={
                'flavor': 'keystone',
                'config_file': self.conf('glance-api-paste.ini')}))

    def programs(self):
        return [self.daemon('g-api', 'glance-api', '--config-file',
                            self.conf('glance-api.conf'))]
