# SPDX-License-Identifier: Apache-2.0

"""Finding environments and asking their interpreters."""

import os
import subprocess
import sys

from ovs_drivers.installer import operations
from ovs_drivers.installer import environment
from ovs_drivers.installer import errors
from ovs_drivers.installer import interpreter
from ovs_drivers.tests.installer import fixtures


def write_program(path, text):
    """Write a program."""
    fixtures.write(path, text)
    os.chmod(path, 0o755)


def add_version(packages, distribution, version):
    """Write the metadata of a package."""
    fixtures.write(
        os.path.join(packages, '%s-%s.dist-info' % (distribution, version),
                     'METADATA'),
        'Metadata-Version: 2.1\nName: %s\nVersion: %s\n'
        % (distribution.replace('_', '-'), version))


class EnvironmentTestCase(fixtures.TestCase):

    def setUp(self):
        self.root = fixtures.new_folder(self)


class OfPythonTest(EnvironmentTestCase):

    def test_packages_versions_and_place(self):
        python, packages = fixtures.make_environment(self.root)
        fixtures.make_tree(packages)
        add_version(packages, 'os_brick', '7.0.0')
        add_version(packages, 'cinder', '28.0.0')
        found = environment.of_python(python)
        self.assertEqual(self.root, found.label)
        self.assertEqual(packages, found.purelib)
        self.assertEqual({'os_brick': '7.0.0', 'cinder': '28.0.0',
                          'nova': None}, found.versions)
        self.assertEqual([packages], found.roots())
        self.assertEqual('2026.1', found.as_dict()['packages']['cinder'][
            'release'])

    def test_the_folder_of_the_environment_does(self):
        python, _packages = fixtures.make_environment(self.root)
        self.assertEqual(python, environment.of_python(self.root).python)

    def test_source_checkouts(self):
        python, packages = fixtures.make_environment(
            os.path.join(self.root, 'venv'))
        checkout = os.path.join(self.root, 'nova-checkout')
        fixtures.make_tree(checkout)
        fixtures.write(os.path.join(packages, 'easy-install.pth'),
                       checkout + '\n')
        fixtures.write(os.path.join(checkout, 'nova.egg-info', 'PKG-INFO'),
                       'Metadata-Version: 1.1\nName: nova\nVersion: 33.0.2\n')
        found = environment.of_python(python)
        self.assertEqual(os.path.join(checkout, 'nova'),
                         found.packages['nova'].folder)
        self.assertEqual('33.0.2', found.versions['nova'])
        self.assertEqual(sorted([checkout, packages]), found.roots())

    def test_editable_packages_of_todays_setuptools(self):
        python, packages = fixtures.make_environment(
            os.path.join(self.root, 'venv'))
        checkout = fixtures.make_tree(os.path.join(self.root, 'checkout'))
        fixtures.write(
            os.path.join(packages, 'finder.py'),
            'import importlib.util, os, sys\n'
            'class Finder(object):\n'
            '    @staticmethod\n'
            '    def find_spec(name, path=None, target=None):\n'
            '        place = os.path.join(%r, name, "__init__.py")\n'
            '        if os.path.exists(place):\n'
            '            return importlib.util.spec_from_file_location(\n'
            '                name, place)\n'
            'sys.meta_path.append(Finder)\n' % checkout)
        fixtures.write(os.path.join(packages, 'editable.pth'),
                       'import finder\n')
        self.assertEqual(
            os.path.join(checkout, 'cinder'),
            environment.of_python(python).packages['cinder'].folder)

    def test_what_a_removed_package_leaves_behind_is_no_package(self):
        python, packages = fixtures.make_environment(self.root)
        fixtures.write(os.path.join(packages, 'nova/virt/own.py'), '')
        self.assertEqual({}, environment.of_python(python).openstack)

    def test_the_shell_and_the_folder_of_the_installer_do_not_matter(self):
        python, _packages = fixtures.make_environment(self.root)
        elsewhere = fixtures.make_tree(fixtures.new_folder(self))
        before = os.getcwd(), os.environ.get('PYTHONPATH')
        os.chdir(elsewhere)
        os.environ['PYTHONPATH'] = elsewhere
        try:
            self.assertEqual({}, environment.of_python(python).packages)
        finally:
            os.chdir(before[0])
            del os.environ['PYTHONPATH']
            if before[1] is not None:
                os.environ['PYTHONPATH'] = before[1]

    def test_asking_leaves_no_compiled_file(self):
        python, packages = fixtures.make_environment(self.root)
        fixtures.make_tree(packages)
        before = fixtures.fingerprint(self.root)
        environment.of_python(python)
        self.assertEqual(before, fixtures.fingerprint(self.root))


class QuestionTest(EnvironmentTestCase):

    def assert_failed(self, python, *words):
        with self.assertRaises(errors.NothingFound) as caught:
            interpreter.ask(python, 'describe')
        for word in words + (python,):
            self.assertIn(word, str(caught.exception))

    def test_what_is_no_interpreter(self):
        program = os.path.join(self.root, 'python')
        self.assert_failed(program)
        write_program(program, '#!/bin/sh\necho hello; echo woe >&2; exit 3\n')
        self.assert_failed(program, 'status 3', 'woe')
        self.assert_failed('/bin/true', 'nothing')

    def test_an_interpreter_that_hangs(self):
        program = os.path.join(self.root, 'python')
        write_program(program, '#!/bin/sh\nexec sleep 1000\n')
        before, interpreter.TIMEOUT = interpreter.TIMEOUT, 0.1
        try:
            self.assert_failed(program)
        finally:
            interpreter.TIMEOUT = before

    def test_output_of_imports_does_not_disturb(self):
        python, packages = fixtures.make_environment(self.root)
        fixtures.write(os.path.join(packages, 'loud.pth'),
                       'import os; os.write(2, b"loud")\n')
        fixtures.write(os.path.join(packages, 'os_brick/__init__.py'),
                       'print("loud")\nraise ValueError("why")\n')
        with self.assertRaises(interpreter.NoAnswer) as caught:
            interpreter.ask(python, 'verify', 'os_brick')
        self.assertEqual('ValueError: why', caught.exception.reason)
        self.assertIn('Traceback', caught.exception.details)


class OfTreeTest(EnvironmentTestCase):

    def test_a_checkout(self):
        fixtures.make_tree(self.root)
        found = environment.of_tree(self.root)
        self.assertEqual(['cinder', 'nova', 'os_brick'],
                         sorted(found.packages))
        self.assertIsNone(found.purelib)

    def test_a_folder_without_packages(self):
        self.assertRaises(errors.NothingFound, environment.of_tree,
                          self.root)

    def test_a_package_that_is_a_link(self):
        fixtures.make_tree(os.path.join(self.root, 'there'))
        here = os.path.join(self.root, 'here')
        os.mkdir(here)
        os.rename(os.path.join(self.root, 'there/nova'),
                  os.path.join(self.root, 'there/nova-33'))
        os.symlink('../there/nova-33', os.path.join(here, 'nova'))
        found = environment.of_tree(here)
        self.assertEqual([here], found.roots())
        operations.install(found)
        self.assertIn('openvstorage_edge', fixtures.read(os.path.join(
            self.root, 'there/nova-33/virt/libvirt/driver.py')))


class FindTest(EnvironmentTestCase):

    def test_every_kind_of_place(self):
        places = ['opt/stack/data/venv', 'openstack/venvs/cinder-33.0.0',
                  'openstack/venvs/nova-33.0.0', 'var/lib/kolla/venv']
        for place in places:
            _python, packages = fixtures.make_environment(
                os.path.join(self.root, place))
            fixtures.make_tree(packages)
        fixtures.make_environment(
            os.path.join(self.root, 'openstack/venvs/glance-1'))
        write_program(os.path.join(self.root, 'usr/bin/python3'),
                      '#!/bin/sh\nexit 1\n')
        self.assertEqual(
            sorted(os.path.join(self.root, place) for place in places),
            [found.label for found in environment.find(self.root, {})])

    def test_pythons_of_the_system(self):
        for name in ('python2.7', 'python3', 'python3-config', 'python3.11'):
            write_program(os.path.join(self.root, 'usr/bin', name), '')
        self.assertEqual(
            ['python2.7', 'python3', 'python3.11'],
            [os.path.basename(path) for path
             in environment._candidates(self.root, {})])

    def test_variables_name_environments(self):
        for name in ('active', 'devstack', 'data/venv'):
            fixtures.make_environment(os.path.join(self.root, name))
        candidates = environment._candidates('/', {
            'VIRTUAL_ENV': os.path.join(self.root, 'active'),
            'DEVSTACK_VENV': os.path.join(self.root, 'devstack'),
            'DATA_DIR': os.path.join(self.root, 'data')})
        for name in ('active', 'devstack', 'data/venv'):
            self.assertIn(os.path.join(self.root, name, 'bin/python'),
                          candidates)
        self.assertIn(sys.executable, candidates)

    def test_one_environment_with_two_names_is_found_once(self):
        place = os.path.join(self.root, 'openstack/venvs/nova-1')
        _python, packages = fixtures.make_environment(place)
        fixtures.make_tree(packages)
        os.symlink(place, os.path.join(self.root, 'openstack/venvs/nova'))
        self.assertEqual(1, len(environment.find(self.root, {})))


class VersionsTest(EnvironmentTestCase):

    def test_every_interpreter_knows_the_versions(self):
        for python in fixtures.pythons().values():
            output = subprocess.check_output(
                [python, '-m', 'pip', 'list', '--format', 'freeze'],
                stderr=subprocess.DEVNULL).decode('utf-8')
            listed = dict(line.split('==') for line in output.split('\n')
                          if '==' in line)
            found = environment.of_python(python).versions
            self.assertTrue(found, python)
            for package, version in found.items():
                self.assertEqual(listed[package.replace('_', '-')], version)
