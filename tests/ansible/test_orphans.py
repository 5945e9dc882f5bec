# SPDX-License-Identifier: Apache-2.0

"""The check for orphans, on vPools of an embedded storagedriver."""

import os
import subprocess
import sys
import tempfile
import unittest

from ovs_drivers import storagedriver
from ovs_storagedriver import testing

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
SCRIPT = os.path.join(TOP, 'roles', 'ovs_check_orphans', 'files',
                      'orphans.py')
VOLUME = '7968a798-a0ab-4f6a-8f3d-32f785215307'
OTHER = 'a1b2c3d4-a0ab-4f6a-8f3d-32f785215307'
CONFIG = '''\
[DEFAULT]
enabled_backends = other, myvpool01
[other]
volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver
[myvpool01]
volume_driver = cinder.volume.drivers.openvstorage_edge.\
OpenvStorageEdgeVolumeDriver
storage_ip = %s
xml_rpc_port = %d
vpool_guid = %s
'''
GIB = 1024 ** 3


class OrphansTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        if not os.environ.get('OVS_EDGE'):
            raise unittest.SkipTest('OVS_EDGE names no engine; run '
                                    'bin/test ansible')
        cls.running = testing.RunningStorageDriver()
        cls.running.__enter__()
        cls.addClassCleanup(cls.running.__exit__, None, None, None)
        cls.vpool = storagedriver.StorageDriver(
            [cls.running.host], cls.running.xml_rpc_port, cls.running.guid)

    def setUp(self):
        super().setUp()
        self.config = tempfile.NamedTemporaryFile('w')
        self.addCleanup(self.config.close)
        self.configure(self.running.guid)

    def configure(self, guid):
        self.config.seek(0)
        self.config.write(CONFIG % (self.running.host,
                                    self.running.xml_rpc_port, guid))
        self.config.flush()

    def create(self, name):
        self.vpool.create(name, GIB)
        self.addCleanup(self.vpool.unlink, name)

    def check(self, *known):
        finished = subprocess.run(
            [sys.executable, SCRIPT, self.config.name, ','.join(known)],
            capture_output=True, text=True,
            env=dict(os.environ, PYTHONPATH=TOP))
        return finished.returncode, finished.stdout + finished.stderr

    def test_an_empty_vpool_is_fine(self):
        self.assertEqual(
            (0, 'myvpool01: 0 volumes that Cinder does not know\n'),
            self.check())

    def test_a_volume_that_cinder_knows_is_fine(self):
        self.create('volume-' + VOLUME)
        self.assertEqual(0, self.check(VOLUME, OTHER)[0])

    def test_a_volume_that_cinder_does_not_know_is_named(self):
        self.create('volume-' + VOLUME)
        self.create('volume-' + OTHER)
        code, output = self.check(OTHER)
        self.assertEqual(1, code)
        self.assertIn('volume-' + VOLUME, output)
        self.assertNotIn('volume-' + OTHER, output)

    def test_a_deleted_volume_stays_for_its_clones_only(self):
        self.create('volume-' + VOLUME)
        self.create('volume-' + OTHER)
        self.create('cinder-deleted.volume.%s.volume-%s' % (OTHER, OTHER))
        self.assertEqual(0, self.check(VOLUME)[0])
        code, output = self.check()
        self.assertEqual(1, code)
        self.assertIn('3 volumes', output)

    def test_a_vpool_that_does_not_answer_is_no_success(self):
        self.configure('00000000-0000-0000-0000-000000000000')
        code, output = self.check()
        self.assertEqual(2, code)
        self.assertIn('no answer', output)
