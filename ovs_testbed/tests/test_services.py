# SPDX-License-Identifier: Apache-2.0

import configparser
import contextlib
import os
import select
import shlex
import subprocess
import unittest
from unittest import mock

from oslo_config import cfg

from harness import wait
from ovs_testbed import bring_up
from ovs_testbed import cloud
from ovs_testbed import networks
from ovs_testbed import release
from ovs_testbed import services
from ovs_testbed import steps
from ovs_testbed import supervisor
from ovs_testbed.tests import support


class ServicesTestCase(support.TestbedTestCase):

    #: how many files that oslo.config reads
    CONFIGURATIONS = 8
    #: the programs of a compute host
    COMPUTE = {'n-cpu'}

    def setUp(self):
        super().setUp()
        self.services = services.load(self.testbed)
        # what the environment has and unit tests do not
        for service in self.services.values():
            if hasattr(service, 'copy_from_environment'):
                service.copy_from_environment = lambda *names: None

    def test_all_steps_have_an_order(self):
        steps.check(bring_up.BringUp(self.testbed).steps())

    def test_the_compute_host_is_waited_for_with_its_programs(self):
        service = self.services['nova']
        watched = []
        service.supervisor.check_alive = lambda *names: watched.extend(names)
        with mock.patch.object(service, 'network', contextlib.nullcontext), \
                mock.patch.object(wait, 'until', lambda *arguments,
                                  log: arguments[3]()):
            service.wait_for_host()
        self.assertEqual(self.COMPUTE | {'n-api', 'n-cond', 'n-sch'},
                         set(watched))

    def test_all_configuration_can_be_read(self):
        for service in self.services.values():
            service.configure()
        count = 0
        for folder, _, names in os.walk(self.testbed.etc()):
            for name in names:
                path = os.path.join(folder, name)
                self.assertEqual(0o600, os.stat(path).st_mode & 0o777, path)
                if name.endswith('.conf') and name != 'rabbitmq.conf':
                    cfg.ConfigOpts()(['--config-file', path])
                    count += 1
        self.assertGreaterEqual(count, self.CONFIGURATIONS)

    def test_compute_host_knows_no_database(self):
        self.services['nova'].configure()
        for name in 'nova.conf', 'nova-cpu.conf':
            conf = configparser.ConfigParser(interpolation=None)
            conf.read(self.testbed.etc('nova', name))
            self.assertNotIn('database', conf)
            self.assertNotIn('api_database', conf)

    def test_compute_host_ends_when_it_is_told_to(self):
        """By default it sleeps for longer than the supervisor waits."""
        self.services['nova'].configure()
        conf = configparser.ConfigParser(interpolation=None)
        conf.read(self.testbed.etc('nova', 'nova.conf'))
        self.assertEqual('0', conf['DEFAULT']['manager_shutdown_timeout'])

    def test_everything_listens_on_this_machine_only(self):
        for service in self.services.values():
            service.configure()
        for folder, _, names in os.walk(self.testbed.etc()):
            for name in names:
                with open(os.path.join(folder, name)) as stream:
                    self.assertNotIn('0.0.0.0', stream.read())

    def test_backup_runs_where_it_is_asked_for(self):
        def names():
            return [program.name for program
                    in self.services['cinder'].programs()]
        self.assertNotIn('c-bak', names())
        self.testbed.extras = ('backup',)
        self.assertIn('c-bak', names())

    def test_program_names_are_their_own(self):
        names = [program.name for service in self.services.values()
                 if service.name != 'messaging'
                 for program in service.programs()]
        self.assertEqual(len(names), len(set(names)))
        # the plugin's scripts know these by DevStack's names
        self.assertLessEqual({'c-vol', 'n-cpu'}, set(names))

    def test_services_are_told_to_run_in_native_threads(self):
        able = bool(self.testbed.release.native_threads)
        for threads in {False, able}:
            self.testbed.threads = threads
            for name in 'cinder', 'nova':
                for program in self.services[name].programs():
                    self.assertEqual(threads, (
                        'OS_%s_DISABLE_EVENTLET_PATCHING' % name.upper()
                        in program.env), program.name)

    def test_no_password_on_a_command_line(self):
        for service in self.services.values():
            if service.name == 'messaging':
                continue
            for program in service.programs():
                for password in self.testbed.passwords.values():
                    self.assertNotIn(password, ' '.join(program.command))


def script(program):
    """The name of the WSGI script that a program serves, or None."""
    if '--wsgi-file' not in program.command:
        return None
    return os.path.basename(
        program.command[program.command.index('--wsgi-file') + 1])


class ExtrasTestCase(support.TestbedTestCase):

    def test_barbican_keeps_the_keys_where_it_is_asked_for(self):
        self.assertNotIn('barbican', services.load(self.testbed))
        self.testbed.extras = ('barbican',)
        found = services.load(self.testbed)
        self.assertEqual(['barbican-api'], [
            program.name for program in found['barbican'].programs()])
        self.assertIn('starting barbican', [
            step.title for step in bring_up.BringUp(self.testbed).steps()])
        for name in 'cinder', 'nova':
            options = found[name].key_manager()
            self.assertEqual({'backend': 'barbican'}, options['key_manager'])
            self.assertEqual(self.testbed.url('barbican'),
                             options['barbican']['barbican_endpoint'])

    def test_cinder_can_transfer_a_key(self):
        login = services.load(self.testbed)['cinder'].authtoken()
        self.assertEqual(
            ['Default'] * 2,
            [login['user_domain_name'], login['project_domain_name']])


class Services20251TestCase(ServicesTestCase):

    RELEASE = '2025.1'

    def test_an_api_that_eventlet_patches_has_one_thread(self):
        def number(program, option):
            return program.command[program.command.index(option) + 1]

        nova = self.services['nova'].programs()[0]
        glance = self.services['glance'].programs()[0]
        self.assertEqual(
            [('4', '1'), ('1', '4')],
            [(number(program, '--processes'), number(program, '--threads'))
             for program in (nova, glance)])


class Services20241TestCase(Services20251TestCase):

    RELEASE = '2024.1'

    def test_scripts_in_place_of_modules(self):
        names = {script(program) for name in (
            'keystone', 'glance', 'placement', 'nova', 'cinder')
            for program in self.services[name].programs()} - {None}
        self.assertEqual(set(self.testbed.release.wsgi_scripts.values()),
                         names)

    def test_neutron_is_one_server(self):
        program, = self.services['neutron'].programs()
        self.assertEqual('neutron-server',
                         os.path.basename(program.command[0]))


class PikeServicesTestCase(ServicesTestCase):

    RELEASE = 'pike'

    def conf(self, service, *names):
        self.services[service].configure()
        found = configparser.ConfigParser(interpolation=None)
        found.read(self.testbed.etc(service, *names))
        return found

    def test_the_backup_driver_is_a_module(self):
        options = self.services['cinder'].options()
        self.assertEqual('cinder.backup.drivers.posix',
                         options['DEFAULT']['backup_driver'])

    def test_api_servers_of_its_own(self):
        commands = {
            os.path.basename(program.command[0])
            for name in ('glance', 'neutron', 'nova', 'cinder')
            for program in self.services[name].programs()}
        self.assertLessEqual({'glance-api', 'neutron-server', 'nova-api',
                              'cinder-api'}, commands)
        for name, wanted in (('keystone', 'keystone-wsgi-public'),
                             ('placement', 'nova-placement-api')):
            program, = self.services[name].programs()
            self.assertEqual(wanted, script(program))
            self.assertNotIn('--module', program.command)

    def test_cells_are_told_their_addresses_at_the_start(self):
        """The dump in the cache has no passwords"""
        commands, texts = [], []
        nova = self.services['nova']
        with mock.patch.object(nova, 'manage',
                               lambda *words: commands.extend(words)):
            nova.make_schemas()
        self.assertFalse(set(self.testbed.passwords.values())
                         & set(' '.join(commands).replace(':', ' ')
                               .replace('@', ' ').split()))
        with mock.patch('ovs_testbed.services.database.Service.client',
                        lambda _, program, text: texts.append(text)):
            nova.prepare()
        text, = texts
        for address in nova.transport(), nova.connection('nova_cell0'):
            self.assertIn(address.encode(), text)

    def test_cell0_has_a_database_of_its_own(self):
        conf = self.conf('nova', 'nova-cell0.conf')
        self.assertTrue(conf['database']['connection'].endswith(
            '/nova_cell0'))

    def test_switch_is_at_its_usual_place(self):
        network = self.services['network']
        with mock.patch('os.makedirs'):
            self.assertEqual({'/run/openvswitch': self.testbed.sockets},
                             network.mounts())
        self.assertIn('--remote=punix:%s/db.sock' % self.testbed.sockets,
                      network.remotes('switch'))


class NewtonServicesTestCase(ServicesTestCase):

    RELEASE = 'newton'
    CONFIGURATIONS = 6
    COMPUTE = {'n-cpu', 'n-net'}

    conf = PikeServicesTestCase.conf

    def test_networks_are_nova_s(self):
        self.assertFalse({'network', 'neutron', 'placement'}
                         & set(self.services))
        self.assertIn('n-net', [
            program.name for program in self.services['nova'].programs()])
        conf = self.conf('nova', 'nova.conf')
        self.assertFalse({'neutron', 'placement'} & set(conf))
        self.assertEqual('false', conf['DEFAULT']['use_neutron'])
        self.assertIsInstance(networks.of(self.testbed),
                              networks.NovaNetwork)

    def test_the_network_comes_with_the_databases(self):
        commands = []
        nova = self.services['nova']
        with mock.patch.object(nova, 'manage',
                               lambda *words: commands.append(words)):
            nova.make_schemas()
        label = commands[-1].index('--label')
        self.assertEqual(networks.PRIVATE, commands[-1][label + 1])
        self.assertEqual(
            networks.PRIVATE,
            self.testbed.release.tempest['validation']['network_for_ssh'])

    def test_tables_of_iptables_are_there_before_nova_network(self):
        with mock.patch('harness.run.run') as run, \
                mock.patch.object(self.services['nova'], 'network'):
            self.services['nova'].prepare()
        self.assertEqual({'filter', 'nat', 'mangle'}, {
            call.args[0][3] for call in run.call_args_list})

    def test_keystone_finds_its_configuration_at_home(self):
        program, = self.services['keystone'].programs()
        self.assertEqual('keystone-wsgi-public', script(program))
        self.assertEqual(self.testbed.etc('keystone'), program.env['HOME'])

    def test_the_openstack_client_finds_the_api_that_it_knows(self):
        self.assertEqual(
            ['volumev3', 'volumev2'],
            [kind for _, kind, _ in self.services['cinder'].endpoints()])
        self.assertEqual(
            '2', cloud.variables(self.testbed)['OS_VOLUME_API_VERSION'])

    def test_nova_finds_cinder_in_what_it_keeps_of_the_catalog(self):
        wanted = self.conf('nova', 'nova.conf')['cinder']['catalog_info']
        self.assertIn(wanted, [
            '%s:%s:publicURL' % (kind, name)
            for name, kind, _ in self.services['cinder'].endpoints()
            if kind in ('volume', 'volumev2')])

    def test_nova_tells_ids_of_requests_as_tempest_wants_them(self):
        path = os.path.join(self.folder, 'api-paste.ini')
        with open(path, 'w') as stream:
            stream.write('[filter:compute_req_id]\npaste.filter_factory = '
                         'nova.api.compute_req_id:'
                         'ComputeReqIdMiddleware.factory\n')
        self.services['nova']._name_requests(path)
        with open(path) as stream:
            self.assertEqual('[filter:compute_req_id]\npaste.filter_factory '
                             '= oslo_middleware:RequestId.factory\n',
                             stream.read())

    def test_cinder_logs_which_volume_it_is_about(self):
        options = self.services['cinder'].options()['DEFAULT']
        self.assertIn('%(resource)s',
                      options['logging_context_format_string'])

    def test_quotas_are_in_their_section(self):
        conf = self.conf('nova', 'nova-control.conf')
        self.assertNotIn('quota', conf)
        self.assertEqual('100', conf['DEFAULT']['quota_instances'])


class SupervisorTestCase(support.TestbedTestCase):

    def section(self, program):
        conf = configparser.RawConfigParser()
        conf.read_string(supervisor.Supervisor(self.testbed).section(program))
        return conf['program:' + program.name]

    def test_words_arrive_as_they_are(self):
        words = ['a b', 'c;d', 'it\'s', 'q"q', '100%', 'back\\slash', '$HOME',
                 '']
        section = self.section(supervisor.Program(
            'x', ['printf', r'%s\n'] + words, inside=False))
        subprocess.run(shlex.split(section['command'].replace('%%', '%')),
                       check=True)
        with open(self.testbed.log('x')) as log:
            self.assertEqual(words, log.read().split('\n')[:-1])

    def test_who_closes_its_standard_input_breaks_no_pipe(self):
        """A broken one keeps supervisord busy for good"""
        section = self.section(supervisor.Program(
            'x', ['sh', '-c', 'exec 0<&-; kill -STOP $$'], inside=False))
        with subprocess.Popen(shlex.split(section['command']),
                              stdin=subprocess.PIPE) as program:
            self.addCleanup(program.kill)
            os.waitpid(program.pid, os.WUNTRACED)
            poll = select.poll()
            poll.register(program.stdin, select.POLLIN)
            broken = poll.poll(0)
            program.kill()
        self.assertEqual([], broken)

    def test_runs_in_the_network_of_the_testbed(self):
        section = self.section(supervisor.Program('x', ['prog']))
        self.assertEqual(
            ['nsenter', '--net=/run/netns/ovs-testbed-25000', '--', 'prog'],
            shlex.split(section['command'])[-4:])

    def test_is_not_started_anew(self):
        section = self.section(supervisor.Program('x', ['prog']))
        self.assertEqual(('false', 'false'), (section['autostart'],
                                              section['autorestart']))

    def test_nothing_of_the_users_shell_gets_in(self):
        words = supervisor.Supervisor(self.testbed).command()
        self.assertEqual(['env', '--ignore-environment'], words[:2])

    def test_supervisor_that_is_not_there(self):
        supervisord = supervisor.Supervisor(self.testbed)
        self.assertIsNone(supervisord.pid())
        self.assertEqual({}, supervisord.all())
        self.assertEqual([], supervisord.processes())

    def test_program_is_forgotten_once_it_has_stopped(self):
        """supervisord would be busy while it waits"""
        states = ['RUNNING', 'STOPPING', 'STOPPING', 'STOPPED', 'STOPPED']
        calls = []

        def call(method, *arguments):
            if method == 'getAllProcessInfo':
                return [{'name': 'x', 'statename': states.pop(0)}]
            calls.append((method, arguments, states[:1]))

        supervisord = supervisor.Supervisor(self.testbed)
        with mock.patch.object(supervisord, '_call', call):
            supervisord.stop('x')
        self.assertEqual([('stopProcess', ('x', False), ['STOPPING']),
                          ('removeProcessGroup', ('x',), []),
                          ('reloadConfig', (), [])], calls)

    def test_foreign_process_is_not_taken_for_it(self):
        with open(self.testbed.path('run', 'supervisord.pid'), 'w') as stream:
            stream.write('%d\n' % os.getpid())
        self.assertIsNone(supervisor.Supervisor(self.testbed).pid())


class ReleaseTestCase(unittest.TestCase):

    def test_every_release_is_pinned(self):
        for name in release.names():
            found = release.load(name)
            pinned = set()
            for path in found.wheels, found.sources:
                with open(path) as stream:
                    pinned.update(line.split('==')[0].lower()
                                  for line in stream if '==' in line)
            self.assertLessEqual(
                {name.lower() for name in found.distributions}, pinned)
