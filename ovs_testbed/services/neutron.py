# SPDX-License-Identifier: Apache-2.0

"""Neutron on OVN; it has no agents."""

from ovs_testbed import ini
from ovs_testbed import testbeds
from ovs_testbed.services import base
from ovs_testbed.services import network


class Service(base.OpenStackService):

    name = 'neutron'
    after = ('keystone', 'messaging', 'network')
    databases = ('neutron',)
    catalog = ('network', '')

    def configure(self):
        self.copy_from_environment('api-paste.ini')
        ini.write(self.conf(), self.options())
        ini.write(self.conf('ml2.conf'), self._ml2())

    def options(self):
        return dict(
            self.common(),
            **self.privsep('privsep'),
            DEFAULT=dict(
                self.log_options(), host=testbeds.HOST,
                transport_url=self.transport(), auth_strategy='keystone',
                core_plugin='ml2', service_plugins='ovn-router',
                state_path=self.testbed.data('neutron'),
                api_paste_config=self.conf('api-paste.ini'),
                notify_nova_on_port_status_changes=True,
                notify_nova_on_port_data_changes=True, rpc_workers=0,
                max_allowed_address_pair=250),
            quotas={'quota_network': 200, 'quota_subnet': 200,
                    'quota_port': 1000, 'quota_router': 200,
                    'quota_floatingip': 200, 'quota_security_group': 500,
                    'quota_security_group_rule': 5000},
            database={'connection': self.connection('neutron'),
                      'max_pool_size': 10},
            nova=self.identity('nova'),
            placement=self.identity('placement'))

    def _ml2(self):
        return {
            'ml2': {'mechanism_drivers': 'ovn',
                    'type_drivers': 'local,flat,geneve',
                    'tenant_network_types': 'geneve',
                    'extension_drivers': 'port_security',
                    'overlay_ip_version': 4},
            'ml2_type_flat': {'flat_networks': 'public'},
            'ml2_type_geneve': {'vni_ranges': '1:65536',
                                'max_header_size': 38},
            'securitygroup': {'enable_security_group': True},
            'ovn': self.ovn_options()}

    def ovn_options(self):
        switch = network.Service(self.testbed)
        return {'ovn_nb_connection': switch.remote('northbound'),
                'ovn_sb_connection': switch.remote('southbound'),
                'ovn_l3_scheduler': 'leastloaded',
                'ovn_metadata_enabled': False,
                # without it the tap of a server stays down
                'ovs_create_tap': True}

    def make_schemas(self):
        self.manage('neutron-db-manage', *self._files(), 'upgrade', 'heads')

    def _files(self):
        return ['--config-file', self.conf(), '--config-file',
                self.conf('ml2.conf')]

    def programs(self):
        return [
            self.uwsgi('neutron-api', 'neutron.wsgi.api:application',
                       self.testbed.ports['neutron'], env={
                           'OS_NEUTRON_CONFIG_DIR': self.etc,
                           'OS_NEUTRON_CONFIG_FILES':
                           'neutron.conf;ml2.conf'}),
        ] + [self.daemon(name, name, *self._files()) for name in (
            'neutron-periodic-workers', 'neutron-ovn-maintenance-worker')]

    def probes(self):
        return [self.api_probe()]
