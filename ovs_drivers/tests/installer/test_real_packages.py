# SPDX-License-Identifier: Apache-2.0

"""The installer on the real packages of several releases.

``OVS_TEST_PYTHONS`` names the environments: ``name=/path/to/python``
entries with ':' between them. They are copied, never changed.
"""

import json
import os

from ovs_drivers.tests.installer import fixtures

MAKE_CONNECTOR = '''
    from os_brick.initiator import connector
    made = connector.InitiatorConnector.factory('openvstorage_edge', 'sudo')
    assert isinstance(made, connector.OpenvStorageEdgeConnector)
    assert made.get_connector_properties('sudo') == {}
    for name in dir(connector):
        if name.startswith('_connector_mapping_linux'):
            assert 'OPENVSTORAGE_EDGE' in getattr(connector, name), name
    print(type(made).__module__)
'''

MAKE_NOVA_DRIVER = '''
    from nova.virt.libvirt import config
    from nova.virt.libvirt import driver
    libvirt = driver.LibvirtDriver.__new__(driver.LibvirtDriver)
    libvirt._host = None
    libvirt.volume_drivers = {}
    if hasattr(libvirt, '_get_volume_drivers'):  # up to Yoga
        libvirt.volume_drivers = libvirt._get_volume_drivers()
    made = libvirt._get_volume_driver(
        {'driver_volume_type': 'openvstorage_edge'})
    disk = config.LibvirtConfigOpenvStorageEdgeGuestDisk()
    assert isinstance(disk, config.LibvirtConfigGuestDisk)
    print(type(made).__module__)
'''

LOAD_CINDER_DRIVER = '''
    from cinder import objects
    objects.register_all()
    from cinder.volume import driver
    from oslo_utils import importutils
    for module in ('openvstorage', 'openvstorage_edge'):
        found = importutils.import_class(
            'cinder.volume.drivers.%s.OpenvStorageEdgeVolumeDriver' % module)
        assert issubclass(found, driver.VolumeDriver)
    print(found.__module__)
'''


class RealPackagesTest(fixtures.TestCase):
    """Has one test for each environment; they are added below."""

    def test_there_is_an_environment(self):
        self.assertTrue(fixtures.pythons(), 'OVS_TEST_PYTHONS names no '
                        'environment; run bin/test installer')

    def go_round(self, python):
        sandbox = fixtures.Sandbox(self, python)
        before = fixtures.fingerprint(sandbox.packages)
        self.run_verb(sandbox, 10, 'check')
        self.run_verb(sandbox, 0, 'install', '--dry-run')
        self.assertEqual(before, fixtures.fingerprint(sandbox.packages))
        written = self.run_verb(sandbox, 0, 'install')[0]['written']
        self.assertTrue(written)
        installed = fixtures.fingerprint(sandbox.packages)
        self.check_classes(sandbox)
        self.assertEqual(
            'installed', self.run_verb(sandbox, 0, 'check')[0]['state'])
        self.assertEqual(
            [], self.run_verb(sandbox, 0, 'install')[0]['written'])
        self.assertEqual(installed, fixtures.fingerprint(sandbox.packages))
        self.check_diff(sandbox)
        undone = self.run_verb(sandbox, 0, 'uninstall')[0]
        self.assertEqual(sorted(written),
                         sorted(undone['restored'] + undone['removed']))
        self.assertEqual(before, fixtures.fingerprint(sandbox.packages))
        self.run_verb(sandbox, 10, 'check')

    def run_verb(self, sandbox, code, verb, *arguments):
        """Run a command, expect its exit code, return its answer."""
        found, output, complaints = fixtures.run(
            verb, '--json', '--python', sandbox.python, *arguments)
        self.assertEqual((code, ''), (found, complaints), output)
        return json.loads(output)

    def check_classes(self, sandbox):
        """Make the drivers as the services would."""
        for package, program, module in (
                ('os_brick', MAKE_CONNECTOR, 'ovs_drivers.brick.connector'),
                ('nova', MAKE_NOVA_DRIVER, 'ovs_drivers.nova.volume'),
                ('cinder', LOAD_CINDER_DRIVER, 'ovs_drivers.cinder.driver')):
            if os.path.isdir(os.path.join(sandbox.packages, package)):
                self.assertEqual(module, sandbox.says(program))

    def check_diff(self, sandbox):
        """Expect a diff that only adds lines, to the registry too."""
        answer = self.run_verb(sandbox, 0, 'diff')[0]['diff']
        added = [line for line in answer.split('\n')
                 if line.startswith('+++ ')]
        self.assertIn('+++ %s/os_brick/initiator/connector.py'
                      % sandbox.packages, added)
        self.assertEqual([], [line for line in answer.split('\n')
                              if line.startswith('-')
                              and not line.startswith('--- ')])


def _add(name, python):
    def test(self):
        self.go_round(python)
    setattr(RealPackagesTest, 'test_' + name, test)


for _name, _python in sorted(fixtures.pythons().items()):
    _add(_name, _python)


class BrokenPackageTest(fixtures.TestCase):

    def test_what_does_not_import_is_put_back(self):
        pythons = fixtures.pythons()
        if not pythons:
            self.skipTest('OVS_TEST_PYTHONS names no environment')
        sandbox = fixtures.Sandbox(self, sorted(pythons.values())[0])
        fixtures.write(os.path.join(
            sandbox.packages, 'os_brick/initiator/connectors/base.py'),
            'raise KeyError(1)\n')
        before = fixtures.fingerprint(sandbox.packages)
        whole = fixtures.Sandbox(self, sorted(pythons.values())[0])
        code, _output, complaints = fixtures.run(
            'install', '--python', whole.python, '--python', sandbox.python)
        self.assertEqual(8, code, complaints)
        self.assertIn('KeyError: 1', complaints)
        self.assertIn('installed before that: ' + whole.folder, complaints)
        self.assertEqual(0, fixtures.run('check', '--python',
                                         whole.python)[0])
        self.assertEqual(before, fixtures.fingerprint(sandbox.packages))
