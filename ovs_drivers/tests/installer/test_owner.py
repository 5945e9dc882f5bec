# SPDX-License-Identifier: Apache-2.0

"""Root does nothing for the owner of a tree that he could not do himself."""

import os
import unittest

from ovs_drivers.installer import operations
from ovs_drivers.installer import environment
from ovs_drivers.installer import errors
from ovs_drivers.installer import files
from ovs_drivers.installer import owner
from ovs_drivers.installer import interpreter
from ovs_drivers.tests.installer import fixtures

# Users and groups that no machine has.
ALICE, BOB = 61234, 62345

# An interpreter that writes down the user who runs it.
INTERPRETER = '''#!/bin/sh
id -u >>"$0.users"
exec /usr/bin/python3 "$@"
'''


def give(path, uid):
    """Let a file or folder, and all that is in it, belong to a user."""
    os.chown(path, uid, uid)
    for place, folders, names in os.walk(path):
        for name in folders + names:
            os.lchown(os.path.join(place, name), uid, uid)


@unittest.skipUnless(os.geteuid() == 0, 'only root acts for others')
class OwnerTestCase(fixtures.TestCase):

    def setUp(self):
        super(OwnerTestCase, self).setUp()
        self.root = fixtures.new_folder(self)
        os.chmod(self.root, 0o755)

    def folder(self, name, uid=0):
        path = os.path.join(self.root, name)
        os.mkdir(path)
        os.chmod(path, 0o755)
        os.chown(path, uid, uid)
        return path

    def file(self, path, text='', uid=0, mode=0o644):
        fixtures.write(path, text)
        os.chmod(path, mode)
        os.chown(path, uid, uid)
        return path


class PathTest(OwnerTestCase):

    def test_first_on_the_way_who_is_not_root(self):
        home = self.folder('home', ALICE)
        inner = self.folder('home/inner')
        for path, uid in ((self.root, 0), (home, ALICE), (inner, ALICE),
                          (os.path.join(inner, 'not/there'), ALICE)):
            self.assertEqual(uid, owner.of_path(path).uid, path)

    def test_link_belongs_to_who_made_it(self):
        link = os.path.join(self.folder('home', ALICE), 'link')
        os.symlink(self.folder('roots'), link)
        self.assertEqual(ALICE, owner.of_path(
            os.path.join(link, 'file')).uid)

    def test_file_in_a_folder_of_root_cannot_be_exchanged(self):
        path = self.file(os.path.join(self.root, 'file'), uid=ALICE)
        self.assertEqual(0, owner.of_path(path).uid)

    def test_folder_that_others_may_write(self):
        for mode, gid in ((0o777, 0), (0o775, BOB)):
            path = self.folder('open%o' % mode)
            os.chown(path, 0, gid)
            os.chmod(path, mode)
            with self.assertRaises(errors.NotTrusted) as caught:
                owner.of_path(os.path.join(path, 'file'))
            self.assertIn('others than root (mode %o)' % mode,
                          caught.exception.problem)

    def test_group_of_nobody_else(self):
        path = self.folder('home', ALICE)
        os.chmod(path, 0o775)
        self.assertEqual(ALICE, owner.of_path(path).uid)

    def test_circle_of_links(self):
        path = os.path.join(self.root, 'link')
        os.symlink(path, path)
        self.assertRaises(errors.NotTrusted, owner.of_path, path)

    def test_root_comes_back(self):
        before = os.geteuid(), os.getegid(), os.getgroups()
        with self.assertRaises(ValueError):
            with owner.acting_for(self.folder('home', ALICE)):
                self.assertEqual((ALICE, ALICE, [ALICE]), (
                    os.geteuid(), os.getegid(), os.getgroups()))
                raise ValueError()
        self.assertEqual(before, (os.geteuid(), os.getegid(),
                                  os.getgroups()))


class FilesTest(OwnerTestCase):
    """Links to files of root, in the tree of another user."""

    def setUp(self):
        super(FilesTest, self).setUp()
        self.secret = self.file(os.path.join(self.folder('roots'), 'secret'),
                                'secret', mode=0o600)
        self.home = self.folder('home', ALICE)
        self.link = os.path.join(self.home, 'file')

    def before_and_after(self):
        return fixtures.fingerprint(os.path.dirname(self.secret))

    def test_is_not_read(self):
        os.symlink(self.secret, self.link)
        self.assertRaises(errors.NotTrusted, files.read, self.link)

    def test_is_not_written(self):
        before = self.before_and_after()
        os.symlink(self.secret, self.link)
        with self.assertRaises(EnvironmentError):
            with files.Transaction() as transaction:
                transaction.put(self.link, b'mine')
        self.assertEqual(before, self.before_and_after())

    def test_nothing_is_made_beside_it(self):
        before = self.before_and_after()
        os.symlink(os.path.dirname(self.secret), self.link)
        for name in ('new', 'folder/new'):
            with self.assertRaises(EnvironmentError):
                with files.Transaction() as transaction:
                    transaction.put(os.path.join(self.link, name), b'mine')
        self.assertEqual(before, self.before_and_after())

    def test_is_not_removed(self):
        before = self.before_and_after()
        os.symlink(os.path.dirname(self.secret), self.link)
        with self.assertRaises(EnvironmentError):
            with files.Transaction() as transaction:
                transaction.drop(os.path.join(self.link, 'secret'))
        self.assertEqual(before, self.before_and_after())

    def test_what_is_put_back_is_put_back_by_the_owner(self):
        path = self.file(os.path.join(self.home, 'module.py'), 'x', ALICE)
        transaction = files.Transaction()
        transaction.put(path, b'mine')
        before = self.before_and_after()
        # the owner exchanges his folder for a link to root's
        os.rename(self.home, self.home + '.old')
        os.symlink(os.path.dirname(self.secret), self.home)
        self.assertRaises(errors.NotPutBack, transaction.roll_back)
        self.assertEqual(before, self.before_and_after())


class InterpreterTest(OwnerTestCase):

    def environment(self, uid):
        home = self.folder('venv', uid)
        python = self.file(os.path.join(home, 'bin', 'python'), INTERPRETER,
                           uid, 0o755)
        self.packages = os.path.join(home, 'lib', 'python3', 'site-packages')
        os.makedirs(self.packages)
        give(home, uid)
        return python

    def users(self, python):
        return fixtures.read(python + '.users').split()

    def test_is_run_by_its_owner(self):
        python = self.environment(ALICE)
        interpreter.ask(python, 'describe')
        self.assertEqual([str(ALICE)], self.users(python))

    def test_of_root_with_packages_of_somebody_else(self):
        python = self.environment(0)
        self.file(python + '.users', mode=0o666)
        give(self.packages, BOB)
        interpreter.ask(python, 'describe')
        self.assertEqual([str(BOB)], self.users(python))

    def test_with_the_source_of_somebody_else(self):
        python = self.environment(0)
        self.file(python + '.users', mode=0o666)
        source = self.folder('source', BOB)
        self.file(os.path.join(self.packages, 'easy-install.pth'), source)
        interpreter.ask(python, 'describe')
        self.assertEqual([str(BOB)], self.users(python))

    def test_of_several_users_is_not_run(self):
        python = self.environment(ALICE)
        give(self.packages, BOB)
        with self.assertRaises(errors.NotTrusted) as caught:
            interpreter.ask(python, 'describe')
        self.assertIn('several users', caught.exception.problem)
        self.assertFalse(os.path.exists(python + '.users'))

    def test_that_others_may_write_is_not_run(self):
        python = self.environment(0)
        os.chmod(python, 0o757)
        self.assertRaises(errors.NotTrusted, interpreter.ask, python,
                          'describe')
        self.assertFalse(os.path.exists(python + '.users'))

    def test_gets_nothing_of_the_environment_of_root(self):
        python = self.environment(ALICE)
        text = fixtures.read(python).replace('id -u', 'env')
        self.file(python, text, ALICE, 0o755)
        os.environ['OVS_TEST_SECRET'] = 'secret'
        self.addCleanup(os.environ.pop, 'OVS_TEST_SECRET')
        interpreter.ask(python, 'describe')
        self.assertNotIn('secret', fixtures.read(python + '.users'))

    def test_that_is_not_trusted_is_left_out_and_named(self):
        python = self.environment(0)
        os.chmod(os.path.dirname(python), 0o777)
        venvs = os.path.join(self.root, 'openstack', 'venvs')
        os.makedirs(venvs)
        os.rename(os.path.join(self.root, 'venv'),
                  os.path.join(venvs, 'nova'))
        reasons = []
        environment.find(self.root, {}, reasons.append)
        self.assertEqual(1, len(reasons))
        self.assertIn(os.path.join(venvs, 'nova', 'bin'), str(reasons[0]))


class TreeTest(OwnerTestCase):

    def setUp(self):
        super(TreeTest, self).setUp()
        self.tree = fixtures.make_tree(self.folder('tree'))
        give(self.tree, ALICE)

    def test_stays_its_owners(self):
        before = fixtures.fingerprint(self.tree)
        operations.install(environment.of_tree(self.tree))
        self.assertNotEqual(before, fixtures.fingerprint(self.tree))
        for place, folders, names in os.walk(self.tree):
            for name in folders + names:
                status = os.lstat(os.path.join(place, name))
                self.assertEqual((ALICE, ALICE),
                                 (status.st_uid, status.st_gid), name)
        operations.uninstall(environment.of_tree(self.tree))
        self.assertEqual(before, fixtures.fingerprint(self.tree))

    def test_that_others_may_write_is_refused(self):
        place = os.path.join(self.tree, 'nova', 'virt', 'libvirt')
        os.chmod(place, 0o777)
        before = fixtures.fingerprint(self.tree)
        with self.assertRaises(errors.NotTrusted) as caught:
            operations.install(environment.of_tree(self.tree))
        self.assertIn(place, caught.exception.problem)
        self.assertEqual(before, fixtures.fingerprint(self.tree))

    def test_that_leads_to_one_of_root_is_refused(self):
        link = os.path.join(self.folder('home', ALICE), 'tree')
        give(self.tree, 0)
        os.symlink(self.tree, link)
        os.lchown(link, ALICE, ALICE)
        self.assertRaises(errors.NotTrusted, environment.of_tree, link)
