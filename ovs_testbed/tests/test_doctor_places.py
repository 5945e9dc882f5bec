# SPDX-License-Identifier: Apache-2.0

"""Room, drivers and hypervisor."""

import os
from unittest import mock

from ovs_doctor import drivers
from ovs_doctor import finding
from ovs_doctor import hypervisor
from ovs_doctor import probe
from ovs_doctor import run
from ovs_doctor import space
from ovs_testbed import plugin
from ovs_testbed import plugin_path
from ovs_testbed.tests import patients

_VIRSH = 'Using API: QEMU 9.0.0\nRunning hypervisor: QEMU 7.2.22\n'


class SpaceTestCase(patients.PatientTestCase):

    def look(self, free, names=1000):
        self.patch(os, 'statvfs', lambda path: mock.Mock(
            f_bavail=free, f_frsize=1 << 20, f_files=1000, f_favail=names))
        for folder in 'images', 'database':
            self.testbed.data(folder)
        return self.found(space.look)

    def test_each_file_system_is_looked_at_once(self):
        found, = self.look(4096).values()
        self.assertEqual(finding.GOOD, found.level)
        for use in 'images', 'vPools', 'databases', 'logs':
            self.assertIn(use, found.what)

    def test_full(self):
        for free, level in ((1, finding.ERROR), (1000, finding.WARNING)):
            found, = self.look(free).values()
            self.assertEqual(level, found.level)
            self.assertIn('%d MiB free in %s' % (free, self.folder),
                          found.seen)
            self.assertIn('make 2048 MiB free', found.hint)

    def test_no_names_left(self):
        found, = self.look(4096, names=1).values()
        self.assertEqual(finding.ERROR, found.level)
        self.assertIn('no names for files', found.seen)

    def test_the_folder_of_the_servers_is_the_one_in_the_sandbox(self):
        self.patch(plugin, 'INSTANCES', self.path('instances'))
        os.mkdir(self.path('instances'))
        found, = self.look(4096).values()
        self.assertIn('servers', found.what)
        self.assertIn('in ' + self.path('instances'), found.seen)


class DriversTestCase(patients.PatientTestCase):

    def test_all_is_well(self):
        self.assertEqual({'drivers in ' + name for name in (
            'ovs_drivers', 'cinder', 'nova', 'os_brick')},
            set(self.found(drivers.look)))
        self.assertFalse(self.wrong(drivers.look))

    def test_a_registration_that_is_gone(self):
        self.answers['holds'] = lambda package, path, word: \
            package == 'nova' and probe.Answer('missing', 'no word')
        wrong, = self.wrong(drivers.look).values()
        self.assertEqual('drivers in nova: no word', str(wrong))
        self.assertIn('ovs_drivers.installer.main install', wrong.hint)
        self.assertIn('restart', wrong.hint)

    def test_a_package_that_is_gone(self):
        self.answers['imports'] = lambda module: probe.Answer(
            'missing', 'no module')
        self.assertEqual(['drivers in ovs_drivers'],
                         list(self.wrong(drivers.look)))

    def test_thoroughly_all_is_imported(self):
        self.patient.thorough = True
        self.answers['imports'] = lambda module: \
            module.startswith('cinder.') and probe.Answer('missing', 'oslo')
        wrong, = self.wrong(drivers.look).values()
        self.assertEqual('drivers in cinder: oslo', str(wrong))


class HypervisorTestCase(patients.PatientTestCase):

    def setUp(self):
        super().setUp()
        self.said = {'qemu-img': 'protocols: openvstorage', 'virsh': _VIRSH}
        folder = self.path('bin')
        os.mkdir(folder)
        with open(os.path.join(folder, 'qemu-img'), 'w'):
            self.patch(plugin_path, 'read', lambda testbed: folder)
        self.patient.sandbox.inside = lambda command, folder: command
        self.patch(run, 'run', self._run)

    def _run(self, command, **_options):
        said = self.said[os.path.basename(command[0])]
        if not said:
            raise run.Failed('it failed')
        return said

    def first(self):
        wrong, = self.wrong(hypervisor.look).values()
        return wrong

    def test_all_is_well(self):
        found = self.found(hypervisor.look)
        self.assertFalse(self.wrong(hypervisor.look))
        self.assertEqual('QEMU 7.2.22', found['libvirtd'].seen)

    def test_a_qemu_img_of_the_distribution(self):
        self.said['qemu-img'] = 'protocols: nbd'
        wrong = self.first()
        self.assertEqual('qemu-img', wrong.what)
        self.assertIn('does not know openvstorage', wrong.seen)

    def test_no_qemu_img(self):
        os.unlink(self.path('bin', 'qemu-img'))
        self.assertIn('not on the PATH', self.first().seen)

    def test_a_libvirtd_that_does_not_answer(self):
        self.said['virsh'] = ''
        wrong = self.first()
        self.assertEqual('libvirtd', wrong.what)
        self.assertIn(self.testbed.log('ovs-libvirtd'), wrong.hint)

    def test_the_libvirtd_of_the_distribution(self):
        for before, after in ((plugin.PREFIX, ''), ('connection_uri', 'x')):
            self.edit(('nova', 'nova.conf'), before, after)
            wrong = self.first()
            self.assertEqual('libvirt of Nova', wrong.what)
            self.assertIn('set connection_uri in [libvirt] of %s to qemu+unix'
                          % self.testbed.etc('nova', 'nova.conf'), wrong.hint)
        self.assertEqual('no connection_uri', wrong.seen)
