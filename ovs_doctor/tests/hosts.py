# SPDX-License-Identifier: Apache-2.0

"""Hosts whose /proc, /etc and systemd are the test's, and whose services
answer as it says."""

import json
import os
from unittest import mock

from harness import files
from harness.tests import support
from ovs_doctor import configuration
from ovs_doctor import discovery
from ovs_doctor import finding
from ovs_doctor import host
from ovs_doctor import login
from ovs_doctor import probe
from ovs_doctor import procfs
from ovs_doctor import run
from ovs_doctor.tests import apis

DRIVER = 'cinder.volume.drivers.openvstorage_edge.' \
    'OpenvStorageEdgeVolumeDriver'
#: what each question of the probe is answered with, if all is well
_FACTS = {'identity': {'roles': ['admin', 'service'], 'endpoints': {}},
          'xml_rpc': {'names': ['volume-1'], 'total': 8 << 30,
                      'free': 4 << 30},
          'edge': {'names': ['volume-1']}}
KEYSTONE = {'auth_url': 'http://10.0.0.1/identity', 'username': 'cinder',
            'password': 'secret', 'project_name': 'service',
            'user_domain_name': 'Default', 'project_domain_name': 'Default'}
VPOOL = {'volume_driver': DRIVER, 'storage_ip': '10.0.0.9',
         'xml_rpc_port': '26201', 'edge_port': '26203', 'vpool_guid': 'guid'}


class HostTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.patch(procfs, 'PROC', self.path('proc'))
        self.patch(configuration, 'ETC', self.path('etc'))
        self.patch(discovery, 'STATUS', self.path('stack/status/*/*.pid'))
        self.patch(host, '_PREFIX', self.path('prefix'))
        self.patch(login, '_PATHS', (self.path('etc/clouds.yaml'),))
        self.patch(host.socket, 'gethostname', lambda: 'node')
        self.patch(run, 'run', self._run)
        self.patch(probe, 'ask', self._ask)
        for name in [name for name in os.environ if name.startswith('OS_')]:
            self.patch_dict(os.environ, name)
        os.mkdir(self.path('proc'))
        #: {unit: its properties}, as systemd knows them
        self.units = {}
        #: what commands say, by their names
        self.said = {'qemu-img': 'protocols: openvstorage',
                     'virsh': 'Running hypervisor: QEMU 10.0.0\n'}
        self.commands = []
        self.asked = []
        self.answers = {}
        self.clouds = {}
        self.api = apis.FakeApi(**{
            'compute': apis.compute(), 'block-storage': apis.storage(),
            'placement': apis.placement()})
        self.patch(host.Host, 'api', lambda _self, seconds: self.api)
        self._pid = 100

    def patch(self, where, name, value):
        patched = mock.patch.object(where, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def patch_dict(self, where, name):
        """Leave a name out of a dictionary."""
        patched = mock.patch.dict(where)
        patched.start()
        self.addCleanup(patched.stop)
        where.pop(name, None)

    def process(self, *words, title=None, unit=None, exe='', variables=(),
                links=(), state='S', comm='it'):
        """Make a process; return its number."""
        self._pid += 1
        folder = self.path('proc', str(self._pid))
        text = title or '\0'.join(words) + '\0'
        for name, content in (
                ('cmdline', text), ('comm', comm),
                ('stat', '%d (it) %s 1' % (self._pid, state)),
                ('environ', '\0'.join('='.join(pair) for pair in variables)),
                ('cgroup', '0::/system.slice/' + unit if unit else
                 '0::/user.slice/session-1.scope')):
            files.write(os.path.join(folder, name), content)
        for name, target in (('exe', exe), *links):
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(target or '/none', path)
        return self._pid

    def unit(self, name, *command, state='active', file_state='enabled',
             **properties):
        """Let systemd know a unit."""
        self.units[name] = dict({
            'Id': name, 'LoadState': 'loaded', 'ActiveState': state,
            'UnitFileState': file_state, 'Type': 'simple',
            'ExecStart': '{ path=%s ; argv[]=%s ; ignore_errors=no }' % (
                command[0], ' '.join(command)) if command else '',
            'Environment': ''}, **properties)

    def program(self, path, text='#!/bin/sh\n'):
        """Make a file that can be run; return its path."""
        path = self.path(path)
        files.write(path, text, mode=0o755)
        return path

    def write(self, path, **sections):
        """Write a file of options; return its path."""
        path = self.path(path)
        files.write(path, '\n'.join(
            '[%s]\n%s' % (name, ''.join(
                '%s = %s\n' % pair for pair in options.items()))
            for name, options in sections.items()))
        return path

    def host(self, thorough=False):
        """The patient, as the doctor sees it now."""
        return host.Host(thorough)

    def found(self, look, patient=None):
        """The findings of an area by their names; each that is not good has
        a hint."""
        findings = list(look(patient or self.host()))
        for found in findings:
            self.assertEqual(found.level == finding.GOOD, not found.hint,
                             str(found))
        return {found.what: found for found in findings}

    def wrong(self, look, patient=None):
        """Those that are no good, by their names."""
        return {what: found for what, found
                in self.found(look, patient).items()
                if found.level != finding.GOOD}

    def _run(self, command, stdin=None, path=None, timeout=None):
        self.commands.append(command)
        name = os.path.basename(command[0])
        if name == 'systemctl':
            return self._systemctl(command[1], command[2:])
        if name not in self.said:
            raise run.Failed('%s cannot be run' % name)
        return self.said[name]

    def _systemctl(self, verb, arguments):
        if verb == 'show':
            return '\n\n'.join('\n'.join(
                '='.join(pair) for pair in self.units[name].items())
                for name in arguments if name in self.units)
        return '\n'.join('%s x' % name for name, unit in self.units.items()
                         if (verb == 'list-units')
                         == (unit['ActiveState'] != 'inactive'))

    def _ask(self, _patient, questions, seconds=0):
        questions = list(questions)
        self.asked += questions
        return [self._answer(name, arguments)
                for name, arguments, _program in questions]

    def _answer(self, name, arguments):
        if name == 'content':
            return probe.Answer('', facts={'content': {
                'clouds': self.clouds}})
        answer = self.answers.get(name, lambda **_: None)(**arguments)
        return answer or probe.Answer('', facts=json.loads(json.dumps(
            _FACTS.get(name))))


class DevStackTestCase(HostTestCase):
    """DevStack's master: units, and uwsgi in one virtualenv."""

    def setUp(self):
        super().setUp()
        self.python = self.program('venv/bin/python')
        self.program('venv/bin/qemu-img')
        self.program('prefix/bin/virsh')
        uwsgi = self.program('venv/bin/uwsgi')
        self.conf = self.write('etc/cinder/cinder.conf', **{
            'DEFAULT': {'enabled_backends': 'myvpool01', 'transport_url':
                        'rabbit://stackrabbit:secret@10.0.0.1:5672/'},
            'database': {'connection': 'mysql+pymysql://root:secret@'
                         '127.0.0.1/cinder?charset=utf8'},
            'keystone_authtoken': KEYSTONE,
            'myvpool01': dict(VPOOL, storage_ip='127.0.0.1')})
        self.nova_conf = self.write(
            'etc/nova/nova-cpu.conf', DEFAULT={
                'state_path': self.path('nova'),
                'instances_path': '$state_path/instances'},
            libvirt={'connection_uri': 'qemu+unix:///system?socket=%s'
                     '/var/run/libvirt/libvirt-sock' % self.path('prefix')},
            service_user=dict(KEYSTONE, username='nova',
                              send_service_user_token='True'))
        self.write('etc/nova/nova.conf', keystone_authtoken=dict(
            KEYSTONE, username='nova'))
        self.sd_conf = self.write('data/ovs-storagedriver.conf', myvpool01={
            'data': self.path('data/vpools'), 'listen': '127.0.0.1',
            'edge_port': '26203', 'xml_rpc_port': '26201'})
        self.pids = {}
        self.start('c-vol', self.python, self.path('venv/bin/cinder-volume'),
                   '--config-file', self.conf)
        self.start('n-cpu', self.python, self.path('venv/bin/nova-compute'),
                   '--config-file', self.nova_conf)
        self.start('ovs-sd', '/usr/bin/python3', '-m', 'ovs_storagedriver',
                   'serve', '--config', self.sd_conf)
        self.start('ovs-libvirtd', self.path('prefix/sbin/libvirtd'))
        for name, title in (('c-api', 'cinder-api'), ('n-api', 'nova-api'),
                            ('keystone', 'keystone')):
            ini = self.write('etc/%s-uwsgi.ini' % title, uwsgi={
                'module': 'x.y:z'})
            self.start(name, uwsgi, '--procname-prefix', title, '--ini', ini,
                       '--venv', self.path('venv'),
                       title=title + 'uWSGI master', exe='/usr/bin/uwsgi')
        self.clouds = {'devstack-admin': {
            'auth': dict(KEYSTONE, username='admin'),
            'region_name': 'RegionOne'}}
        files.write(self.path('etc/clouds.yaml'), '')

    def start(self, name, *command, **process):
        """Start the unit of a program."""
        unit = 'devstack@%s.service' % name
        self.unit(unit, *command)
        self.pids[name] = self.process(
            *command, unit='system-devstack.slice/' + unit, variables=[
                ('PATH', self.path('venv/bin') + ':/usr/bin')], **process)

    def stop(self, name, state='failed'):
        """Let the program of a unit have ended."""
        os.rename(self.path('proc', str(self.pids[name])),
                  self.path('proc', 'ended-' + name))
        self.units['devstack@%s.service' % name]['ActiveState'] = state
