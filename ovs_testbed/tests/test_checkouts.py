# SPDX-License-Identifier: Apache-2.0

import os
import shutil
import subprocess
import tarfile
from unittest import mock

from harness import errors
from harness.tests import support
from ovs_testbed import checkouts

_WHO = {'GIT_%s_%s' % (who, what): 'tester' for who in ('AUTHOR', 'COMMITTER')
        for what in ('NAME', 'EMAIL')}


def git(folder, *arguments):
    return subprocess.run(
        ['git', '-C', folder] + list(arguments), check=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=dict(os.environ, **_WHO)).stdout.strip()


class CheckoutsTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.release = mock.Mock(tag='a-tag', checkouts={
            name: {'version': '1', 'commit': self.commit(name)}
            for name in ('nova', 'cinder')})
        self.release.name = 'old'

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def commit(self, name, text='first'):
        """Add a commit to a checkout; return its id."""
        os.makedirs(self.path(name), exist_ok=True)
        with open(self.path(name, 'text'), 'w') as stream:
            stream.write(text)
        git(self.path(name), 'init', '--quiet')
        git(self.path(name), 'add', '.')
        git(self.path(name), 'commit', '--quiet', '--message', text)
        return git(self.path(name), 'rev-parse', 'HEAD')

    def error(self):
        with self.assertRaises(errors.Error) as caught:
            checkouts.check(self.release, self.folder)
        return caught.exception

    def test_all_there(self):
        checkouts.check(self.release, self.folder)

    def test_release_without_any(self):
        self.release.checkouts = {}
        self.assertIn('takes no --source', str(self.error()))

    def test_folder_that_is_not_there(self):
        self.folder = self.path('none')
        error = self.error()
        self.assertIn('nova is not there; cinder is not there', str(error))
        self.assertIn('git clone --branch a-tag https://opendev.org/openstack/'
                      'nova %s' % self.path('nova'), error.hint)

    def test_one_that_is_not_there(self):
        shutil.rmtree(self.path('nova'))
        error = self.error()
        self.assertIn('nova is not there', str(error))
        self.assertNotIn('cinder', str(error) + error.hint)

    def test_other_commit(self):
        second = self.commit('nova', 'second')
        error = self.error()
        self.assertIn('nova is at commit %s, not at a-tag' % second[:12],
                      str(error))
        self.assertIn('git -C %s checkout a-tag' % self.path('nova'),
                      error.hint)

    def test_folder_in_another_checkout(self):
        git(self.folder, 'init', '--quiet')
        shutil.rmtree(self.path('nova', '.git'))
        self.assertIn('nova is no checkout of git', str(self.error()))

    def test_archive_has_the_commit_and_the_checkout_stays_as_it_is(self):
        with open(self.path('nova', 'text'), 'w') as stream:
            stream.write('not committed')
        target = self.path('target')
        os.mkdir(target)
        checkouts.export(self.release, self.folder, target)
        with tarfile.open(os.path.join(target, 'nova.tar')) as archive:
            self.assertEqual(b'first', archive.extractfile('text').read())
        self.assertEqual('M text', git(self.path('nova'), 'status', '--short'))
