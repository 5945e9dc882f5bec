# SPDX-License-Identifier: Apache-2.0

"""Nova: one cell, no placement, and nova-network in place of Neutron.

nova-network makes a bridge with an address of the host, and has dnsmasq give
the servers theirs. So the host reaches them by these, without a floating one.
"""

from harness import files
from harness import run
from ovs_testbed import networks
from ovs_testbed.services.newton import keys
from ovs_testbed.services.pike import nova

_RANGE = '10.1.0.0/22'
_SIZE = 1024
_BRIDGE = 'br100'
#: the factories of the filters that give requests their ids
_OWN_REQUEST_ID = 'nova.api.compute_req_id:ComputeReqIdMiddleware.factory'
_REQUEST_ID = 'oslo_middleware:RequestId.factory'


class Service(keys.Mixin, nova.Service):

    databases = ('nova_api', 'nova')
    after = ('keystone', 'messaging')

    def configure(self):
        super().configure()
        # it reads files of the testbed's folder, which is closed to others
        files.write(self.conf('dnsmasq'), 'user=root\ngroup=root\n')

    def copy_from_environment(self, *names):
        super().copy_from_environment(*names)
        self._name_requests(self.conf('api-paste.ini'))

    def _name_requests(self, path):
        """Have answers tell the id of their request by the header of all
        services: Nova's own has another name, and Tempest wants this one."""
        with open(path) as stream:
            text = stream.read()
        files.write(path, text.replace(_OWN_REQUEST_ID, _REQUEST_ID))

    def configure_cells(self):
        """There is one, which needs no mapping."""

    def shared_options(self):
        options = super().shared_options()
        for section in 'placement', 'neutron':
            del options[section]
        # all of the catalog that nova passes on
        options['cinder']['catalog_info'] = 'volumev2:cinderv2:publicURL'
        options['DEFAULT'].update(
            use_neutron=False,
            network_manager='nova.network.manager.FlatDHCPManager',
            firewall_driver='nova.virt.firewall.NoopFirewallDriver',
            flat_network_bridge=_BRIDGE,
            dnsmasq_config_file=self.conf('dnsmasq'),
            dhcpbridge=self.binary('nova-dhcpbridge'),
            dhcpbridge_flagfile=self.conf())
        return options

    def control_options(self):
        options = super().control_options()
        options['DEFAULT'].update(
            ('quota_' + name, number)
            for name, number in options.pop('quota').items())
        options['DEFAULT']['quota_fixed_ips'] = -1
        return options

    def compute_options(self):
        options = super().compute_options()
        del options['os_vif_ovs']
        return options

    def make_schemas(self):
        self._nova_manage('api_db', 'sync')
        self._nova_manage('db', 'sync')
        self._nova_manage(
            'network', 'create', '--label', networks.PRIVATE,
            '--fixed_range_v4', _RANGE, '--network_size', str(_SIZE),
            '--bridge', _BRIDGE)

    def prepare(self):
        """Make the tables that nova-network writes rules into: it does not
        know that a table may be missing."""
        with self.network():
            for table in 'filter', 'nat', 'mangle':
                run.run(['iptables', '--wait', '--table', table, '--policy',
                         'OUTPUT', 'ACCEPT'], log=self.testbed.log('n-net'))

    def programs(self):
        return super().programs() + [
            self.daemon('n-net', 'nova-network', '--config-file',
                        self.conf())]
