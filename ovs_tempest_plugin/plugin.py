# SPDX-License-Identifier: Apache-2.0

"""The plugin, as Tempest asks for it."""

import os

from tempest import config
from tempest.test_discover import plugins

from ovs_tempest_plugin import config as plugin_config


class OpenvStorageTempestPlugin(plugins.TempestPlugin):

    def load_tests(self):
        package = os.path.dirname(os.path.abspath(__file__))
        return os.path.join(package, 'tests'), os.path.dirname(package)

    def register_opts(self, conf):
        config.register_opt_group(conf, plugin_config.openvstorage_group,
                                  plugin_config.OpenvStorageGroup)

    def get_opt_lists(self):
        return [(plugin_config.openvstorage_group.name,
                 plugin_config.OpenvStorageGroup)]

    def get_service_clients(self):
        client = {
            'name': 'volume_extras_v3',
            'service_version': 'volume_extras.v3',
            'module_path':
                'ovs_tempest_plugin.services.volume_extras_client',
            'client_names': ['VolumeExtrasClient'],
        }
        client.update(config.service_client_config('volume'))
        return [client]
