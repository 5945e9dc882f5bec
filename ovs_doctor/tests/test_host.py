# SPDX-License-Identifier: Apache-2.0

"""The programs of hosts of each kind: how they are found, read, restarted."""

import os

from harness import files
from ovs_doctor import areas
from ovs_doctor import discovery
from ovs_doctor import finding
from ovs_doctor import processes
from ovs_doctor.tests import hosts


class DevStackTestCase(hosts.DevStackTestCase):

    def test_all_is_well(self):
        findings = areas.examine(self.host())
        self.assertEqual([], [
            str(found) for found in findings if found.level != finding.GOOD])
        for what in ('service cinder', 'service ovs-sd', 'vPool myvpool01',
                     'drivers in cinder', 'libvirtd', 'login of nova as nova',
                     'message queue of cinder', 'cinder-volume at testbed',
                     'orphans on the vPools'):
            self.assertIn(what, [found.what for found in findings])

    def test_programs_have_the_names_of_devstack(self):
        programs = self.host().programs
        self.assertEqual(set(self.pids), set(programs))
        for name, kind in (('c-vol', 'cinder-volume'),
                           ('c-api', 'cinder-api'), ('keystone', 'keystone'),
                           ('ovs-sd', 'ovs-storagedriver'),
                           ('ovs-libvirtd', 'libvirtd')):
            program = programs[name]
            self.assertEqual(kind, program.kind)
            self.assertEqual([self.pids[name]], program.pids)
            self.assertEqual('"journalctl -eu devstack@%s.service"' % name,
                             program.log)

    def test_workers_are_one_program(self):
        worker = self.process(
            'x', title='cinder-apiuWSGI worker 1',
            unit='system-devstack.slice/devstack@c-api.service')
        self.assertEqual([self.pids['c-api'], worker],
                         self.host().programs['c-api'].pids)

    def test_workers_with_the_title_of_another_program(self):
        for name in 'neutron-rpc-server', 'neutron-periodic-workers':
            self.start(name, self.python, '/x/' + name, '--config-file',
                       '/etc/neutron.conf')
            self.process(title='neutron-server: rpc worker (/x)',
                         unit='system-devstack.slice/devstack@%s.service'
                         % name)
        programs = self.host().programs
        self.assertNotIn('neutron-server', programs)
        for name in 'neutron-rpc-server', 'neutron-periodic-workers':
            self.assertEqual(2, len(programs[name].pids))
            self.assertEqual(['/etc/neutron.conf'], programs[name].files())

    def test_the_python_is_that_of_the_virtualenv(self):
        for name in 'c-vol', 'n-cpu', 'c-api', 'keystone':
            self.assertEqual(self.python, self.host().programs[name].python)

    def test_the_configuration(self):
        programs = self.host().programs
        for name in 'c-vol', 'c-api':       # told, and found by oslo.config
            self.assertEqual([self.conf], programs[name].files())
        self.assertEqual([self.nova_conf], programs['n-cpu'].files())
        self.assertEqual([self.path('etc/nova/nova.conf')],
                         programs['n-api'].files())
        self.assertEqual([], programs['keystone'].files())

    def test_a_configuration_that_is_none(self):
        for text in ('[DEFAULT]\nx\n[a]\nb = 1\n', 'x = 1\n'):
            files.write(self.conf, text)
            wrong, = self.wrong(processes.foundations).values()
            self.assertEqual((finding.WARNING, 'configuration of cinder'),
                             (wrong.level, wrong.what))
            self.assertIn(self.conf + ': ', wrong.seen)
            self.assertIn('correct the file, then run "systemctl restart '
                          'devstack@c-', wrong.hint)
        with open(self.conf, 'wb') as stream:
            stream.write(b'[DEFAULT]\nx = \xff\n')
        self.stop('c-vol')
        wrong, = self.wrong(processes.foundations).values()
        self.assertEqual(finding.ERROR, wrong.level)

    def test_cells_are_programs_of_their_own(self):
        for name in 'n-super-cond', 'n-cond-cell1':
            self.start(name, self.python, '/usr/bin/nova-conductor',
                       '--config-file', '/etc/nova/%s.conf' % name)
        programs = self.host().find('nova-conductor')
        self.assertEqual(['n-cond-cell1', 'n-super-cond'],
                         sorted(program.name for program in programs))

    def test_a_unit_that_has_failed(self):
        self.stop('n-cpu')
        wrong, = self.wrong(processes.services).values()
        self.assertEqual('service nova: not running: n-cpu', str(wrong))
        self.assertEqual(
            'run "systemctl restart devstack@n-cpu.service"; why it ended: '
            '"journalctl -eu devstack@n-cpu.service"', wrong.hint)
        program = self.host().programs['n-cpu']
        self.assertEqual([self.nova_conf], program.files())

    def test_a_unit_that_was_stopped_and_is_enabled(self):
        self.stop('ovs-sd', 'inactive')
        wrong, = self.wrong(processes.foundations).values()
        self.assertEqual('service ovs-sd: not running: ovs-sd', str(wrong))

    def test_a_unit_that_has_failed_and_is_not_enabled(self):
        self.unit('devstack@c-bak.service', state='failed',
                  file_state='disabled')
        wrong, = self.wrong(processes.services).values()
        self.assertEqual('not running: c-bak', wrong.seen)

    def test_a_host_in_a_container_of_a_unit(self):
        self.process(self.python, '/usr/bin/cinder-backup', unit='nspawn@x.'
                     'service/payload/system.slice/devstack@c-bak.service')
        self.assertIn('c-bak', self.host().programs)

    def test_a_unit_goes_before_a_record_of_a_screen(self):
        files.write(self.path('stack/status/stack/c-vol.pid'), '1')
        self.assertEqual('devstack@c-vol.service',
                         self.host().programs['c-vol'].unit)

    def test_a_uwsgi_of_the_virtualenv_that_hides_its_arguments(self):
        files.write(self.path('venv/pyvenv.cfg'), '')
        self.process(title='glance-apiuWSGI worker 1',
                     exe=self.path('venv/bin/uwsgi'))
        self.process(title='placementuWSGI worker 1',
                     exe=self.program('bin/uwsgi'))
        programs = self.host().programs
        self.assertEqual(self.python, programs['glance-api'].python)
        self.assertIsNone(programs['placement-api'].python)

    def test_images(self):
        self.process(self.python, '/usr/bin/glance-api')
        self.assertEqual('/var/lib/glance/images',
                         self.host().folders()['images'])
        self.write('etc/glance/glance-api.conf', os_glance_tasks_store={
            'filesystem_store_datadir': '/tasks'}, file={
                'filesystem_store_datadir': '/images'})
        self.assertEqual('/images', self.host().folders()['images'])

    def test_units_that_need_not_run(self):
        self.unit('devstack@c-bak.service', state='inactive',
                  file_state='disabled')
        self.unit('devstack@n-sch.service', state='failed', Type='oneshot')
        self.unit('devstack@g-api.service', state='failed',
                  LoadState='not-found')
        self.unit('devstack@etcd.service', state='failed')
        self.assertFalse(self.wrong(processes.foundations))
        self.assertFalse(self.wrong(processes.services))

    def test_a_frozen_program(self):
        self.start('c-sch', self.python, '/usr/bin/cinder-scheduler',
                   state='T')
        wrong, = self.wrong(processes.foundations).values()
        self.assertEqual('frozen processes', wrong.what)
        self.assertIn('"kill -CONT %d"' % self.pids['c-sch'], wrong.hint)

    def test_what_only_names_a_program_is_none(self):
        for words in (['vim', '/usr/bin/cinder-backup'],
                      ['journalctl', '-u', 'cinder-backup'],
                      ['/usr/sbin/libvirtd'], ['uwsgi', '--ini', '/x/y.ini'],
                      ['python3', '-c', 'cinder-backup'], ['env'],
                      ['python3', '-m'], ['beam.smp', '-sname', 'couch']):
            self.process(*words)
        self.process(title=' ')
        self.assertEqual(set(self.pids), set(self.host().programs))

    def test_python_with_options(self):
        self.process('/usr/bin/python3', '-W', 'ignore', '-s',
                     '/usr/bin/cinder-backup')
        self.assertIn('cinder-backup', self.host().programs)

    def test_what_runs_in_a_container_or_a_testbed_is_none(self):
        for name in 'net', 'pid':
            self.process(self.python, '/usr/bin/cinder-backup', links=[
                ('ns/' + name, name + ':[2]')])
        self.assertEqual(set(self.pids), set(self.host().programs))

    def test_without_systemd(self):
        self.units = {}
        self.assertTrue(self.host().find('cinder-volume')[0].pids)

    def test_a_host_without_any_of_it(self):
        self.patch(discovery, 'programs', lambda: {})
        findings = areas.examine(self.host())
        wrong, = [found for found in findings
                  if found.level != finding.GOOD]
        self.assertEqual('programs', wrong.what)
        self.assertIn('in the container of the service', wrong.hint)

    def test_database_and_queue(self):
        self.process('/usr/sbin/mariadbd', '--datadir=/srv/db',
                     unit='mariadb.service')
        self.process('/usr/lib/erlang/bin/beam.smp', '-sname', 'rabbit@node',
                     unit='rabbitmq-server.service')
        patient = self.host()
        self.assertEqual(['database', 'messaging', 'keystone'],
                         [group.name for group in patient.groups()][:3])
        self.assertEqual('/srv/db', patient.folders()['databases'])
        program, = patient.find('rabbitmq')
        self.assertIn('"systemctl restart rabbitmq-server.service"',
                      patient.restart([program]))

    def test_folders(self):
        folders = self.host().folders()
        self.assertEqual(self.path('nova/instances'), folders['servers'])
        self.assertEqual('/var/lib/cinder/conversion',
                         folders['images that Cinder converts'])
        self.assertEqual(self.path('data/vpools'),
                         folders['vPool myvpool01'])

    def test_where_passwords_are(self):
        self.assertIn('local.conf', self.host().password_place())


class ScreenTestCase(hosts.HostTestCase):
    """DevStack's newton-eol: a screen, Python 2.7, logs in files"""

    def setUp(self):
        super().setUp()
        self.python = self.program('bin/python2.7')
        self.conf = self.write('etc/cinder/cinder.conf', DEFAULT={
            'enabled_backends': ''})
        self.pid = self.process(
            self.python, '/usr/local/bin/cinder-volume', '--config-file',
            self.conf, links=[('fd/1', '/dev/pts/3'), ('fd/2', '/dev/pts/3')])
        files.write(self.path('stack/status/stack/c-vol.pid'),
                    str(self.pid))
        files.write(self.path('stack/logs/c-vol.log'), 'x')
        self.screen = self.process('SCREEN', '-d', '-m', '-S', 'stack',
                                   comm='screen')

    def program_of(self, name):
        return self.host().programs[name]

    def test_a_program_in_its_window(self):
        program = self.program_of('c-vol')
        self.assertEqual([self.pid], program.pids)
        self.assertEqual(self.python, program.python)
        self.assertEqual([self.conf], program.files())
        self.assertEqual(self.path('stack/logs/c-vol.log'), program.log)
        self.assertRegex(
            self.host().restart([program]),
            r'^run "sudo -u \w+ screen -x stack -p c-vol", end it with '
            'Ctrl-C, and start the last command again$')
        self.assertIn('local.conf', self.host().password_place())

    def test_a_program_in_the_background(self):
        os.rename(self.path('proc', str(self.screen)), self.path('ended'))
        patient = self.host()
        self.assertEqual('restart c-vol as it was started', patient.restart(
            [patient.programs['c-vol']]))
        self.assertIn('local.conf', patient.password_place())

    def test_a_program_that_has_ended(self):
        for name in 'n-sch', 'etcd':
            files.write(self.path('stack/status/stack/%s.pid' % name), '1')
        wrong, = self.wrong(processes.services).values()
        self.assertEqual('service nova: not running: n-sch', str(wrong))
        self.assertIn('screen -x stack -p n-sch', wrong.hint)

    def test_a_program_that_writes_a_file(self):
        log = self.program('log')
        self.process(self.python, '/usr/local/bin/nova-scheduler', links=[
            ('fd/2', log)])
        self.assertEqual(log, self.program_of('nova-scheduler').log)
        self.assertIn('restart nova-scheduler as it was started',
                      self.host().restart([self.program_of(
                          'nova-scheduler')]))

    def test_keystone_in_apache(self):
        manage = self.program('keystone/keystone-manage',
                              '#!%s -s\n' % self.python)
        self.process(title='(wsgi:keystone-pu -k start', variables=[
            ('PATH', os.path.dirname(manage))],
            unit='apache2.service', exe='/usr/sbin/apache2')
        self.process(title='(wsgi:keystone-ad -k start',
                     unit='apache2.service')
        self.process(title='(wsgi:placement-a -k start',
                     unit='apache2.service')
        program = self.program_of('keystone')
        self.assertEqual(self.python, program.python)
        self.assertEqual(2, len(program.pids))
        self.assertIn('"systemctl restart apache2.service"',
                      self.host().restart([
                          program, self.program_of('placement-api')]))


class AnsibleTestCase(hosts.HostTestCase):
    """OpenStack-Ansible: a virtualenv for each service"""

    def setUp(self):
        super().setUp()
        self.pythons = {}
        for name, *command in (('cinder', 'cinder-volume'),
                               ('nova', 'nova-compute', '--log-file',
                                self.path('nova.log'))):
            folder = 'openstack/venvs/%s-31.0.0/bin/' % name
            self.pythons[name] = self.program(folder + 'python3')
            script = self.program(folder + command[0],
                                  '#!%s\n' % self.pythons[name])
            unit = command[0] + '.service'
            self.unit(unit, script, *command[1:])
            self.process(self.pythons[name], script, *command[1:], unit=unit)
        self.write('etc/cinder/cinder.conf', DEFAULT={
            'enabled_backends': 'one', 'host': 'storage-1'})
        self.write('etc/nova/nova.conf', DEFAULT={})

    def test_programs(self):
        programs = self.host().programs
        self.assertEqual({'cinder-volume', 'nova-compute'}, set(programs))
        for name, service in (('cinder-volume', 'cinder'),
                              ('nova-compute', 'nova')):
            self.assertEqual(self.pythons[service], programs[name].python)
            self.assertEqual([self.path('etc', service, service + '.conf')],
                             programs[name].files())
            self.assertEqual('run "systemctl restart %s.service"' % name,
                             self.host().restart([programs[name]]))
        self.assertIn('user_secrets.yml', self.host().password_place())

    def test_the_log_that_is_configured(self):
        files.write(self.path('logs/cinder-volume.log'), '')
        self.write('etc/cinder/cinder.conf', DEFAULT={
            'log_dir': self.path('logs')})
        self.assertEqual(self.path('logs/cinder-volume.log'),
                         self.host().programs['cinder-volume'].log)

    def test_the_output_of_a_unit_is_in_the_journal(self):
        files.write(self.path('output'), '')
        self.unit('cinder-backup.service', '/x')
        self.process(self.pythons['cinder'], '/x/cinder-backup',
                     unit='cinder-backup.service',
                     links=[('fd/2', self.path('output'))])
        self.assertIn('journalctl',
                      self.host().programs['cinder-backup'].log)

    def test_files_of_options(self):
        for name in 'a', 'b':
            self.write('etc/cinder/cinder.conf.d/%s.conf' % name)
        usual = [self.path('etc/cinder', name) for name in (
            'cinder.conf', 'cinder.conf.d/a.conf', 'cinder.conf.d/b.conf')]
        self.assertEqual(usual, self.host().find('cinder-volume')[0].files())
        self.process('/usr/bin/python3', '/x/cinder-backup', '--config-dir',
                     self.path('etc/cinder/cinder.conf.d'))
        self.assertEqual(usual[1:],
                         self.host().programs['cinder-backup'].files())
        self.process('/usr/bin/python3', '/x/neutron-api', variables=[
            ('OS_NEUTRON_CONFIG_FILES', 'neutron.conf;/x/ml2.conf')])
        self.assertEqual([self.path('etc/neutron/neutron.conf'),
                          '/x/ml2.conf'],
                         self.host().programs['neutron-api'].files())

    def test_a_log_file_goes_before_the_journal(self):
        self.assertIn('journalctl', self.host().programs['nova-compute'].log)
        files.write(self.path('nova.log'), 'line 1\nline 2\n')
        program = self.host().programs['nova-compute']
        self.assertEqual(self.path('nova.log'), program.log)
        self.assertEqual(['line 1', 'line 2'],
                         self.host().log_lines(program))

    def test_a_unit_that_ended_has_its_python(self):
        self.unit('cinder-scheduler.service',
                  os.path.join(os.path.dirname(self.pythons['cinder']),
                               'cinder-volume'), state='failed')
        program = self.host().programs['cinder-scheduler']
        self.assertFalse(program.is_running)
        self.assertEqual(self.pythons['cinder'], program.python)

    def test_a_process_with_a_title(self):
        self.unit('neutron-server.service',
                  '/openstack/bin/neutron-server', '--config-file', '/a')
        self.process(title='neutron-server: api worker (/usr/bin/python3 x '
                     '--config-file /b)', unit='neutron-server.service')
        self.assertEqual(['/a'], self.host().programs[
            'neutron-server'].files())
        self.units = {}
        self.assertEqual(['/b'], self.host().programs[
            'neutron-server'].files())

    def test_an_api_whose_file_names_its_virtualenv(self):
        python = self.program('openstack/venvs/cinder-31.0.0/bin/python')
        ini = self.write('etc/uwsgi/cinder-api.ini', uwsgi={
            'virtualenv': self.path('openstack/venvs/cinder-31.0.0'),
            'wsgi-file': '/x/cinder-wsgi'})
        self.process('/openstack/venvs/uwsgi/bin/uwsgi', '--autoload',
                     '--ini', ini, unit='cinder-api.service')
        self.assertEqual(python, self.host().programs['cinder-api'].python)

    def test_this_host_has_other_names(self):
        patient = self.host()
        for name, is_here in (('storage-1@one', True), ('node', True),
                              ('node.example.org', True), ('other', False)):
            self.assertEqual(is_here, patient.is_here(name), name)

    def test_a_compute_host_alone(self):
        os.rename(self.path('proc/101'), self.path('proc/ended'))
        self.units = {}
        found = {found.what: found for found in areas.examine(self.host())}
        self.assertEqual('no cinder-volume here', found['vPools'].seen)
        self.assertEqual('none is configured', found['logins'].seen)
        self.assertNotIn('drivers in cinder', found)
        self.assertEqual(finding.GOOD, found['drivers in nova'].level)
        self.assertIn('no login', found['APIs'].seen)
        self.assertNotIn('qemu-img', found)
