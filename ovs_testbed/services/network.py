# SPDX-License-Identifier: Apache-2.0

"""Open vSwitch and OVN on the userspace datapath: no kernel module needed."""

import os
import sys

from harness import run
from harness import wait
from ovs_testbed import supervisor
from ovs_testbed import testbeds
from ovs_testbed.services import base

_SCHEMAS = {'switch': '/usr/share/openvswitch/vswitch.ovsschema',
            'northbound': '/usr/share/ovn/ovn-nb.ovsschema',
            'southbound': '/usr/share/ovn/ovn-sb.ovsschema'}
BRIDGE = 'br-int'
PUBLIC_BRIDGE = 'br-ex'
PUBLIC_RANGE = '172.24.4.0/24'
PUBLIC_GATEWAY = '172.24.4.1'


class Service(base.Service):

    name = 'network'

    def _socket(self, database):
        return self.testbed.socket(database + '.sock')

    def _file(self, database):
        return os.path.join(self.testbed.data('ovn'), database + '.db')

    def remote(self, database):
        """The address of one of OVN's databases."""
        return 'tcp:%s:%d' % (testbeds.ADDRESS,
                              self.testbed.ports['ovn-' + database])

    def switch(self):
        """The address of Open vSwitch's own database."""
        return 'unix:' + self._socket('switch')

    def prepare(self):
        for database, schema in _SCHEMAS.items():
            if not os.path.exists(self._file(database)):
                run.run(['ovsdb-tool', 'create', self._file(database),
                         schema])
        for database in _SCHEMAS:
            program = self._database(database)
            self.supervisor.start(program)
            path = self._socket(database)
            wait.until(
                path, lambda path=path: (os.path.exists(path), 'not there'),
                base.TIMEOUT,
                lambda: self.supervisor.check_alive(program.name))
        self._configure_switch()

    def _database(self, database):
        return self._program('ovsdb-' + database, [
            'ovsdb-server', self._file(database)] + self.remotes(database))

    def remotes(self, database):
        """Where a database is served."""
        remotes = ['--remote=punix:' + self._socket(database)]
        if database != 'switch':
            remotes.append('--remote=p%s:%s' % (
                'tcp:%d' % self.testbed.ports['ovn-' + database],
                testbeds.ADDRESS))
        return remotes

    def _program(self, name, command):
        """Each has its control socket in the testbed's folder."""
        folder = self.testbed.sockets
        return supervisor.Program(
            name, command,
            env=dict(base.ENVIRONMENT, OVS_RUNDIR=folder, OVN_RUNDIR=folder,
                     OVS_LOGDIR=folder, OVN_LOGDIR=folder))

    def _configure_switch(self):
        self._vsctl(
            'set', 'Open_vSwitch', '.',
            'external_ids:system-id=' + testbeds.HOST,
            'external_ids:hostname=' + testbeds.HOST,
            'external_ids:ovn-remote=' + self.remote('southbound'),
            'external_ids:ovn-encap-type=geneve',
            'external_ids:ovn-encap-ip=' + testbeds.ADDRESS,
            'external_ids:ovn-bridge-datapath-type=netdev',
            'external_ids:ovn-cms-options=enable-chassis-as-gw',
            'external_ids:ovn-bridge-mappings=public:' + PUBLIC_BRIDGE)
        for bridge in BRIDGE, PUBLIC_BRIDGE:
            self._vsctl('--may-exist', 'add-br', bridge, '--', 'set',
                        'bridge', bridge, 'datapath_type=netdev')
        self._vsctl('set', 'bridge', BRIDGE, 'fail-mode=secure')

    def _vsctl(self, *arguments):
        run.run(['ovs-vsctl', '--db=' + self.switch(), '--no-wait'] +
                list(arguments), log=self.testbed.log('network-setup'))

    def programs(self):
        return [self._database(database) for database in _SCHEMAS] + [
            # as its distribution runs it: rarely, an assertion of its
            # connection tracking fails, and it begins again
            self._program('ovs-vswitchd', [
                'ovs-vswitchd', self.switch(), '--disable-system',
                '--monitor']),
            self._program('ovn-northd', [
                'ovn-northd', '--ovnnb-db=' + self.remote('northbound'),
                '--ovnsb-db=' + self.remote('southbound')]),
            self._program('ovn-controller', [
                'ovn-controller', self.switch()]),
            supervisor.Program('taps', [
                sys.executable, '-m', 'ovs_testbed.taps', self.switch()],
                env=dict(base.ENVIRONMENT, PYTHONPATH=testbeds.CHECKOUT))]

    def probes(self):
        def chassis():
            answer = run.run(['ovn-sbctl', '--db=' + self.remote(
                'southbound'), '--bare', '--columns=name', 'list',
                'chassis'])
            return testbeds.HOST in answer, 'chassis %r' % answer.strip()

        def bridge():
            there = PUBLIC_BRIDGE + ':' in run.run(['ip', '-o', 'link'])
            return there, 'no such device'
        return [('the bridge ' + PUBLIC_BRIDGE, bridge),
                ('OVN to know this host', chassis)]

    def start(self, only=None):
        super().start(only)
        with self.network():
            run.run(['ip', 'address', 'replace', '%s/%s' % (
                PUBLIC_GATEWAY, PUBLIC_RANGE.split('/')[1]), 'dev',
                PUBLIC_BRIDGE])
            run.run(['ip', 'link', 'set', PUBLIC_BRIDGE, 'up'])
