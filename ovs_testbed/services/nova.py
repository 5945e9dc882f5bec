# SPDX-License-Identifier: Apache-2.0

"""Nova: API, conductor, scheduler and one compute host.

Servers read their metadata from a config drive.
"""

from harness import wait
from ovs_testbed import cloud
from ovs_testbed import ini
from ovs_testbed import plugin
from ovs_testbed import testbeds
from ovs_testbed.services import base
from ovs_testbed.services import network

#: the parts of nova's configured addresses, filled in when they are used: so
#: that the databases can be kept for testbeds with other passwords and ports
_TEMPLATE = '{scheme}://{username}:{password}@{hostname}:{port}/'
CONTROL = ('n-api', 'n-cond', 'n-sch')


class Service(base.OpenStackService):

    name = 'nova'
    after = ('keystone', 'messaging', 'placement')
    databases = ('nova_api', 'nova', 'nova_cell0')
    catalog = ('compute', '/v2.1')

    def configure(self):
        self.copy_from_environment('api-paste.ini')
        ini.write(self.conf(), self.shared_options())
        ini.write(self.conf('nova-cpu.conf'), self.compute_options())
        ini.write(self.conf('nova-control.conf'), self.control_options())

    def control_options(self):
        return dict(
            database={'connection': self.connection('nova'),
                      'max_pool_size': 10},
            api_database={'connection': self.connection('nova_api'),
                          'max_pool_size': 10},
            api={'auth_strategy': 'keystone'},
            wsgi={'api_paste_config': self.conf('api-paste.ini')},
            conductor={'workers': 1},
            scheduler={'workers': 1, 'discover_hosts_in_cells_interval': 2},
            quota={'instances': 100, 'cores': 200, 'ram': 200000,
                   'key_pairs': 1000})

    def shared_options(self):
        """Options for all of nova's services; the compute host is not
        told the databases."""
        common = self.common()
        del common['database']
        return dict(
            common,
            **self.key_manager(),
            DEFAULT=dict(
                self.log_options(debug=True), host=testbeds.HOST,
                my_ip=testbeds.ADDRESS, transport_url=self.transport(),
                state_path=self.testbed.data('nova'),
                instances_path=plugin.INSTANCES,
                compute_driver='libvirt.LibvirtDriver',
                force_config_drive=True, enabled_apis='osapi_compute',
                # else the first search for hosts is up to a minute away
                periodic_fuzzy_delay=0,
                # else nova-compute sleeps 160 s before it ends, busy or not
                manager_shutdown_timeout=0,
                allow_resize_to_same_host=True),
            placement=self.identity('placement'),
            neutron=self.identity('neutron'),
            glance={'region_name': testbeds.REGION},
            cinder=dict(self.identity('cinder'),
                        catalog_info='block-storage::publicURL',
                        os_region_name=testbeds.REGION),
            service_user=dict(self.identity(),
                              send_service_user_token=True),
            vnc={'enabled': False}, spice={'enabled': False})

    def compute_options(self):
        return dict(
            self.privsep('nova_sys_admin', 'privsep_osbrick',
                         'vif_plug_ovs_privileged',
                         'vif_plug_linux_bridge_privileged'),
            libvirt={'virt_type': 'qemu', 'cpu_mode': 'none',
                     'volume_use_multipath': False},
            os_vif_ovs={'ovsdb_connection':
                        network.Service(self.testbed).switch()})

    def make_schemas(self):
        self._nova_manage('api_db', 'sync')
        self._nova_manage('cell_v2', 'map_cell0', '--database_connection',
                          _TEMPLATE + 'nova_cell0')
        self._nova_manage('db', 'sync')
        self._nova_manage('cell_v2', 'create_cell', '--name', 'cell1',
                          '--transport-url', _TEMPLATE,
                          '--database_connection', _TEMPLATE + 'nova')

    def migrate_schemas(self):
        self._nova_manage('api_db', 'sync')
        self._nova_manage('db', 'sync')
        self._nova_manage('db', 'online_data_migrations')

    def _nova_manage(self, *arguments):
        self.manage('nova-manage', *self._files(), *arguments)

    def _files(self, own='nova-control.conf'):
        return ['--config-file', self.conf(), '--config-file',
                self.conf(own)]

    def programs(self):
        return [
            self.uwsgi('n-api', 'nova.wsgi.osapi_compute:application',
                       self.testbed.ports['nova'], env={
                           'OS_NOVA_CONFIG_DIR': self.etc,
                           'OS_NOVA_CONFIG_FILES':
                           'api-paste.ini;nova.conf;nova-control.conf'}),
            self.daemon('n-cond', 'nova-conductor', *self._files()),
            self.daemon('n-sch', 'nova-scheduler', *self._files()),
            self.daemon('n-cpu', 'nova-compute',
                        *self._files('nova-cpu.conf'), umask='022')]

    def probes(self):
        return [self.api_probe()]

    def compute_programs(self):
        """The names of the programs that make this machine a compute host:
        with nova-network, where there is no neutron."""
        return tuple(program.name for program in self.programs()
                     if program.name not in CONTROL)

    def wait_for_host(self):
        """Wait until servers can be put on the compute host."""
        with self.network():
            wait.until(
                'nova to list the host "%s"' % testbeds.HOST,
                cloud.look_for_host(self.testbed),
                base.TIMEOUT,
                lambda: self.supervisor.check_alive(
                    *CONTROL + self.compute_programs()),
                log=self.testbed.log('n-cpu'))
