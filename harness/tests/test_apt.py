# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
from unittest import mock

from harness import apt
from harness import errors
from harness import run
from harness.tests import support

_CONTROL = ('Package: small\nVersion: 1\nArchitecture: all\n'
            'Maintainer: root@localhost\nDescription: a package\n')


class AptTestCase(support.FolderTestCase):

    def test_missing(self):
        self.assertEqual(['no-such-package-here'], apt.missing(
            ['dpkg', 'no-such-package-here']))
        self.assertEqual([], apt.missing([]))

    def test_unmet_dependencies(self):
        self.assertEqual([], apt.unmet(
            ['dpkg', 'dpkg (>= 1.0)', 'no-such-one | dpkg']))
        wanted = ['dpkg (>= 999)', 'no-such-one', 'dpkg (<< 1)']
        self.assertEqual(wanted, apt.unmet(wanted))

    def test_what_apt_left_out_is_named(self):
        with mock.patch.object(run, 'run'), mock.patch.object(run, 'finish'):
            with self.assertRaisesRegex(
                    errors.Error, 'not installed: no-such-one') as caught:
                apt.install(['dpkg', 'no-such-one'], 'log')
        self.assertEqual('log', caught.exception.log)

    def test_the_name_that_this_distribution_has(self):
        self.assertEqual('dpkg', apt.first_known(['no-such-one', 'dpkg']))
        with self.assertRaisesRegex(errors.Error, 'no-such-one or no-other'):
            apt.first_known(['no-such-one', 'no-other'])

    def test_an_administrators_command(self):
        with mock.patch.object(os, 'geteuid', return_value=0):
            self.assertEqual(['apt-get'], apt.as_root(['apt-get']))
        with mock.patch.object(os, 'geteuid', return_value=1000):
            self.assertEqual('sudo', apt.as_root(['apt-get'])[0])

    def test_unpack(self):
        tree = os.path.join(self.folder, 'tree')
        os.makedirs(os.path.join(tree, 'DEBIAN'))
        for name, text in (('DEBIAN/control', _CONTROL), ('file', 'text')):
            with open(os.path.join(tree, name), 'w') as stream:
                stream.write(text)
        package = os.path.join(self.folder, 'small.deb')
        subprocess.run(['dpkg-deb', '--build', tree, package], check=True,
                       stdout=subprocess.DEVNULL)
        target = os.path.join(self.folder, 'target')
        apt.unpack([package], target)
        self.assertEqual(['file'], os.listdir(target))

    def test_lists_of_our_own_have_folders(self):
        options = apt.own_lists(self.folder)
        self.assertIn('Dir::State::lists=%s/lists' % self.folder, options)
        self.assertTrue(os.path.isdir(os.path.join(self.folder, 'lists',
                                                   'partial')))
