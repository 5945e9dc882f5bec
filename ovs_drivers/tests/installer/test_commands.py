# SPDX-License-Identifier: Apache-2.0

"""The command line: answers, JSON, exit codes."""

import json
import os
import subprocess
import sys
import time

from ovs_drivers.installer import files
from ovs_drivers.installer import main
from ovs_drivers.tests.installer import fixtures


class CommandsTest(fixtures.TestCase):

    def setUp(self):
        self.folder = fixtures.new_folder(self)
        self.tree = fixtures.make_tree(os.path.join(self.folder, 'tree'))
        self.before = fixtures.fingerprint(self.tree)

    def run_ok(self, *arguments):
        code, output, complaints = fixtures.run(*arguments)
        self.assertEqual((0, ''), (code, complaints), output)
        return output

    def run_refused(self, code, *arguments):
        """Expect an exit code with a problem and a cure."""
        found, _output, complaints = fixtures.run(*arguments)
        self.assertEqual(code, found, complaints)
        self.assertIn('\n  hint: ', complaints)
        self.assertNotIn('Traceback', complaints)
        return complaints

    def test_help_teaches(self):
        for arguments in ([], ['--help'], ['help']):
            output = self.run_ok(*arguments)
            self.assertIn('ovs-drivers install     change it', output)
            self.assertIn('10 (check) not or only partly installed', output)
        for verb in ('detect', 'check', 'install', 'uninstall', 'diff',
                     'patch'):
            output = self.run_ok(verb, '--help')
            self.assertIn('\n  ovs-drivers %s' % verb, output.replace(
                'sudo ', ''))

    def test_the_standard_library_is_enough(self):
        added = subprocess.check_output([sys.executable, '-c', (
            'import sys; before = set(sys.modules)\n'
            'from ovs_drivers.installer import main\n'
            'for name in set(sys.modules) - before:\n'
            '    print("%s %s" % (name, getattr(sys.modules[name], '
            '"__file__", None)))')]).decode().splitlines()
        self.assertTrue(any(line.startswith('ovs_drivers.installer.main ')
                            for line in added))
        self.assertEqual([], [line for line in added
                              if '-packages' in line])

    def test_wrong_arguments(self):
        for arguments in (['install', '--bogus'], ['patch', 'one'],
                          ['bogus']):
            self.assertEqual(2, fixtures.run(*arguments)[0])

    def test_nothing_found(self):
        for verb in ('detect', 'check', 'install', 'uninstall', 'diff'):
            self.run_refused(3, verb, '--root', self.folder)
            self.run_refused(3, verb, '--python', '/bin/true')
        self.run_refused(3, 'install', '--tree', self.folder)

    def test_error_as_json(self):
        code, output, complaints = fixtures.run(
            'detect', '--json', '--root', self.folder)
        self.assertEqual((3, ''), (code, complaints))
        self.assertEqual(3, json.loads(output)['error']['code'])

    def test_the_life_of_a_tree(self):
        code, output, _complaints = fixtures.run('check', '--tree', self.tree)
        self.assertEqual(10, code)
        self.assertIn('not installed', output)
        output = self.run_ok('install', '--dry-run', '--tree', self.tree)
        self.assertIn('would write %s/nova' % self.tree, output)
        self.assertEqual(self.before, fixtures.fingerprint(self.tree))
        output = self.run_ok('install', '--tree', self.tree)
        self.assertIn('installed, not verified', output)
        self.assertIn('already installed',
                      self.run_ok('install', '--tree', self.tree))
        answer = json.loads(self.run_ok('check', '--json', '--tree',
                                        self.tree))
        self.assertEqual('installed', answer[0]['state'])
        self.assertIn('+++ ', self.run_ok('diff', '--tree', self.tree))
        installed = fixtures.fingerprint(self.tree)
        output = self.run_ok('uninstall', '--dry-run', '--tree', self.tree)
        self.assertIn('would restore %s/nova/virt/libvirt/driver.py'
                      % self.tree, output)
        self.assertIn('would remove %s/cinder/volume/drivers/openvstorage.py'
                      % self.tree, output)
        self.assertEqual(installed, fixtures.fingerprint(self.tree))
        answer = json.loads(self.run_ok('uninstall', '--json', '--tree',
                                        self.tree))
        self.assertEqual(
            [os.path.join(self.tree, path) for path in (
                'nova/virt/libvirt/config.py', 'nova/virt/libvirt/driver.py',
                'os_brick/initiator/connector.py')], answer[0]['restored'])
        self.assertEqual(4, len(answer[0]['removed']))
        self.assertEqual(self.before, fixtures.fingerprint(self.tree))
        self.assertIn('not installed',
                      self.run_ok('uninstall', '--tree', self.tree))

    def test_one_refusal_and_nothing_is_touched_anywhere(self):
        other = fixtures.make_tree(os.path.join(self.folder, 'other'),
                                   config='x = 1\n')
        before = fixtures.fingerprint(self.folder)
        self.run_refused(5, 'install', '--tree', self.tree, '--tree', other)
        self.assertEqual(before, fixtures.fingerprint(self.folder))

    def test_what_does_not_import_is_put_back(self):
        python, packages = fixtures.make_environment(
            os.path.join(self.folder, 'venv'))
        fixtures.make_tree(packages)
        before = fixtures.fingerprint(packages)
        code, _output, complaints = fixtures.run(
            'install', '--python', python)
        self.assertEqual(8, code)
        self.assertIn("cannot import name", complaints)
        self.assertIn('an installation that fails puts everything back',
                      complaints)
        self.assertEqual(before, fixtures.fingerprint(packages))

    def test_a_termination_puts_everything_back(self):
        python, packages = fixtures.make_environment(
            os.path.join(self.folder, 'venv'))
        fixtures.make_tree(packages)
        alive = os.path.join(self.folder, 'alive')
        fixtures.write(os.path.join(packages, 'cinder', 'objects.py'),
                       'import os, time\n'
                       'open(%r, "w").write(str(os.getpid()))\n'
                       'time.sleep(1000)\n' % alive)
        before = fixtures.fingerprint(packages)
        process = fixtures.start('install', '--python', python)
        self.wait_until(lambda: os.path.exists(alive)
                        and fixtures.read(alive))
        self.assertNotEqual(before, fixtures.fingerprint(packages))
        process.terminate()
        process.communicate()
        self.assertEqual(143, process.returncode)
        self.assertEqual(before, fixtures.fingerprint(packages))
        self.assertRaises(OSError, os.kill, int(fixtures.read(alive)), 0)

    def wait_until(self, condition):
        for _attempt in range(600):
            if condition():
                return
            time.sleep(0.05)
        self.fail('nothing happened in 30 seconds')

    def test_exit_codes_of_refusals(self):
        fixtures.write(os.path.join(
            self.tree, 'cinder/volume/drivers/openvstorage.py'), 'mine')
        self.run_refused(6, 'install', '--tree', self.tree)
        code, output, _complaints = fixtures.run('check', '--tree', self.tree)
        self.assertEqual(6, code)
        self.assertIn('changed by another tool', output)

    def test_not_writable(self):
        before = os.access, sys.stdout
        with open(os.devnull, 'w') as sys.stdout:
            os.access = lambda path, mode, **_options: False
            try:
                self.assertEqual(4, main.main(
                    ['install', '--json', '--tree', self.tree]))
            finally:
                os.access, sys.stdout = before
        self.assertEqual(self.before, fixtures.fingerprint(self.tree))

    def test_another_installer_is_at_work(self):
        with files.locked([self.tree]):
            self.run_refused(9, 'install', '--tree', self.tree)
        self.assertEqual(self.before, fixtures.fingerprint(self.tree))

    def test_patch(self):
        target = os.path.join(self.folder, 'target')
        self.assertIn('+++ ', self.run_ok('patch', '--dry-run', self.tree,
                                          target))
        self.assertIn('wrote ' + target, self.run_ok('patch', self.tree,
                                                     target))
        self.assertIn('already patched', self.run_ok('patch', self.tree,
                                                     target))
        self.run_ok('check', '--tree', target)
