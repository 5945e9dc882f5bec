# SPDX-License-Identifier: Apache-2.0

"""The testbed as the doctor's patient: it knows what is right."""

import functools
import os

from ovs_doctor import configuration
from ovs_doctor import finding
from ovs_doctor import logs
from ovs_doctor import patient
from ovs_testbed import cloud
from ovs_testbed import namespaces
from ovs_testbed import plugin
from ovs_testbed import plugin_path
from ovs_testbed import sandbox
from ovs_testbed import services
from ovs_testbed import testbeds
from ovs_testbed.services import base

#: the commands of the programs that checks ask for
_KINDS = {'c-api': 'cinder-api', 'c-vol': 'cinder-volume',
          'c-sch': 'cinder-scheduler', 'c-bak': 'cinder-backup',
          'n-api': 'nova-api', 'n-cpu': 'nova-compute',
          'n-cond': 'nova-conductor', 'n-sch': 'nova-scheduler',
          'n-net': 'nova-network', 'ovs-sd': 'ovs-storagedriver',
          'ovs-libvirtd': 'libvirtd'}


class Program(patient.Program):
    """A program of supervisord's, as the testbed starts it."""

    def __init__(self, testbed, name, service, known, started=None):
        super().__init__(
            name, _KINDS.get(name, name), service,
            pids=[known['pid']] if known.get('pid') else [],
            is_running=known.get('statename') == 'RUNNING',
            log=testbed.log(name),
            python=os.path.join(testbed.cache.environment, 'bin', 'python'),
            path=plugin_path.read(testbed))
        self._started = started

    def files(self):
        return configuration.files_of(
            self._started.command, self._started.env) if self._started else []


class Patient(patient.Patient):
    """A testbed as it was when the doctor came."""

    roles = cloud.SERVICE_ROLES

    def __init__(self, testbed, thorough=False):
        super().__init__(thorough)
        self.testbed = testbed
        self.sandbox = sandbox.Sandbox(testbed)
        self.services = services.load(testbed)
        self._pid = self.sandbox.supervisor.pid()
        #: {program: what supervisord knows of it}
        self.known = self.sandbox.supervisor.all() if self._pid else {}

    @property
    def is_up(self):
        return bool(self._pid)

    @functools.cached_property
    def programs(self):
        found = {}
        for service in self.services.values():
            for program in service.programs():
                found[program.name] = Program(
                    self.testbed, program.name, service.name,
                    self.known.get(program.name, {}), program)
        for name in sorted(self.known.keys() - found.keys()):
            found[name] = Program(self.testbed, name, name, self.known[name])
        return found

    def groups(self):
        return [self._group(name) for name in dict.fromkeys(
            program.service for program in self.programs.values())]

    def _group(self, name):
        service = self.services.get(name)
        return patient.Group(
            name, [program for program in self.programs.values()
                   if program.service == name],
            name == 'keystone' or name not in self.openstack(),
            service and service.is_ready)

    def openstack(self):
        return [service.name for service in self.services.values()
                if isinstance(service, base.OpenStackService)]

    def folders(self):
        path = self.testbed.path
        return {'servers': plugin.INSTANCES, 'images': path('data', 'images'),
                'vPools': path('data'), 'databases': path('data', 'database'),
                'logs': path('log')}

    def checks(self):
        """The environment that "up" of this checkout makes is the one that
        the testbed runs in, unless one of both was changed."""
        environment = self.testbed.cache.environment
        there = os.path.exists(self.path(environment) + '/bin/python')
        yield finding.judge(
            'Python of the services', environment + (
                '' if there else ' is not in the sandbox'), not there,
            'the checkout has other constraints than at the bring-up: go '
            'back to that commit, or run %s and %s' % (
                self.command('down'), self.command('up')))

    def inside(self, command):
        return self.sandbox.inside(command, '/')

    def network(self):
        return namespaces.entered(self.testbed.net)

    def path(self, path):
        return '/proc/%d/root%s' % (self._pid, path)

    def log_lines(self, program):
        return logs.last_lines(program.log)

    def login(self):
        return dict(cloud.credentials(self.testbed),
                    region_name=testbeds.REGION)

    def address(self, to):
        return '%s:%d' % (testbeds.ADDRESS, self.testbed.ports[to])

    def endpoints(self):
        return [(name, kind, self.testbed.url(service, path))
                for service in self.openstack()
                for name, kind, path in self.services[service].endpoints()]

    def vpools(self):
        return testbeds.VPOOLS

    def vpool_address(self, name):
        above = 10 * testbeds.VPOOLS.index(name)
        return {'storage_ip': testbeds.ADDRESS,
                'xml_rpc_port': str(self.testbed.ports['xml-rpc'] + above),
                'edge_port': str(self.testbed.ports['edge'] + above)}

    def libvirt_prefix(self):
        return plugin.PREFIX

    def is_here(self, _host):
        return True

    def command(self, *words):
        """A command of the testbed, for a hint."""
        options = []
        if self.testbed.name != 'main':
            options += ['--name', self.testbed.name]
        folder = os.path.dirname(self.testbed.folder)
        if folder != testbeds.FOLDER:
            options += ['--folder', folder]
        return '"bin/ovs-testbed %s"' % ' '.join(
            list(words[:1]) + options + list(words[1:]))

    def restart(self, programs):
        return 'run ' + self.command('restart', *(
            program.name for program in programs))

    def start(self, _programs):
        return 'run ' + self.command('up')

    def password_place(self):
        return 'passwords.json in %s has it' % self.testbed.folder

    def cure_of_catalog(self, _kind):
        return self.command('restart', 'keystone')

    def guid_place(self):
        return self.command(
            'shell', '--', '/usr/bin/python3', '-m', 'ovs_storagedriver',
            'status', '--config', self.testbed.path(
                'data', 'openvstorage', 'ovs-storagedriver.conf'))

    def cure_of_drivers(self, python):
        return self.command(
            'shell', '--', python, '-m', 'ovs_drivers.installer.main',
            'install', '--python', python)

    def story(self, request):
        return '; its story: run ' + self.command('request', request)
