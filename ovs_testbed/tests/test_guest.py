# SPDX-License-Identifier: Apache-2.0

import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from harness import files
from harness import run
from harness.guest import debian
from harness.tests import support
from ovs_testbed.guest import image
from ovs_testbed.guest import rootfs
from ovs_testbed.tests import guest_cloud


class DiskTestCase(unittest.TestCase):

    def test_partitions(self):
        with tempfile.TemporaryDirectory() as folder:
            names = {}
            for name, size in (('boot', 3 << 20), ('root', 2 << 20)):
                names[name] = os.path.join(folder, name)
                with open(names[name], 'wb') as stream:
                    stream.write(name.encode().ljust(size, b'.'))
            code = os.path.join(folder, 'mbr')
            with open(code, 'wb') as stream:
                stream.write(b'code')
            disk = os.path.join(folder, 'disk')
            with mock.patch.object(image, '_MBR', code):
                image._join(disk, names['boot'], names['root'])
            with open(disk, 'rb') as stream:
                data = stream.read()
        self.assertEqual(b'code', data[:4])
        self.assertEqual(b'\x55\xaa', data[510:512])
        first, second = (struct.unpack('<B3xB3xII', data[at:at + 16])
                         for at in (446, 462))
        self.assertEqual((0x80, 0x0e, 2048, 6144), first)
        self.assertEqual((0, 0x83, 8192, 4096), second)
        self.assertEqual(b'boot', data[2048 * 512:][:4])
        self.assertEqual(b'root', data[8192 * 512:][:4])
        self.assertEqual(6 << 20, len(data))

    def test_key_changes_with_every_file(self):
        before = image._key()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'x')
            keys = []
            with mock.patch.object(image, '_HERE', folder):
                for text in 'a', 'b':
                    with open(path, 'w') as stream:
                        stream.write(text)
                    keys.append(image._key())
        self.assertEqual(2, len(set(keys)))
        self.assertEqual(before, image._key())


class TreeTestCase(support.FolderTestCase):
    """The root file system, of packages that have next to nothing"""

    def setUp(self):
        super().setUp()
        self.parts = debian.Parts(self.path('packages'))
        self.put('bin/busybox', '#!/bin/sh\necho init\necho ls\necho lsblk\n')
        for library in 'libnss_files.so.2', 'libnss_dns.so.2':
            self.put('lib/x86_64-linux-gnu/' + library, library)
        for name in 'modules.order', 'modules.builtin':
            self.put('lib/modules/6.1/' + name, '')
        self.put('lib/modules/6.1/kernel/a.ko', 'module')
        self.commands = []
        for owner, name, value in (
                (rootfs, '_MODULES', ('a',)),
                (debian.Parts, 'program', self.program),
                (run, 'run', lambda words, log: self.commands.append(words)),
                (run, 'output', lambda words: subprocess.check_output(
                    words, text=True))):
            patched = mock.patch.object(owner, name, value)
            patched.start()
            self.addCleanup(patched.stop)
        self.tree = self.path('tree')
        rootfs.make_tree(self.tree, self.parts, 'log')

    def put(self, name, text):
        path = os.path.join(self.path('packages'), name)
        files.write(path, text, 0o755)
        return path

    def program(self, name):
        return {name: self.put('program', name),
                'lib/libc.so.6': self.put('libc', 'libc')}

    def read(self, name):
        with open(os.path.join(self.tree, name)) as stream:
            return stream.read()

    def test_programs_with_their_libraries(self):
        self.assertEqual('usr/sbin/dropbear', self.read('usr/sbin/dropbear'))
        self.assertEqual('libc', self.read('lib/libc.so.6'))
        self.assertEqual('libnss_dns.so.2', self.read('lib/libnss_dns.so.2'))

    def test_busybox_does_what_no_program_does(self):
        for name in 'bin/ls', 'sbin/init':
            self.assertEqual('/bin/busybox', os.readlink(
                os.path.join(self.tree, name)))
        self.assertEqual('bin/lsblk', self.read('bin/lsblk'))

    def test_modules_can_be_found_by_modprobe(self):
        self.assertEqual('module', self.read('lib/modules/6.1/kernel/a.ko'))
        self.assertEqual([['depmod', '--basedir', self.tree, '6.1']],
                         self.commands)

    def test_passwords_are_roots(self):
        shadow = os.stat(os.path.join(self.tree, 'etc', 'shadow'))
        self.assertEqual(0o600, stat.S_IMODE(shadow.st_mode))


class MetadataTestCase(support.FolderTestCase):
    """The guest's own programs, with busybox, in name spaces of their own"""

    KEY = 'ssh-rsa AAAAB3 Generated-by-Nova'
    METADATA = {'hostname': 'blue.novalocal', 'name': 'blue',
                'public_keys': {'mine': KEY + '\n'},
                'keys': [{'name': 'mine', 'type': 'ssh', 'data': KEY}]}
    SERVED = 'openstack/latest/'

    def setUp(self):
        super().setUp()
        self.guest = self.path('guest')
        shutil.copytree(os.path.join(image._HERE, 'root'), self.guest)
        for name in 'bin', 'dev', 'lib', 'lib64', 'root', 'run', 'usr/sbin':
            os.makedirs(os.path.join(self.guest, name), exist_ok=True)
        program = debian.Parts('/').program('bin/busybox')
        for target, source in program.items():
            shutil.copy(source, os.path.join(self.guest, target))
        for name in run.output([program['bin/busybox'], '--list']).split():
            target = os.path.join(self.guest, 'bin', name)
            if not os.path.exists(target):
                os.symlink('/bin/busybox', target)
        # a drive is found only if a test has one
        self.put_program('blkid', 'exit 2')
        for name in 'mount', 'umount':
            self.put_program(name, '')

    def put_program(self, name, script):
        """Put a program into the guest, before that of busybox."""
        files.write(os.path.join(self.guest, 'usr', 'sbin', name),
                    '#!/bin/sh\n%s\n' % script, 0o755)

    def put_metadata(self, folder, user_data=None):
        """Write what a cloud tells a server; return the folder."""
        for name, text in (('meta_data.json', json.dumps(self.METADATA)),
                           ('user_data', user_data)):
            if text is not None:
                files.write(os.path.join(folder, self.SERVED, name), text)
        return folder

    def read(self, name):
        with open(os.path.join(self.guest, name)) as stream:
            return stream.read()

    def run_apart(self, *command, **more):
        """Run a command that sees another network and another host name."""
        user = [] if os.geteuid() == 0 else ['--map-root-user']
        return subprocess.run(
            ['unshare', *user, '--net', '--uts', *command],
            stdout=subprocess.PIPE, text=True, timeout=60, **more)

    def learn(self, metadata='', seconds=30):
        """Run it with a service that has such a folder; return its exit
        code and the host's name after it."""
        done = self.run_apart(
            sys.executable, guest_cloud.__file__, self.guest, metadata,
            'learn-metadata', '%d' % seconds)
        return done.returncode, done.stdout.strip()

    def assert_learned(self):
        self.assertEqual(self.KEY + '\n',
                         self.read('root/.ssh/authorized_keys'))
        self.assertEqual('blue\n', self.read('etc/hostname'))
        folder = os.stat(os.path.join(self.guest, 'root', '.ssh'))
        self.assertEqual(0o700, stat.S_IMODE(folder.st_mode))

    def test_from_a_config_drive(self):
        self.put_program('blkid', 'echo /dev/sr0')
        self.put_metadata(os.path.join(self.guest, 'run', 'config-drive'),
                          '#!/bin/sh\necho hello\n')
        self.assertEqual((0, 'blue'), self.learn())
        self.assert_learned()
        self.assertEqual('#!/bin/sh\necho hello\n',
                         self.read('run/user-data'))
        self.assertEqual('guest: metadata from the config drive\n',
                         self.read('dev/ttyS0'))

    def test_from_the_metadata_service(self):
        served = self.put_metadata(self.path('served'), '#!/bin/sh\n')
        self.assertEqual((0, 'blue'), self.learn(served))
        self.assert_learned()
        self.assertEqual('#!/bin/sh\n', self.read('run/user-data'))
        self.assertEqual('guest: metadata from http://169.254.169.254\n',
                         self.read('dev/ttyS0'))

    def test_a_server_without_user_data(self):
        served = self.put_metadata(self.path('served'))
        self.assertEqual((0, 'blue'), self.learn(served))
        self.assert_learned()
        self.assertFalse(os.path.exists(
            os.path.join(self.guest, 'run', 'user-data')))

    def test_user_data_that_is_no_script(self):
        served = self.put_metadata(self.path('served'), '#cloud-config\n')
        self.assertEqual(0, self.learn(served)[0])
        self.assertFalse(os.path.exists(
            os.path.join(self.guest, 'run', 'user-data')))

    def test_a_cloud_that_says_nothing(self):
        self.assertEqual(1, self.learn(seconds=1)[0])
        self.assertIn('no answer of http://169.254.169.254 within 1 s',
                      self.read('dev/ttyS0'))

    def test_routes_of_dhcp(self):
        """The metadata service of OVN has a router of its own."""
        self.put_program('ip', 'echo "$@" >>/run/ip')
        self.run_apart(
            '/usr/sbin/chroot', self.guest, '/sbin/dhcp-event', 'bound',
            check=True,
            env={'interface': 'eth0', 'ip': '10.0.0.9', 'mask': '26',
                 'router': '10.0.0.1', 'dns': '8.8.8.8',
                 'staticroutes': '169.254.169.254/32 10.0.0.2 '
                                 '10.9.0.0/24 0.0.0.0',
                 'PATH': os.environ['PATH']})
        self.assertEqual([
            'address replace 10.0.0.9/26 dev eth0',
            'route replace default via 10.0.0.1 dev eth0',
            'route replace 169.254.169.254/32 via 10.0.0.2 dev eth0',
            'route replace 10.9.0.0/24 dev eth0'],
            self.read('run/ip').splitlines())
