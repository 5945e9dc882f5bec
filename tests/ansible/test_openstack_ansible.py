# SPDX-License-Identifier: Apache-2.0

"""The OpenStack-Ansible playbook on hosts of a cloud.

Cinder and Nova are those of PyPI, in ``/openstack/venvs``. Cinder runs, and
its vPools are served by the embedded storagedriver.
"""

import json
import os
import shutil
import tempfile
import unittest

from ovs_storagedriver import key_material
from tests.ansible import cloud
from tests.ansible import hosts
from tests.ansible import repository

PLAYBOOK = 'openstack-ansible/openvstorage.yaml'
VPOOLS = {'myvpool01': (26203, 26201), 'myvpool02': (26213, 26211)}


def setUpModule():
    reason = hosts.why_not()
    if not reason and not cloud.CACHE:
        reason = 'OVS_TEST_CACHE names no cache folder; run bin/test ansible'
    if reason:
        raise unittest.SkipTest(reason)


class _Case(unittest.TestCase):

    maxDiff = None

    def play(self, *arguments, **overrides):
        """Run the playbook, which has to succeed."""
        run = self.cloud.play(PLAYBOOK, *arguments, **overrides)
        self.assertTrue(run.ok, run.output)
        return run

    def assert_changed(self, run, hosts_changed):
        """Expect changes on exactly these hosts."""
        self.assertEqual(
            sorted(hosts_changed),
            sorted(name for name, count in run.recap().items() if count),
            '\n'.join(run.changed_tasks()))

    def assert_same(self, before):
        """Expect every file of every host as it was."""
        for name, found in self.cloud.changes().items():
            self.assertEqual(before[name], found, name)


class TodayTest(_Case):
    """2026.2 on Python 3, with today's Ansible."""

    restart_command = [cloud.RESTART,
                       '/openstack/venvs/cinder-34.0.0/bin/python']

    @classmethod
    def setUpClass(cls):
        cls.cloud = cloud.Cloud(cls)
        cls.cinder = cls.cloud.add_host('cinder1',
                                        ['cinder_volume', 'utility_all'])
        cls.compute = cls.cloud.add_host('compute1', ['nova_compute'])
        cloud.add_service(cls.cinder, 'cinder-volume', 'cinder',
                          '/openstack/venvs/cinder-34.0.0', cloud.PY3, 'nova')
        cloud.add_service(cls.compute, 'nova-compute', 'nova',
                          '/openstack/venvs/nova-34.0.0', cloud.PY3, 'cinder')
        cloud.add_client(cls.cinder)
        guids = dict(
            (name, cloud.add_vpool(cls, cls.cinder, name, *ports))
            for name, ports in VPOOLS.items())
        folder = tempfile.mkdtemp(prefix='ovs-apt-')
        cls.addClassCleanup(shutil.rmtree, folder)
        key = repository.make(folder, os.path.join(
            cloud.TOP, 'build/edge-plain/client/libovsvolumedriver.so.1'))
        for host in cls.cloud.hosts.values():
            shutil.copytree(folder, host.path('/run/apt'))
        for host in cls.cloud.hosts.values():
            cls.set_doctor(host, None)
        cls.cinder.run(*cls.restart_command, 'cinder-volume')
        cls.cinder.write('/var/log/restarts', '')
        cls.cloud.write_variables(cls._variables(guids, key))

    @classmethod
    def _variables(cls, guids, key):
        return {
            'cinder_backends': dict(cls._vpools(guids), other={
                'volume_driver':
                    'cinder.tests.fake_driver.FakeLoggingVolumeDriver',
                'volume_backend_name': 'other'}),
            'ovs_hypervisor_mode': 'repo',
            'ovs_hypervisor_apt_repo': 'file:/run/apt ./',
            'ovs_hypervisor_apt_key': key,
            'ovs_hypervisor_apt_key_fingerprint':
                repository.fingerprint(key),
            'ovs_hypervisor_manage_services': False,
            'ovs_drivers_build_args': ['--no-build-isolation'],
            'ovs_drivers_pip_environment': {'PIP_NO_INDEX': '1'},
            'ovs_drivers_restart_command': cls.restart_command,
            'ovs_vpools_log': ['cat', '/var/log/cinder/cinder-volume.log'],
            # not even Keystone runs here
            'ovs_doctor_command': ['/run/doctor'],
        }

    @staticmethod
    def set_doctor(host, cause):
        """Let the doctor of a host tell a cause, or that there is none."""
        host.write('/run/doctor', "#!/bin/sh\necho '%s'\nexit %d\n" % (
            json.dumps({'cause': cause}), bool(cause)), 0o755)

    @staticmethod
    def _vpools(guids):
        found = dict(
            (name, {'volume_driver': cloud.DRIVER,
                    'volume_backend_name': name,
                    'storage_ip': '127.0.0.1',
                    'edge_port': edge_port,
                    'xml_rpc_port': xml_rpc_port,
                    'vpool_guid': guids[name]})
            for name, (edge_port, xml_rpc_port) in VPOOLS.items())
        found['myvpool01']['extra_volume_types'] = ['fast']
        return found

    def test_install_verify_uninstall(self):
        before = self.cloud.changes()
        types_before = self.types()
        refused = self.cloud.play(
            PLAYBOOK, '-e', 'ovs_hypervisor_apt_key_fingerprint=' + 40 * '0')
        self.assertFalse(refused.ok)
        self.assertIn('has the fingerprint', refused.output)
        self.assert_same(before)
        self.assert_changed(self.play('--check'), ['cinder1', 'compute1'])
        self.assert_same(before)

        self.assert_changed(self.play(), ['cinder1', 'compute1'])
        self.check_hosts()
        self.assertEqual(
            types_before | {'myvpool01', 'myvpool02', 'fast'}, self.types())

        self.assert_changed(self.play('--skip-tags', 'verify'), [])
        self.assert_changed(self.play('--check'), [])
        self.assertEqual(['cinder-volume'], self.restarts(self.cinder))

        self.check_that_a_fault_fails_the_verification()
        self.check_that_volumes_keep_the_vpools()
        self.assert_changed(self.play('--tags', 'uninstall'),
                            ['cinder1', 'compute1'])
        self.assert_same(before)
        self.assertEqual(types_before, self.types())
        self.assert_changed(self.play('--tags', 'uninstall'), [])

    def check_hosts(self):
        """Look at what the playbook has put on the hosts."""
        conf = self.cinder.read('/etc/cinder/cinder.conf')
        self.assertIn('enabled_backends = other,myvpool01,myvpool02\n', conf)
        self.assertNotIn('extra_volume_types', conf)
        self.assertIn(
            'connection_uri = qemu+unix:///system?socket=/opt/openvstorage/',
            self.compute.read('/etc/nova/nova.conf'))
        for host, parts in ((self.cinder, ['edge', 'qemu']),
                            (self.compute, ['edge', 'libvirt', 'qemu'])):
            self.assertEqual(parts, self.packages(host))
        self.assertIn(' *** 1.0 1000\n', self.cinder.run(
            'apt-cache', 'policy', 'openvstorage-qemu'))
        self.assertEqual(['nova-compute'], self.restarts(self.compute))

    def check_that_a_fault_fails_the_verification(self):
        """The doctor's cause is told, and all that it says is kept."""
        cause = {'what': 'room for servers', 'seen': '0 MiB free',
                 'hint': 'make room'}
        self.set_doctor(self.compute, cause)
        run = self.cloud.play(PLAYBOOK, '--tags', 'verify')
        self.assertFalse(run.ok)
        self.assertIn('room for servers: 0 MiB free; hint: make room',
                      run.output)
        self.assertEqual({'cause': cause}, json.loads(self.compute.read(
            '/var/log/openvstorage-doctor.json')))
        self.set_doctor(self.compute, None)
        self.assertIn('usage: ovs-doctor', self.cinder.run(
            '/opt/openvstorage-drivers/venv/bin/ovs-doctor', '--help'))

    def check_that_volumes_keep_the_vpools(self):
        """A vPool whose type has a volume is not taken out."""
        volume = self.openstack('volume', 'create', '--size', '1', '--type',
                                'myvpool01', '-f', 'value', '-c', 'id',
                                'precious').strip()
        installed = self.cloud.changes()
        refused = self.cloud.play(PLAYBOOK, '--tags', 'uninstall')
        self.assertFalse(refused.ok)
        self.assertIn('there are volumes of the types to delete: ' + volume,
                      refused.output)
        self.assert_same(installed)
        self.openstack('volume', 'delete', volume)
        for _ in range(30):
            if volume not in self.openstack('volume', 'list', '-f', 'value'):
                return
        self.fail('volume %s is still there' % volume)

    def openstack(self, *arguments):
        return self.cinder.run('bash', '-c', '. "$0" && exec openstack "$@"',
                               '/root/openrc', *arguments)

    def types(self):
        return set(self.openstack('volume', 'type', 'list', '-f', 'value',
                                  '-c', 'Name').split())

    @staticmethod
    def packages(host):
        listed = host.run('dpkg-query', '-W', '-f', '${Package}\n')
        return sorted(name[len('openvstorage-'):] for name in listed.split()
                      if name.startswith('openvstorage-'))

    @staticmethod
    def restarts(host):
        """Return the services restarted since the last call."""
        found = host.read('/var/log/restarts').split()
        host.write('/var/log/restarts', '')
        return found

    def test_a_vpool_that_cannot_work_stops_before_anything_is_touched(self):
        before = self.cloud.changes()
        for option, value in (('storage_ip', ''), ('vpool_guid', 'none')):
            backends = {'myvpool01': {
                'volume_driver': cloud.DRIVER, 'storage_ip': '127.0.0.1',
                'volume_backend_name': 'myvpool01',
                'vpool_guid': '7968a798-a0ab-4f6a-8f3d-32f785215307',
                option: value}}
            run = self.cloud.play(PLAYBOOK, cinder_backends=backends)
            self.assertFalse(run.ok)
            self.assertIn('vPool myvpool01 in cinder_backends', run.output)
        run = self.cloud.play(PLAYBOOK, cinder_backends={})
        self.assertFalse(run.ok)
        self.assertIn('no vPool is named', run.output)
        self.assert_same(before)


class NewtonTest(_Case):
    """Ocata on a host whose only Python is 2.7, with the Ansible for it.

    OpenStack-Ansible of that time has put the package into the environments
    of the services (cinder_pip_packages, nova_pip_packages).
    """

    @classmethod
    def setUpClass(cls):
        cls.cloud = cloud.Cloud(cls, cloud.environment('ansible216') + '/bin')
        python = cloud.base_of('py27') + '/bin/python2.7'
        cls.host = cls.cloud.add_host(
            'aio1', ['cinder_volume', 'nova_compute'],
            ansible_python_interpreter=python)
        for service, package, other in (('cinder-volume', 'cinder', 'nova'),
                                        ('nova-compute', 'nova', 'cinder')):
            cloud.add_service(cls.host, service, package,
                              '/openstack/venvs/%s-15.1.0' % package, 'py27',
                              other)
        cls.wheel = cloud.build_wheel(cls.host, '/run/wheels')
        for package in ('cinder', 'nova'):
            cls.host.run('/openstack/venvs/%s-15.1.0/bin/python' % package,
                         '-W', 'ignore', '-m', 'pip', '-q', 'install',
                         '--no-index', '--no-deps', cls.wheel)
        cls.keys = tempfile.mkdtemp(prefix='ovs-keys-')
        cls.addClassCleanup(shutil.rmtree, cls.keys)
        with key_material.opened(cls.keys) as folder:
            folder.make_authority()
            folder.make_client()
        cls.cloud.write_variables({
            'ovs_tls_mode': 'x509',
            'ovs_tls_source': cls.keys,
            'ovs_tls_readers': ['nobody', 'no-such-user'],
            'cinder_backends': {'myvpool01': {
                'volume_driver': cloud.DRIVER,
                'volume_backend_name': 'myvpool01',
                'storage_ip': '10.100.199.191,10.100.199.192',
                'vpool_guid': '7968a798-a0ab-4f6a-8f3d-32f785215307'}},
            'ovs_client_hosts': 'none',
            'ovs_hypervisor_mode': 'none',
            'ovs_drivers_package': cls.wheel,
            'ovs_drivers_virtualenv_command': '%s -p %s' % (
                os.environ['OVS_TEST_VIRTUALENV'], python),
            'ovs_drivers_pip_environment': {'PIP_NO_INDEX': '1'},
            'ovs_drivers_restart_command': [cloud.RESTART, '']})

    def test_install_uninstall(self):
        before = self.cloud.changes()
        self.assert_changed(self.play('--check', '--skip-tags', 'verify'),
                            ['aio1'])
        self.assert_same(before)
        self.assert_changed(self.play('--skip-tags', 'verify'), ['aio1'])
        self.assertEqual(['cinder-volume', 'nova-compute'],
                         self.host.read('/var/log/restarts').split())
        self.check_drivers()
        self.check_tls()
        self.assert_changed(self.play('--skip-tags', 'verify'), [])
        self.assert_changed(self.play('--tags', 'uninstall'), ['aio1'])
        self.assert_same(before)

    def check_tls(self):
        """Look at the keys, and who is told of them."""
        found = self.host.run('sh', '-c', 'cd /etc/openvstorage/tls && stat '
                              '-c "%n %a %U" * && getfacl -cp client-key.pem')
        self.assertIn('ca-cert.pem 644 root\nclient-cert.pem 644 root\n'
                      'client-key.pem 640 root\n', found)
        self.assertIn('user:nobody:r--\n', found)
        self.assertIn('other::---\n', found)
        self.assertIn('tls = x509\n',
                      self.host.read('/etc/openvstorage/edge.conf'))
        conf = self.host.read('/etc/cinder/cinder.conf')
        self.assertIn('xml_rpc_tls = True\n', conf)
        self.assertIn('xml_rpc_key_file = '
                      '/etc/openvstorage/tls/client-key.pem\n', conf)

    def check_drivers(self):
        """Have the services' own Pythons find the drivers."""
        for package, module in (
                ('cinder', 'cinder.volume.drivers.openvstorage_edge'),
                ('nova', 'nova.virt.libvirt.volume.openvstorage_edge')):
            self.host.run('/openstack/venvs/%s-15.1.0/bin/python' % package,
                          '-W', 'ignore', '-c', 'import ' + module)
