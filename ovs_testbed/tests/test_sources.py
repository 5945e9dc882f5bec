# SPDX-License-Identifier: Apache-2.0

import os
import sys
import tempfile
import unittest
from unittest import mock

from harness import errors
from harness import files
from harness.tests import support
from ovs_testbed import release
from ovs_testbed import sources


@unittest.skipUnless(os.geteuid() == 0, 'only root becomes another user')
class BuilderTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.log = os.path.join(self.folder, 'log')

    def builder(self):
        folder = os.path.join(self.folder, 'build')
        os.mkdir(folder)
        os.chmod(self.folder, 0o755)
        os.chown(folder, 61234, 61234)
        return sources._Builder(folder, 61234, self.log)

    def test_works_in_its_folder_without_rights(self):
        builder = self.builder()
        builder.run('sh', '-c', 'id -u >made; id -G >>made; '
                    'grep -E "^(CapEff|NoNewPrivs)" /proc/self/status >>made; '
                    'echo "$HOME $PWD" >>made')
        with open(os.path.join(builder.folder, 'made')) as made:
            self.assertEqual(
                ['61234', '61234', 'CapEff:\t0000000000000000',
                 'NoNewPrivs:\t1', ' '.join([builder.folder] * 2)],
                made.read().splitlines())

    def test_may_write_nowhere_else(self):
        with self.assertRaises(errors.CommandFailed):
            self.builder().run('touch', os.path.join(self.folder, 'other'))

    def test_folder_goes_and_nobody_else_has_the_user(self):
        users = []
        with mock.patch.object(sources, '_build',
                               lambda _release, builder: users.append(
                                   os.stat(builder.folder))):
            for _attempt in range(2):
                with sources.built(release.load(release.DEFAULT), None,
                                   self.log) as found:
                    self.assertEqual([], found.wheels)
        for status in users:
            self.assertEqual(0o700, status.st_mode & 0o777)
            self.assertIn(status.st_uid, sources._USERS)


class InstallTestCase(unittest.TestCase):

    def test_a_distribution_that_no_index_has(self):
        pip = os.path.join(os.path.dirname(sys.executable), 'pip')
        with tempfile.TemporaryDirectory() as folder:
            wanted = os.path.join(folder, 'wanted.txt')
            files.write(wanted, 'gone==28.9.9 --hash=sha256:%s' % ('0' * 64))
            with mock.patch.dict(os.environ, PIP_NO_INDEX='1'), \
                    self.assertRaisesRegex(errors.CommandFailed,
                                           'gone==28.9.9') as seen:
                sources.install(pip, wanted, os.path.join(folder, 'log'))
        self.assertIn('PIP_INDEX_URL', seen.exception.hint)


class HashesTestCase(unittest.TestCase):

    def test_each_version_has_one(self):
        """pip refuses a file without one, but late"""
        for found in map(release.load, release.names()):
            for path in found.wheels, found.sources, found.build_tools:
                self.check(path)

    def check(self, path):
        with open(path) as stream:
            versions = stream.read().split('==')[1:]
        self.assertTrue(versions, path)
        for version in versions:
            self.assertIn('--hash=sha256:', version, path)
