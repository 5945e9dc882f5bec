# SPDX-License-Identifier: Apache-2.0

"""A host as the patient: of DevStack, of OpenStack-Ansible, or any other whose
services run under systemd or in a screen."""

import functools
import os
import socket
import sys

from ovs_doctor import commands
from ovs_doctor import configuration
from ovs_doctor import discovery
from ovs_doctor import finding
from ovs_doctor import login
from ovs_doctor import logs
from ovs_doctor import patient
from ovs_doctor import systemd

#: where this package is, and the drivers beside it
_TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: the folder of our QEMU and libvirt, unless another is found
_PREFIX = '/opt/openvstorage'
#: the services that the others rest on
_FOUNDATIONS = ('database', 'messaging', 'keystone', 'ovs-sd', 'ovs-libvirtd')


class Host(patient.Patient):
    """This host as it was when the doctor came."""

    def __init__(self, thorough=False):
        super().__init__(thorough)
        self._programs = discovery.programs()

    @property
    def programs(self):
        return self._programs

    def groups(self):
        found = {}
        for program in self.programs.values():
            found.setdefault(program.service, []).append(program)
        return [patient.Group(name, found[name], name in _FOUNDATIONS)
                for name in commands.SERVICES if name in found]

    def openstack(self):
        here = {program.service for program in self.programs.values()}
        return [name for name in commands.OPENSTACK if name in here]

    def checks(self):
        """A host without any of the programs is no patient."""
        yield finding.judge(
            'programs', ', '.join(self.programs) or
            'none of OpenStack runs here, and none should',
            not self.programs, 'run it on a host of OpenStack, or in the '
            'container of the service; start what has ended there')

    def folders(self):
        found = {}
        for program in self.find('nova-compute'):
            found['servers'] = self._folder(program, 'instances_path',
                                            'instances')
        for program in self.find('glance-api'):
            found['images'] = self._images(program)
        for program in self.find('cinder-volume'):
            found['images that Cinder converts'] = self._folder(
                program, 'image_conversion_dir', 'conversion')
        for program in self.find('ovs-storagedriver'):
            for name, options in self._served(program):
                found['vPool ' + name] = options.get('data', '')
        for program in self.find('mariadbd', 'mysqld'):
            found['databases'] = configuration.value_of(
                program.words, 'datadir') or '/var/lib/mysql'
        return dict(found, logs='/var/log')

    def _folder(self, program, option, name):
        """A folder of Cinder or Nova, by its option or below state_path."""
        options = self.configuration_of(program).section('DEFAULT')
        state = options.get('state_path') or '/var/lib/' + program.service
        return (options.get(option) or '$state_path/' + name).replace(
            '$state_path', state)

    def _images(self, program):
        found = self.configuration_of(program)
        return next((folder for folder in (
            found.get(section, 'filesystem_store_datadir')
            for section in found.sections()
            if not section.startswith('os_glance_')) if folder),
            '/var/lib/glance/images')

    def log_lines(self, program):
        if program.log_file:
            return logs.last_lines(program.log_file)
        return systemd.log_lines(program.unit) if program.unit else []

    @functools.cached_property
    def _login(self):
        return login.find(self)

    def login(self):
        return self._login

    def vpool_address(self, name):
        """That of the storagedriver's own settings, if it is here."""
        for program in self.find('ovs-storagedriver'):
            options = dict(self._served(program)).get(name)
            if options:
                return {'storage_ip': options.get('listen', '127.0.0.1'),
                        'xml_rpc_port': options.get('xml_rpc_port', '26201'),
                        'edge_port': options.get('edge_port', '26203')}
        return None

    def _served(self, program):
        """The vPools that a storagedriver serves, with their options."""
        path = configuration.value_of(program.words, 'config')
        found = configuration.Configuration([path] if path else [])
        return [(name, found.section(name)) for name in found.sections()]

    def libvirt_prefix(self):
        for program in self.find('libvirtd'):
            prefix = commands.libvirt_prefix(program.words[0]) \
                if program.words and program.pids else None
            if prefix:
                return prefix
        return _PREFIX if os.path.exists(_PREFIX + '/bin/virsh') else None

    def is_here(self, host):
        return host.partition('@')[0].partition('.')[0] in self._names

    @functools.cached_property
    def _names(self):
        """The names of this host in the services."""
        names = {socket.gethostname()}
        for service in 'cinder', 'nova':
            for found, _ in self.configurations(service):
                names |= {found.get(section, option) for section in
                          found.sections() for option in (
                              'host', 'backend_host')}
        return {name.partition('.')[0] for name in names if name}

    def restart(self, programs):
        units = list(dict.fromkeys(
            program.unit for program in programs if program.unit))
        words = ['run "systemctl restart %s"' % ' '.join(units)] \
            if units else []
        for program in programs:
            if program.in_screen:
                words.append(
                    'run "sudo -u %s screen -x stack -p %s", end it with '
                    'Ctrl-C, and start the last command again' % (
                        program.user, program.name))
            elif not program.unit:
                words.append('restart %s as it was started' % program.name)
        return ' and '.join(words) or 'restart what uses it'

    def start(self, programs):
        return self.restart(programs)

    def password_place(self):
        if any(program.status or (program.unit or '').startswith('devstack@')
               for program in self.programs.values()):
            return 'local.conf of DevStack has it'
        if any('/openstack/venvs/' in (program.python or '')
               for program in self.programs.values()):
            return ('user_secrets.yml on the deployment host of '
                    'OpenStack-Ansible has it')
        return 'the other end has to know both'

    def guid_place(self):
        for program in self.find('ovs-storagedriver'):
            path = configuration.value_of(program.words, 'config')
            if path:
                return '"env PYTHONPATH=%s %s -m ovs_storagedriver status ' \
                    '--config %s"' % (_TOP, sys.executable, path)
        return 'the page of the vPool, or "ovs vpool list",'

    def cure_of_drivers(self, python):
        return '"env PYTHONPATH=%s %s -m ovs_drivers.installer.main install ' \
            '--python %s"' % (_TOP, sys.executable, python)
