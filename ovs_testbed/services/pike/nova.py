# SPDX-License-Identifier: Apache-2.0

"""Nova: its own API server, and cells whose addresses are not templates."""

from ovs_testbed import ini
from ovs_testbed import services
from ovs_testbed import testbeds
from ovs_testbed.services import nova

#: what the cells are called until the testbed's own addresses are known: the
#: dump of the databases must not have its passwords
_ANYWHERE = 'none://nowhere/'
_SET_CELL = ("UPDATE nova_api.cell_mappings SET transport_url='%s', "
             "database_connection='%s' WHERE name='%s';\n")


class Service(nova.Service):

    def shared_options(self):
        options = super().shared_options()
        options['DEFAULT'].update(
            # qemu-img of today refuses a backing file without its format
            use_cow_images=False)
        options['cinder']['catalog_info'] = 'volumev3:cinder:publicURL'
        options['placement']['os_region_name'] = testbeds.REGION
        options['neutron']['url'] = self.testbed.url('neutron')
        options['glance']['api_servers'] = self.testbed.url('glance')
        options['workarounds'] = {'disable_rootwrap': True}
        return options

    def control_options(self):
        options = super().control_options()
        options['DEFAULT'] = {
            'osapi_compute_listen': testbeds.ADDRESS,
            'osapi_compute_listen_port': self.testbed.ports['nova'],
            'osapi_compute_workers': 1}
        return options

    def configure(self):
        super().configure()
        self.configure_cells()

    def configure_cells(self):
        options = self.control_options()
        options['database']['connection'] = self.connection('nova_cell0')
        ini.write(self.conf('nova-cell0.conf'), options)

    def compute_options(self):
        options = super().compute_options()
        options['libvirt']['images_type'] = 'raw'
        return options

    def make_schemas(self):
        self._nova_manage('api_db', 'sync')
        for own in 'nova-cell0.conf', 'nova-control.conf':
            self.manage('nova-manage', *self._files(own), 'db', 'sync',
                        '--local_cell')
        self._nova_manage('cell_v2', 'map_cell0', '--database_connection',
                          _ANYWHERE)
        self._nova_manage('cell_v2', 'create_cell', '--name', 'cell1',
                          '--transport-url', _ANYWHERE,
                          '--database_connection', _ANYWHERE)

    def prepare(self):
        """Tell the cells where their databases are."""
        database = services.load(self.testbed)['database']
        database.client('mariadb', text=''.join(
            _SET_CELL % cell for cell in (
                ('none:///', self.connection('nova_cell0'), 'cell0'),
                (self.transport(), self.connection('nova'), 'cell1'),
            )).encode())

    def programs(self):
        return [self.daemon('n-api', 'nova-api', *self._files())] + [
            program for program in super().programs()
            if program.name != 'n-api']
