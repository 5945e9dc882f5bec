# SPDX-License-Identifier: Apache-2.0

"""The areas on a host, which does not know the right addresses."""

import json
import os
import time

from ovs_doctor import cloud
from ovs_doctor import drivers
from ovs_doctor import finding
from ovs_doctor import hypervisor
from ovs_doctor import logins
from ovs_doctor import logs
from ovs_doctor import orphans
from ovs_doctor import probe
from ovs_doctor import rest
from ovs_doctor import space
from ovs_doctor import vpools
from ovs_doctor.tests import hosts

_ONE, _TWO = (digit * 8 + '-1111-4111-8111-' + digit * 12 for digit in '12')


class LoginsTestCase(hosts.DevStackTestCase):

    def test_the_other_end_that_does_not_answer(self):
        self.answers['messaging'] = lambda **_: probe.Answer('silent', 'x')
        wrong = self.wrong(logins.look)['message queue of cinder']
        self.assertEqual('10.0.0.1:5672 does not answer: x', wrong.seen)
        self.assertIn('look at the service at 10.0.0.1:5672; if its address '
                      'is another, set transport_url in [DEFAULT] of %s, then '
                      'run "systemctl restart devstack@c-' % self.conf,
                      wrong.hint)

    def test_a_password(self):
        self.answers['database'] = lambda **_: probe.Answer('denied', 'no')
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('database cinder of cinder: 127.0.0.1:3306 denies '
                         'it: no', str(wrong))
        self.assertIn('local.conf of DevStack has it', wrong.hint)

    def test_tls_of_the_queue(self):
        for url, options, wanted in (
                ('rabbit://a:b@c:5671//x?ssl=1', {}, {}),
                ('rabbit://a:b@c:5671/', {'ssl': 'True', 'ssl_ca_file': '/ca'},
                 {'ca_certs': '/ca'}),
                ('rabbit://a:b@c:5671/', {
                    'rabbit_use_ssl': 'true', 'kombu_ssl_certfile': '/c',
                    'kombu_ssl_keyfile': '/k'},
                 {'certfile': '/c', 'keyfile': '/k'}),
                ('rabbit://a:b@c:5671/', {'ssl_ca_file': '/ca'}, None)):
            self.asked.clear()
            self.write('etc/cinder/cinder.conf', DEFAULT={
                'transport_url': url}, oslo_messaging_rabbit=options)
            list(logins.look(self.host()))
            asked, = [arguments for name, arguments, _ in self.asked
                      if name == 'messaging']
            self.assertEqual({'url': url, 'tls': wanted}, asked)

    def test_what_keystone_is_trusted_by(self):
        self.write('etc/cinder/cinder.conf', keystone_authtoken=dict(
            hosts.KEYSTONE, cafile='/ca', insecure='False'))
        list(logins.look(self.host()))
        asked = [arguments['options'] for name, arguments, _ in self.asked
                 if name == 'identity']
        self.assertIn(('/ca', 'False'), [
            (options.get('cafile'), options.get('insecure'))
            for options in asked])

    def roles(self, **roles):
        """Let users have roles; return what is wrong."""
        self.answers['identity'] = lambda options: probe.Answer('', facts={
            'roles': roles.get(options['username'], ['admin', 'service']),
            'endpoints': {}})
        return self.wrong(logins.look)

    def test_who_sends_service_tokens_needs_the_role(self):
        wrong, = self.roles(nova=['admin']).values()
        self.assertEqual('roles of nova: admin; not service', str(wrong))
        self.assertEqual('run "openstack role add --user nova --project '
                         'service service"', wrong.hint)

    def test_others_need_one_of_both_roles(self):
        self.assertFalse(self.roles(cinder=['admin']))
        self.assertFalse(self.roles(cinder=['service']))
        wrong, = self.roles(cinder=['member']).values()
        self.assertEqual('roles of cinder: member; not service', str(wrong))

    def endpoints(self, said):
        """Let the catalog have addresses, and something answer there."""
        self.patch(rest, 'answers', said)
        self.answers['identity'] = lambda options: probe.Answer('', facts={
            'roles': ['admin', 'service'], 'endpoints': {
                'volumev3': [
                    {'id': 'one', 'interface': 'public', 'url': 'http://out'},
                    {'id': 'two', 'interface': 'internal',
                     'url': 'http://in'}],
                'compute': [{'id': 'three', 'interface': 'public',
                             'url': 'http://nova'}]}})
        return self.found(logins.look)

    def test_endpoints_answer(self):
        found = self.endpoints(lambda url, trust, seconds: None)
        self.assertEqual('http://in', found['endpoint of cinder'].seen)
        self.assertEqual('http://nova', found['endpoint of nova'].seen)
        self.assertNotIn('endpoint of glance', found)

    def test_an_endpoint_that_does_not_answer(self):
        def answers(url, trust, seconds):
            if url == 'http://in':
                raise rest.Failed('refused')
        wrong = self.endpoints(answers)['endpoint of cinder']
        self.assertEqual((finding.ERROR, 'http://in: refused'),
                         (wrong.level, wrong.seen))
        self.assertIn('"openstack endpoint set --url URL two"', wrong.hint)


class DriversTestCase(hosts.DevStackTestCase):

    def test_one_python(self):
        self.answers['holds'] = lambda package, **_: package == 'os_brick' \
            and probe.Answer('missing', 'no word')
        wrong, = self.wrong(drivers.look).values()
        self.assertEqual('drivers in os_brick: no word', str(wrong))
        self.assertRegex(
            wrong.hint, '^run "env PYTHONPATH=.* -m '
            'ovs_drivers.installer.main install --python %s" and "systemctl '
            'restart devstack@c-vol.service devstack@n-cpu.service"$'
            % self.python)

    def test_only_those_of_the_python_are_restarted(self):
        other = self.program('nova/bin/python')
        self.start('n-cpu', other, '/x/nova-compute', '--config-file',
                   self.nova_conf)
        os.rename(self.path('proc/102'), self.path('proc/ended'))
        self.answers['holds'] = lambda package, **_: package == 'nova' \
            and probe.Answer('missing', 'no word')
        wrong, = self.wrong(drivers.look).values()
        self.assertIn('"systemctl restart devstack@n-cpu.service"',
                      wrong.hint)

    def test_a_python_for_each(self):
        other = self.program('nova/bin/python')
        self.stop('n-cpu')
        self.units = {}
        self.process(other, '/x/nova-compute')
        names = set(self.found(drivers.look))
        self.assertEqual({
            'drivers in %s of %s' % pair for pair in (
                ('ovs_drivers', 'c-vol'), ('ovs_drivers', 'nova-compute'),
                ('cinder', 'c-vol'), ('nova', 'nova-compute'),
                ('os_brick', 'c-vol'), ('os_brick', 'nova-compute'))}, names)
        pythons = {(arguments.get('package'), program.python)
                   for _, arguments, program in self.asked}
        self.assertNotIn(('nova', self.python), pythons)
        self.assertIn(('os_brick', other), pythons)


class VPoolsTestCase(hosts.DevStackTestCase):

    def answer(self, **answers):
        for name, answer in answers.items():
            self.answers[name] = lambda options, answer=answer: answer
        wrong, = self.wrong(vpools.look).values()
        self.assertEqual('vPool myvpool01', wrong.what)
        return wrong

    def edit(self, **options):
        self.write('etc/cinder/cinder.conf', DEFAULT={
            'enabled_backends': 'myvpool01'}, myvpool01=dict(
                hosts.VPOOL, **dict({'storage_ip': '127.0.0.1'}, **options)))

    def test_the_address_of_the_storagedriver_that_is_here(self):
        self.edit(edge_port='9')
        wrong = self.answer(edge=probe.Answer('refused', 'refused'))
        self.assertIn('correct the address: set edge_port in [myvpool01] of '
                      '%s to 26203, then' % self.conf, wrong.hint)
        self.edit(edge_port='26201', xml_rpc_port='26203')
        self.assertIn('are swapped', self.answer(
            edge=probe.Answer('refused', 'x')).seen)

    def test_a_storagedriver_that_is_here_and_down(self):
        wrong = self.answer(xml_rpc=probe.Answer('refused', 'refused'))
        self.assertEqual('look at service ovs-sd: "journalctl -eu '
                         'devstack@ovs-sd.service"', wrong.hint)

    def test_a_storagedriver_elsewhere(self):
        self.write('data/ovs-storagedriver.conf', other={})
        wrong = self.answer(xml_rpc=probe.Answer('silent', 'timed out'))
        self.assertIn('xml_rpc_port of 127.0.0.1 does not answer', wrong.seen)
        self.assertIn('look at the storagedriver there; if the address is '
                      'another, set storage_ip in', wrong.hint)

    def test_the_place_of_a_guid(self):
        answer = {'xml_rpc': probe.Answer('denied', 'fault')}
        self.assertIn('ovs_storagedriver status --config %s" shows it'
                      % self.sd_conf, self.answer(**answer).hint)
        self.stop('ovs-sd', 'inactive')
        self.units = {}
        self.assertIn('the page of the vPool, or "ovs vpool list", shows it',
                      self.answer(**answer).hint)

    def test_no_configuration(self):
        self.stop('c-vol')
        self.units = {}
        os.unlink(self.conf)
        self.process(self.python, '/x/cinder-volume')
        self.assertEqual('none', self.found(vpools.look)[
            'back ends of cinder-volume'].seen)

    def test_a_typo_in_enabled_backends(self):
        self.write('etc/cinder/cinder.conf', DEFAULT={
            'enabled_backends': 'mypool01, lvm'}, myvpool01=hosts.VPOOL,
            lvm={'volume_driver': 'x'})
        wrong, = self.wrong(vpools.look).values()
        self.assertEqual('back ends of cinder-volume: mypool01, lvm; no '
                         'section: mypool01', str(wrong))
        self.assertIn('the vPools are myvpool01; set', wrong.hint)


class HypervisorTestCase(hosts.DevStackTestCase):

    def write_uri(self, uri):
        self.write('etc/nova/nova-cpu.conf', libvirt={'connection_uri': uri}
                   if uri else {})

    def test_the_libvirt_of_the_distribution_beside_ours(self):
        for uri, seen in (('qemu:///system', 'qemu:///system'),
                          ('', 'no connection_uri')):
            self.write_uri(uri)
            wrong, = self.wrong(hypervisor.look).values()
            self.assertEqual('libvirt of Nova: ' + seen, str(wrong))
            self.assertIn('to qemu+unix:///system?socket=%s/var/run'
                          % self.path('prefix'), wrong.hint)

    def test_the_libvirt_of_the_distribution_alone(self):
        self.stop('ovs-libvirtd', 'inactive')
        self.units = {}
        os.unlink(self.path('prefix/bin/virsh'))
        self.write_uri('')
        found = self.found(hypervisor.look)
        self.assertEqual('qemu:///system', found['libvirt of Nova'].seen)
        self.assertEqual('is not asked: there is no virsh here',
                         found['libvirtd'].seen)
        virsh = self.program('venv/bin/virsh')
        self.assertFalse(self.wrong(hypervisor.look))
        self.assertEqual([virsh, '-c', 'qemu:///system', 'version'],
                         self.commands[-1])

    def test_ours_in_another_folder(self):
        self.stop('ovs-libvirtd')
        self.process('/srv/libvirt/sbin/libvirtd')
        self.assertIn('socket=/srv/libvirt/var/run', self.wrong(
            hypervisor.look)['libvirt of Nova'].hint)

    def test_a_libvirtd_that_does_not_answer(self):
        self.said['virsh'] = ''
        wrong, = self.wrong(hypervisor.look).values()
        self.assertEqual('libvirtd', wrong.what)
        self.assertIn('"systemctl restart devstack@ovs-libvirtd.service"',
                      wrong.hint)

    def test_a_qemu_img_of_the_distribution(self):
        self.said['qemu-img'] = 'protocols: nbd'
        wrong, = self.wrong(hypervisor.look).values()
        self.assertEqual('qemu-img: %s: does not know openvstorage'
                         % self.path('venv/bin/qemu-img'), str(wrong))
        self.assertIn('that of %s/bin' % self.path('prefix'), wrong.hint)


class SpaceTestCase(hosts.DevStackTestCase):

    def test_the_folder_of_servers(self):
        os.makedirs(self.path('nova/instances'))
        found = self.found(space.look)
        self.assertTrue([what for what in found if 'servers' in what])


class CloudTestCase(hosts.DevStackTestCase):

    def setUp(self):
        super().setUp()
        services = self.api.answers['block-storage']['/os-services']
        self.service, = services['services']
        self.service['host'] = 'node@myvpool01'

    def test_a_service_of_this_host(self):
        self.service['state'] = 'down'
        wrong, = self.wrong(cloud.look).values()
        self.assertEqual((finding.ERROR,
                          'cinder-volume at node@myvpool01: down'),
                         (wrong.level, str(wrong)))
        self.assertIn('"journalctl -eu devstack@c-vol.service"; then run '
                      '"systemctl restart devstack@c-vol.service"',
                      wrong.hint)

    def test_a_service_of_another_host(self):
        self.service.update(state='down', host='other@one')
        wrong, = self.wrong(cloud.look).values()
        self.assertEqual((finding.WARNING, 'run the doctor on other'),
                         (wrong.level, wrong.hint))

    def test_no_login(self):
        os.unlink(self.path('etc/clouds.yaml'))
        for path in self.conf, self.nova_conf, self.path('etc/nova/nova.conf'):
            os.unlink(path)
        self.assertEqual(['APIs'], list(self.found(cloud.look)))
        self.assertFalse(self.found(orphans.look))

    def test_one_who_is_no_administrator(self):
        self.api.is_admin = False
        found = self.found(cloud.look)
        self.assertEqual({'are not asked: admin is no administrator'},
                         {entry.seen for entry in found.values()})


class OrphansTestCase(hosts.DevStackTestCase):

    def test_one_who_sees_not_all_volumes_cannot_tell(self):
        self.assertTrue(self.found(orphans.look))
        self.api.is_admin = False
        self.assertFalse(self.found(orphans.look))

    def test_volumes_of_other_back_ends(self):
        self.answers['xml_rpc'] = lambda options: probe.Answer('', facts={
            'names': ['volume-' + _TWO]})
        self.api.answers['block-storage']['/volumes/detail']['volumes'] = [
            {'id': identifier, 'status': 'available',
             'os-vol-host-attr:host': 'node@' + back_end} for
            identifier, back_end in ((_ONE, 'lvm#x'), (_TWO, 'myvpool01#y'))]
        self.assertFalse(self.wrong(orphans.look))
        self.api.answers['block-storage']['/volumes/detail']['volumes'][0][
            'os-vol-host-attr:host'] = 'node@myvpool01#x'
        self.assertEqual(['volume ' + _ONE],
                         list(self.wrong(orphans.look)))


class LogsTestCase(hosts.DevStackTestCase):

    def entry(self, message, seconds=5):
        return json.dumps({'MESSAGE': message, '_PID': '7',
                           '__REALTIME_TIMESTAMP': str(int(
                               (time.time() - seconds) * 1e6))})

    def test_the_journal(self):
        self.stop('n-cpu', 'inactive')
        error = 'ERROR cinder.volume.manager [None req-%s demo admin] lost'
        self.said['journalctl'] = '\n'.join([
            self.entry('\x1b[01;31m' + error % _ONE + '\x1b[00m'),
            self.entry(list((error % _TWO).encode())),
            self.entry(error % _ONE, 3600),
            self.entry('INFO cinder.volume.manager [-] fine'),
            self.entry(None)])
        wrong = self.wrong(logs.look, self.host(True))['log of c-vol']
        self.assertRegex(wrong.seen, r'^2 x, last at \S+: lost$')
        self.assertEqual('read "journalctl -eu devstack@c-vol.service"',
                         wrong.hint)

    def test_a_journal_that_cannot_be_read(self):
        self.assertFalse(self.found(logs.look, self.host(True)))
