# SPDX-License-Identifier: Apache-2.0

"""The package as pip installs it: names, entry points, sample options."""

import glob
import os
import subprocess
import sys
import unittest
import zipfile

import fixtures

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..',
                                   '..'))


class WheelTestCase(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = fixtures.TempDir()
        cls.folder.setUp()
        cls.addClassCleanup(cls.folder.cleanUp)
        # A copy: pbr leaves files of its own beside setup.py.
        source = cls.folder.join('source')
        subprocess.run(['git', 'clone', '-q', TOP, source], check=True)
        changed = subprocess.run(
            ['git', 'ls-files', '-z', '-m', '-o', '--exclude-standard'],
            cwd=TOP, check=True, capture_output=True).stdout
        subprocess.run(['tar', '-C', TOP, '--null', '-T', '-',
                        '--ignore-failed-read', '-c', '-f',
                        cls.folder.join('changed.tar')],
                       input=changed, check=True, stderr=subprocess.DEVNULL)
        subprocess.run(['tar', '-C', source, '-x', '-f',
                        cls.folder.join('changed.tar')], check=True)
        cls._pip('wheel', '--no-build-isolation', '--no-deps', '-w',
                 cls.folder.path, source)
        cls.wheel, = glob.glob(cls.folder.join('*.whl'))
        cls.installed = cls.folder.join('installed')
        cls._pip('install', '--no-deps', '--target', cls.installed,
                 cls.wheel)

    @classmethod
    def _pip(cls, *arguments):
        subprocess.run((sys.executable, '-m', 'pip', '-q') + arguments,
                       check=True, cwd=cls.folder.path)

    def run_python(self, *arguments):
        return subprocess.run(
            (sys.executable,) + arguments, check=True, text=True,
            cwd=self.folder.path, stdout=subprocess.PIPE,
            env=dict(os.environ, PYTHONPATH=self.installed)).stdout

    def test_it_is_for_both_pythons(self):
        self.assertIn('-py2.py3-none-any.whl', self.wheel)
        self.assertTrue(os.path.basename(self.wheel).startswith(
            'devstack_plugin_openvstorage-'))

    def test_all_modules_are_in_it(self):
        names = zipfile.ZipFile(self.wheel).namelist()
        for module in ('location', 'edge', 'storagedriver', 'cinder/driver',
                       'brick/connector', 'nova/volume', 'installer/probe'):
            self.assertIn('ovs_drivers/%s.py' % module, names)

    def test_oslo_config_generator_lists_the_options(self):
        sample = self.run_python('-m', 'oslo_config.generator',
                                 '--namespace', 'ovs_drivers')
        for option in ('storage_ip', 'edge_port', 'edge_protocol',
                       'xml_rpc_port', 'vpool_guid', 'edge_timeout',
                       'snapshot_timeout'):
            self.assertIn('\n#%s =' % option, sample)

    def test_the_doctor_is_a_command(self):
        self.assertIn('ovs_doctor/probe/questions.py',
                      zipfile.ZipFile(self.wheel).namelist())
        script = os.path.join(self.installed, 'bin', 'ovs-doctor')
        self.assertIn('--thorough', self.run_python(script, '--help'))

    def test_the_installer_is_a_command(self):
        script = os.path.join(self.installed, 'bin', 'ovs-drivers')
        self.assertIn('detect', self.run_python(script, '--help'))
