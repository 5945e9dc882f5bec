# SPDX-License-Identifier: Apache-2.0

"""XML-RPC reports a full disk."""

import errno
import os
import subprocess
import tempfile
import unittest

from ovs_storagedriver import testing
from ovs_storagedriver.tests import support

DISK_BYTES = 16 << 20


class FullDiskTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-full-')
        self.addCleanup(folder.cleanup)
        mounted = subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', 'size=%d' % DISK_BYTES, 'tmpfs',
             folder.name], stderr=subprocess.PIPE, text=True)
        if mounted.returncode:
            self.skipTest('a small file system needs the right to mount: %s'
                          % mounted.stderr.strip())
        self.addCleanup(subprocess.run, ['umount', '-l', folder.name],
                        check=True)
        self.running = testing.RunningStorageDriver(
            data=os.path.join(folder.name, 'vpool')).__enter__()
        self.addCleanup(self.running.__exit__, None, None, None)

    def test_no_room(self):
        plain = support.Plain(self.running.xml_rpc_port, self.running.guid)
        name, volume = plain.create(size='1GiB')
        with support.disk(self.running.data, name) as disk:
            with self.assertRaises(OSError) as caught:
                for offset in range(0, 2 * DISK_BYTES, support.MIB):
                    disk.write(offset, os.urandom(support.MIB))
            self.assertEqual(errno.ENOSPC, caught.exception.errno)
        paths = ['/%s.raw' % support.unique() for _n in range(1000)]
        answers = [plain('volumeCreate', target_path=path, volume_size='0B')
                   for path in paths]
        refused = [answer for answer in answers if 'volume_id' not in answer]
        self.assertEqual({5}, {answer['xmlrpc_error_code']
                               for answer in refused})
        self.assertEqual(len(answers) - len(refused) + 1,
                         len(plain('volumesList')))
        self.assertLess(int(plain('vpoolInfo')['free']), support.MIB)
        plain('unlink', target_path='/%s.raw' % name)
        support.eventually(
            lambda: 'volume_id' in plain('volumeCreate', target_path='/x.raw',
                                         volume_size='0B'),
            'there is room again')
