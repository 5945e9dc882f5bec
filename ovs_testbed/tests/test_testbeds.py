# SPDX-License-Identifier: Apache-2.0

import os
import stat
import subprocess
import sys
import tarfile
import tempfile
import unittest
from unittest import mock

from harness import cache as caches
from harness import errors
from ovs_testbed import bundle
from ovs_testbed import cache
from ovs_testbed import checkouts
from ovs_testbed import environment
from ovs_testbed import plugin
from ovs_testbed import ports
from ovs_testbed import release
from ovs_testbed import testbeds
from ovs_testbed.tests import support


class TestbedTestCase(support.TestbedTestCase):

    def test_passwords_are_kept_and_secret(self):
        passwords = self.testbed.passwords
        path = self.testbed.path('passwords.json')
        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
        again = testbeds.Testbed('unit', self.testbed.folder, {
            'release': release.DEFAULT, 'base_port': 25000})
        self.assertEqual(passwords, again.passwords)
        self.assertEqual(len(passwords), len(set(passwords.values())))

    def make(self, tls=None, **options):
        """A testbed without a network namespace on this machine."""
        with mock.patch.object(ports, 'claim', return_value=25100):
            return testbeds.make('secured', folder=self.folder, tls=tls,
                                 **options)

    def test_tls_is_chosen_once(self):
        self.assertEqual('off', self.testbed.tls)
        self.assertEqual('psk', self.make('psk').tls)
        for again in (None, 'psk'):
            self.assertEqual('psk', self.make(again).tls)
        with self.assertRaisesRegex(errors.Error, 'TLS psk, not x509'):
            self.make('x509')

    def test_threads_are_chosen_once(self):
        self.assertFalse(self.make().threads)
        with self.assertRaisesRegex(errors.Error,
                                    'native threads False, not True'):
            self.make(threads=True)

    def test_threads_of_a_release_without_any(self):
        with self.assertRaises(errors.Error) as caught:
            self.make(release_name='2026.1', threads=True)
        self.assertIn('--release 2026.2', caught.exception.hint)
        self.assertIsNone(testbeds.load('secured', self.folder))

    def test_services_that_a_release_has_not(self):
        with self.assertRaisesRegex(
                errors.Error, 'pike comes without barbican') as caught:
            self.make(release_name='pike', extras=['barbican', 'backup'])
        self.assertIn('--with takes backup', caught.exception.hint)
        self.assertIsNone(testbeds.load('secured', self.folder))

    def test_source_that_a_release_does_not_take(self):
        with self.assertRaisesRegex(errors.Error,
                                    '2026.2 is on PyPI') as caught:
            self.make(source=self.folder)
        self.assertIn('leave --source out', caught.exception.hint)
        self.assertIsNone(testbeds.load('secured', self.folder))

    def test_source_that_a_release_needs(self):
        with self.assertRaisesRegex(errors.Error,
                                    'keystone, glance, nova, cinder'
                                    '.* newton-eol') as caught:
            self.make(release_name='newton')
        for name in 'keystone', 'glance', 'nova', 'cinder':
            self.assertRegex(caught.exception.hint,
                             'git clone --branch newton-eol '
                             r'https://\S+/openstack/%s DIR/%s'
                             % (name, name))
        self.assertIsNone(testbeds.load('secured', self.folder))

    def test_source_is_kept(self):
        with mock.patch.object(checkouts, 'check') as check:
            made = self.make(release_name='newton', source=self.folder)
            check.assert_called_once_with(mock.ANY, self.folder)
            self.assertEqual(self.folder, made.source)
            self.assertEqual(self.folder, self.make().source)
            self.assertEqual('/elsewhere',
                             self.make(source='/elsewhere').source)
        with self.assertRaisesRegex(errors.Error, 'nova is not there'):
            self.make()

    def test_source_is_not_needed_for_an_environment_that_is_there(self):
        with mock.patch.object(environment, 'is_made', return_value=True):
            made = self.make(release_name='newton')
            self.assertIsNone(made.source)
            self.make()
        with self.assertRaisesRegex(errors.Error, 'needs --source'):
            self.make()

    def test_keys_are_the_testbed_s_own(self):
        made = self.make('x509')
        self.assertEqual(
            made.path('openvstorage', 'tls', 'ca-cert.pem'),
            plugin.outside(made, '/etc/openvstorage/tls/ca-cert.pem'))
        self.assertEqual('127.0.0.1', plugin.outside(made, '127.0.0.1'))

    def test_kvm_of_root_alone_is_for_guests_of_root(self):
        """libvirtd would otherwise never keep QEMU's capabilities"""
        device = os.path.join(self.folder, 'kvm')
        with mock.patch.object(plugin, '_KVM', device):
            self.assertEqual('', plugin.qemu_user())
            for mode, user in ((0o600, 'root'), (0o660, 'root'), (0o666, '')):
                with open(device, 'w'):
                    os.chmod(device, mode)
                self.assertEqual(user, plugin.qemu_user())

    def test_bad_names(self):
        for name in '', '../x', 'A', 'a/b', 'x' * 40:
            with self.assertRaises(errors.Error):
                testbeds.folder_of(name, self.folder)

    def test_folder_of_somebody_else_is_not_taken(self):
        """The command "down" would remove the folder"""
        path = os.path.join(self.folder, 'mine')
        os.mkdir(path)
        with open(os.path.join(path, 'letter'), 'w'):
            pass
        with self.assertRaisesRegex(errors.Error, 'no testbed'):
            testbeds.make('mine', folder=self.folder)
        self.assertEqual(['letter'], os.listdir(path))

    @unittest.skipUnless(os.geteuid() == 0, 'only root may mount')
    def test_what_is_mounted_in_it_stays(self):
        with tempfile.TemporaryDirectory() as theirs:
            with open(os.path.join(theirs, 'letter'), 'w'):
                pass
            place = self.testbed.path('data', 'a place')
            os.makedirs(place)
            result = subprocess.run(
                ['unshare', '--mount', 'sh', '-c',
                 'mount --bind "$1" "$2" && shift 2 && "$@"', 'sh', theirs,
                 place, sys.executable, '-c',
                 'import sys; from harness import files; '
                 'files.remove_tree(sys.argv[1])', self.testbed.folder],
                capture_output=True, text=True,
                env=dict(os.environ, PYTHONPATH=testbeds.CHECKOUT))
            self.assertIn('a place is mounted there', result.stderr)
            self.assertEqual(['letter'], os.listdir(theirs))
        self.assertTrue(os.path.isdir(place))

    def test_unknown_testbed(self):
        self.assertIsNone(testbeds.load('other', self.folder))
        self.assertEqual([], testbeds.names(self.folder))

    def test_socket_names_are_short_enough(self):
        fresh = testbeds.Testbed('x' * 31, '/' + 'y' * 200, {
            'release': release.DEFAULT, 'base_port': 31900})
        self.assertLess(len(fresh.socket('supervisor.sock')), 100)


class BundleTestCase(support.TestbedTestCase):

    def test_has_logs_but_no_secrets(self):
        secret = self.testbed.passwords['admin']
        for name, text in (('log/x.log', 'login %s failed' % secret),
                           ('etc/keystone/fernet-keys/0', 'key'),
                           ('etc/nova/nova.conf', 'password=' + secret),
                           ('etc/cinder/cinder.conf',
                            '[myvpool01]\nvpool_guid = 7968a798\n')):
            path = self.testbed.path(name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w') as stream:
                stream.write(text)
        path = bundle.make(self.testbed)
        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
        with tarfile.open(path) as archive:
            contents = {name: archive.extractfile(name).read()
                        for name in archive.getnames()}
        self.assertEqual(b'login *** failed', contents['unit/log/x.log'])
        self.assertEqual(b'password=***',
                         contents['unit/etc/nova/nova.conf'])
        self.assertEqual(b'[myvpool01]\nvpool_guid = ***\n',
                         contents['unit/etc/cinder/cinder.conf'])
        self.assertNotIn('unit/passwords.json', contents)
        self.assertFalse([name for name in contents if 'fernet' in name])
        self.assertIn('unit/now/processes', contents)
        self.assertEqual(path, bundle.newest('unit', self.folder))

    def test_is_private_from_the_first_byte(self):
        """Also while it is written, and in place of one that was not"""
        target = os.path.join(self.folder, 'public', 'bundle.tar.gz')
        os.mkdir(os.path.dirname(target))
        with open(target, 'w'):
            os.chmod(target, 0o644)
        modes = []

        def probe(*_arguments):
            with os.scandir(os.path.dirname(target)) as entries:
                modes.extend(stat.S_IMODE(entry.stat().st_mode)
                             for entry in entries if entry.path != target)
            return b''

        with mock.patch.object(bundle, '_output_of', probe):
            bundle.make(self.testbed, target)
        self.assertEqual({0o600}, set(modes))
        self.assertEqual(0o600, stat.S_IMODE(os.stat(target).st_mode))
        self.assertEqual(['bundle.tar.gz'],
                         os.listdir(os.path.dirname(target)))

    def test_only_bundles_are_removed(self):
        path = bundle.make(self.testbed)
        mine = os.path.join(os.path.dirname(path), 'mine.log')
        with open(mine, 'w'):
            pass
        bundle.remove_all(self.folder)
        self.assertEqual(['mine.log'], os.listdir(os.path.dirname(path)))
        os.unlink(mine)
        bundle.remove_all(self.folder)
        self.assertFalse(os.path.exists(os.path.dirname(path)))

    def test_only_our_parts_of_a_cache_are_removed(self):
        ours = caches.folder('testbed', 'tools')
        theirs = caches.folder('hypervisor')
        for path in ours, theirs:
            os.makedirs(path)
        with open(os.path.join(ours, 'made-from'), 'w'):
            pass
        cache.remove_all()
        self.assertEqual(['hypervisor'], os.listdir(caches.folder()))

    def test_has_no_arguments_of_others(self):
        other = subprocess.Popen(['sh', '-c', 'read line', 'their-password'],
                                 stdin=subprocess.PIPE)
        self.addCleanup(other.wait)
        self.addCleanup(other.stdin.close)
        with tarfile.open(bundle.make(self.testbed)) as archive:
            for name in archive.getnames():
                self.assertNotIn(b'their-password',
                                 archive.extractfile(name).read())
