# SPDX-License-Identifier: Apache-2.0

"""The verbs on small trees: repeated, interrupted, disturbed."""

import os
import shutil
import traceback

from ovs_drivers.installer import operations
from ovs_drivers.installer import environment
from ovs_drivers.installer import errors
from ovs_drivers.installer import files
from ovs_drivers.installer import probe
from ovs_drivers.installer import interpreter
from ovs_drivers.installer import registrations
from ovs_drivers.installer import state
from ovs_drivers.tests.installer import fixtures

CONNECTOR = 'os_brick/initiator/connector.py'
CONFIG = 'nova/virt/libvirt/config.py'
MODULE = 'os_brick/initiator/connectors/openvstorage.py'


def ask_here(python, action, *arguments, **_options):
    """Answer without another process; an import always works."""
    return {'parse': probe.parse, 'verify': lambda package: {}}[action](
        *arguments)


class OperationsTestCase(fixtures.TestCase):

    def setUp(self):
        self.replace(interpreter, 'ask', ask_here)
        self.replace(os, 'fsync', lambda handle: None)  # for speed
        self.root = fixtures.make_tree(fixtures.new_folder(self))
        self.before = self.fingerprint()
        # Like an environment without ovs_drivers: it gets a copy.
        self.environment = environment.Environment(
            'the test', 'python', environment.of_tree(self.root).packages,
            purelib=self.root)

    def replace(self, owner, name, value):
        self.addCleanup(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    def path(self, path):
        return os.path.join(self.root, path)

    def fingerprint(self):
        return fixtures.fingerprint(self.root)

    def state(self):
        return operations.check(self.environment)[0]

    def install(self):
        return operations.install(self.environment)

    def uninstall(self):
        return operations.uninstall(self.environment)

    def edit(self, path, old, new):
        text = fixtures.read(self.path(path))
        self.assertIn(old, text)
        fixtures.write(self.path(path), text.replace(old, new))

    def assert_restored(self):
        self.assertEqual(self.before, self.fingerprint())

    def assert_refused(self, kind, verb, *words):
        """Expect a refusal that touches nothing."""
        before = self.fingerprint()
        with self.assertRaises(kind) as caught:
            verb()
        for word in words:
            self.assertIn(word, str(caught.exception))
        self.assertEqual(before, self.fingerprint())


class RoundTripTest(OperationsTestCase):

    def test_install_and_uninstall(self):
        self.assertEqual('not installed', self.state())
        written = self.install()
        self.assertIn(self.path(MODULE), written)
        self.assertIn(self.path('ovs_drivers/location.py'), written)
        self.assertFalse(os.path.exists(self.path('ovs_drivers/installer')))
        self.assertFalse(os.path.exists(self.path('ovs_drivers/tests')))
        self.assertEqual('installed', self.state())
        installed = self.fingerprint()
        self.assertEqual([], self.install())
        self.assertEqual(installed, self.fingerprint())
        self.assertEqual(sorted(written), sorted(self.uninstall()))
        self.assert_restored()
        self.assertEqual([], self.uninstall())
        self.assert_restored()

    def test_trees_of_old_releases(self):
        shutil.rmtree(self.root)
        fixtures.make_tree(self.root, fixtures.OLD_CONNECTOR,
                           fixtures.OLD_NOVA_DRIVER)
        self.before = self.fingerprint()
        self.install()
        self.assertEqual('installed', self.state())
        self.uninstall()
        self.assertEqual(self.before, self.fingerprint())

    def test_only_some_packages(self):
        for packages in (['os_brick'], ['cinder'], ['nova', 'os_brick']):
            found = dict((name, self.environment.packages[name])
                         for name in packages)
            self.environment = environment.Environment(
                'the test', 'python', found, purelib=self.root)
            written = self.install()
            self.assertEqual(
                set(packages + ['ovs_drivers']),
                set(os.path.relpath(path, self.root).split(os.sep)[0]
                    for path in written))
            self.uninstall()
            self.assert_restored()
            self.environment.packages = environment.of_tree(
                self.root).packages

    def test_line_ends_of_windows(self):
        self.edit(CONNECTOR, '\n', '\r\n')
        before = self.fingerprint()
        self.install()
        text = fixtures.read(self.path(CONNECTOR))
        self.assertEqual(text.count('\n'), text.count('\r\n'))
        self.uninstall()
        self.assertEqual(before, self.fingerprint())

    def test_compiled_files_go_with_their_source(self):
        self.assertEqual(2, len(files.bytecode_of(self.path(CONNECTOR))))
        self.install()
        self.assertEqual([], files.bytecode_of(self.path(CONNECTOR)))
        for path in ('os_brick/initiator/__pycache__/connector.pypy-7.pyc',
                     'os_brick/initiator/connector.pyc',
                     'os_brick/initiator/connectors/openvstorage.pyc',
                     'ovs_drivers/__pycache__/location.cpython-311.pyc'):
            fixtures.write(self.path(path), 'compiled by a service')
        self.uninstall()
        self.assert_restored()
        self.assertEqual([], [
            name for _folder, folders, names in os.walk(self.root)
            for name in folders + names
            if name.endswith('.pyc') or name == '__pycache__'])

    def test_diff_is_the_same_before_and_after(self):
        before = operations.diff(self.environment)
        self.assertIn("+    'OPENVSTORAGE_EDGE':", before)
        self.assertIn('+++ %s' % self.path(MODULE), before)
        self.install()
        self.assertEqual(before, operations.diff(self.environment))

    def test_record_has_checksums_and_originals(self):
        self.install()
        found = state.State(self.root)
        entry = found.entries[CONNECTOR]
        self.assertEqual('installed', found.status)
        self.assertEqual(fixtures.NEW_CONNECTOR.encode('ascii'),
                         found.original(CONNECTOR))
        self.assertEqual(files.checksum(fixtures.NEW_CONNECTOR.encode()),
                         entry['before'])
        self.assertEqual(files.checksum(files.read(self.path(CONNECTOR))),
                         entry['after'])
        self.assertIsNone(found.entries[MODULE]['before'])
        self.assertEqual('*\n', fixtures.read(
            self.path('.ovs-drivers/.gitignore')))

    def test_two_trees_of_one_environment(self):
        checkout = fixtures.new_folder(self)
        shutil.move(self.path('nova'), checkout)
        before = fixtures.fingerprint(checkout)
        self.environment.packages['nova'] = environment.Package(
            os.path.join(checkout, 'nova'))
        self.install()
        self.assertEqual('installed', self.state())
        self.assertTrue(os.path.isdir(os.path.join(checkout,
                                                   '.ovs-drivers')))
        self.uninstall()
        self.assertEqual(before, fixtures.fingerprint(checkout))


class FailureTest(OperationsTestCase):

    def test_a_failed_verification_puts_everything_back(self):
        def fail(python, action, *arguments, **options):
            if (action, arguments) == ('verify', ('nova',)):
                raise interpreter.NoAnswer(python, 'X: y', 'Traceback')
            return ask_here(python, action, *arguments, **options)

        self.replace(interpreter, 'ask', fail)
        self.assert_refused(errors.VerificationFailed, self.install,
                            'nova', 'Traceback')
        self.assert_restored()

    def fail_to_import(self):
        def fail(python, action, *arguments, **options):
            if action == 'verify':
                raise interpreter.NoAnswer(python, 'X: y')
            return ask_here(python, action, *arguments, **options)

        self.replace(interpreter, 'ask', fail)

    def test_what_is_installed_already_is_verified_too(self):
        self.install()
        installed = self.fingerprint()
        self.fail_to_import()
        self.assert_refused(errors.VerificationFailed, self.install, 'X: y')
        self.assertEqual(installed, self.fingerprint())

    def test_check_tells_what_does_not_import(self):
        self.install()
        self.fail_to_import()
        word, problem = operations.check(self.environment)
        self.assertEqual('does not work', word)
        self.assertEqual(8, problem.code)

    def kill_at(self, verb, step):
        """Run a verb in a process that dies at a step; say whether it did."""
        child = os.fork()
        if child:
            return os.waitpid(child, 0)[1] != 0
        steps = []

        def dying(action):
            def step_or_die(*arguments, **options):
                steps.append(action)
                if len(steps) == step:
                    os._exit(9)
                return action(*arguments, **options)
            return step_or_die

        for name in ('mkdir', 'rmdir', 'rename', 'unlink'):
            setattr(os, name, dying(getattr(os, name)))
        try:
            verb()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def for_each_step(self, verb, then):
        """Kill a verb at each of its steps, each time on a fresh tree."""
        step = 1
        while self.kill_at(verb, step):
            then()
            step += 1
            self.assertLess(step, 500)
        self.assertGreater(step, 5)

    def test_a_killed_installation_is_undone(self):
        def then():
            self.assertNotEqual('installed', self.state())
            self.uninstall()
            self.assert_restored()

        self.for_each_step(self.install, then)

    def test_a_killed_installation_is_finished(self):
        def then():
            self.install()
            self.assertEqual('installed', self.state())
            self.assertEqual([], [path for path in self.fingerprint()
                                  if path.endswith('.tmp')])
            self.uninstall()
            self.assert_restored()

        self.for_each_step(self.install, then)

    def test_a_killed_uninstallation_is_finished(self):
        def then():
            self.uninstall()
            self.assert_restored()
            self.install()

        self.install()
        self.for_each_step(self.uninstall, then)
        self.assert_restored()

    def test_a_killed_uninstallation_is_turned_round(self):
        def then():
            self.install()
            self.assertEqual('installed', self.state())

        self.install()
        self.for_each_step(self.uninstall, then)
        self.assert_restored()

    def test_a_killed_update_is_undone_or_finished(self):
        entry = registrations.INSERTIONS['os_brick'][CONNECTOR][0]
        modules = registrations.MODULES['os_brick']
        current = entry.lines, modules[MODULE]
        self.replace(entry, 'lines', current[0])
        self.addCleanup(modules.__setitem__, MODULE, current[1])

        def install_older():
            entry.lines, modules[MODULE] = ["'older.Connector',"], b'# older\n'
            self.install()
            entry.lines, modules[MODULE] = current

        def undo():
            self.uninstall()
            self.assert_restored()
            install_older()

        def finish():
            self.install()
            self.assertEqual('installed', self.state())
            undo()

        install_older()
        self.for_each_step(self.install, undo)
        undo()
        self.for_each_step(self.install, finish)


class ForeignChangeTest(OperationsTestCase):

    def test_a_foreign_file_where_a_module_goes(self):
        fixtures.write(self.path(MODULE), 'mine')
        for verb in (self.install, lambda: operations.diff(self.environment)):
            self.assert_refused(errors.ForeignChange, verb, MODULE)
        self.assertEqual('changed by another tool', self.state())
        self.assertEqual([], self.uninstall())
        self.assertEqual('mine', fixtures.read(self.path(MODULE)))

    def test_a_folder_or_dead_link_where_a_module_goes(self):
        os.symlink('/nowhere', self.path(MODULE))
        self.assert_refused(errors.ForeignChange, self.install, MODULE)

    def test_a_registration_made_by_hand(self):
        self.edit(CONNECTOR, "'AOE'", "'OPENVSTORAGE_EDGE'")
        self.assert_refused(errors.ForeignChange, self.install, CONNECTOR)

    def test_a_module_changed_after_the_installation(self):
        self.install()
        self.edit(MODULE, 'The Open', 'My Open')
        for verb in (self.install, self.uninstall):
            self.assert_refused(errors.ForeignChange, verb, MODULE)

    def test_our_lines_changed_after_the_installation(self):
        self.install()
        self.edit(CONNECTOR, "    'OPENVSTORAGE_EDGE':",
                  "    'OPENVSTORAGE_EDGE': None, 'x':")
        for verb in (self.install, self.uninstall):
            self.assert_refused(errors.ForeignChange, verb, CONNECTOR,
                                'between the marks')

    def test_a_mark_that_was_removed(self):
        self.install()
        text = fixtures.read(self.path(CONFIG))
        lines = [line for line in text.split('\n') if 'END ovs' not in line]
        fixtures.write(self.path(CONFIG), '\n'.join(lines))
        for verb in (self.install, self.uninstall):
            self.assert_refused(errors.ForeignChange, verb, CONFIG,
                                'lost its partner')

    def test_changes_elsewhere_in_the_file_are_kept(self):
        self.install()
        self.edit(CONFIG, '    def parse_dom',
                  '    x = 1\n\n    def parse_dom')
        self.assertEqual('installed', self.state())
        self.uninstall()
        self.assertEqual(
            fixtures.NOVA_CONFIG.replace(
                '    def parse_dom', '    x = 1\n\n    def parse_dom'),
            fixtures.read(self.path(CONFIG)))

    def test_an_upgrade_of_a_package_is_seen_and_repaired(self):
        self.install()
        newer = fixtures.NEW_CONNECTOR + 'NEWER = True\n'
        fixtures.write(self.path(CONNECTOR), newer)
        self.assertEqual('partly installed', self.state())
        self.assertEqual([self.path(CONNECTOR)], self.install())
        self.assertEqual('installed', self.state())
        self.uninstall()
        self.assertEqual(newer, fixtures.read(self.path(CONNECTOR)))

    def test_an_upgrade_of_a_package_before_uninstalling(self):
        self.install()
        fixtures.write(self.path(CONNECTOR), 'quite = "another"\n')
        self.assert_refused(errors.UnknownLayout, self.install)
        self.uninstall()
        self.assertEqual('quite = "another"\n',
                         fixtures.read(self.path(CONNECTOR)))
        self.assertFalse(os.path.exists(self.path(MODULE)))

    def test_a_package_that_was_removed(self):
        self.install()
        shutil.rmtree(self.path('nova'))
        del self.environment.packages['nova']
        self.uninstall()
        self.assertFalse(os.path.exists(self.path('ovs_drivers')))
        self.assertFalse(os.path.exists(self.path('.ovs-drivers')))

    def test_without_the_record_the_marks_are_enough(self):
        self.install()
        shutil.rmtree(self.path('.ovs-drivers'))
        self.assertEqual('installed', self.state())
        self.uninstall()
        for path in (CONNECTOR, CONFIG):
            self.assertEqual(self.before[path], self.fingerprint()[path])
        self.assertFalse(os.path.exists(self.path(MODULE)))

    def test_a_record_that_cannot_be_read(self):
        self.install()
        for text in ('{', '[]', '{"format": 2}', '{}'):
            fixtures.write(self.path('.ovs-drivers/manifest.json'), text)
            for verb in (self.install, self.uninstall):
                self.assert_refused(errors.ForeignChange, verb,
                                    'manifest.json')

    def test_lines_of_an_older_version_are_brought_up_to_date(self):
        entry = registrations.INSERTIONS['os_brick'][CONNECTOR][0]
        self.replace(entry, 'lines', ["'older.%s'," % 'Connector'])
        self.install()
        self.assertIn('older.Connector', fixtures.read(self.path(CONNECTOR)))
        entry.lines = ["'%s'," % registrations.CONNECTOR]
        self.assertEqual('partly installed', self.state())
        self.install()
        self.assertNotIn('older.Connector',
                         fixtures.read(self.path(CONNECTOR)))
        self.assertEqual('installed', self.state())
        self.uninstall()
        self.assert_restored()


class CopyTest(OperationsTestCase):
    """The package ovs_drivers in the environment."""

    def give_it_a_package(self, location):
        fixtures.write(self.path('ovs_drivers/__init__.py'), '')
        fixtures.write(self.path('ovs_drivers/location.py'), location)
        self.environment.packages['ovs_drivers'] = environment.Package(
            self.path('ovs_drivers'), '0.1')

    def test_another_version_is_refused(self):
        self.give_it_a_package('other')
        self.assert_refused(errors.ReleaseMismatch, self.install,
                            'another version of ovs_drivers (0.1)')
        self.assertEqual('releases do not match', self.state())

    def test_the_same_version_is_used(self):
        import ovs_drivers
        self.environment.packages['ovs_drivers'] = environment.Package(
            os.path.dirname(ovs_drivers.__file__))
        written = self.install()
        self.assertEqual([], [path for path in written
                              if '/ovs_drivers/' in path])
        self.uninstall()
        self.assert_restored()

    def test_our_own_copy_is_brought_up_to_date(self):
        self.install()
        self.environment.packages['ovs_drivers'] = environment.Package(
            self.path('ovs_drivers'))
        found = state.State(self.root)
        older = b'# older\n'
        fixtures.write(self.path('ovs_drivers/location.py'), '# older\n')
        found.entries['ovs_drivers/location.py']['after'] = files.checksum(
            older)
        with files.Transaction() as transaction:
            found.record(transaction, [], 'installed')
        self.assertEqual('partly installed', self.state())
        self.assertEqual([self.path('ovs_drivers/location.py')],
                         self.install())
        self.assertEqual('installed', self.state())

    def test_what_pip_put_over_our_copy_stays(self):
        self.install()
        os.mkdir(self.path('devstack_plugin_openvstorage-1.0.dist-info'))
        self.uninstall()
        self.assertTrue(os.path.exists(self.path('ovs_drivers/location.py')))
        self.assertFalse(os.path.exists(self.path(MODULE)))


class RefusalTest(OperationsTestCase):

    def test_unknown_layouts(self):
        fixtures.write(self.path(CONFIG), 'x = 1\n')
        self.assert_refused(errors.UnknownLayout, self.install, CONFIG)
        self.assertEqual('unknown layout', self.state())
        os.unlink(self.path(CONFIG))
        self.assert_refused(errors.UnknownLayout, self.install, CONFIG)

    def test_a_folder_for_modules_that_is_missing(self):
        shutil.rmtree(self.path('cinder/volume/drivers'))
        self.assert_refused(errors.UnknownLayout, self.install, 'drivers')

    def test_not_writable(self):
        self.replace(os, 'access',
                     lambda path, mode, **_options: 'connectors' not in path)
        self.assert_refused(errors.NotWritable, self.install, 'connectors')

    def test_locked(self):
        with files.locked([self.root]):
            for verb in (self.install, self.uninstall):
                self.assert_refused(errors.Busy, verb, self.root)

    def test_releases_that_do_not_match(self):
        self.environment.packages['nova'].version = '33.0.2'
        self.environment.packages['os_brick'].version = '1.6.2'
        self.assert_refused(
            errors.ReleaseMismatch,
            lambda: operations.check_releases(self.environment), 'newton')
        self.assertEqual('releases do not match', self.state())
        self.assertEqual('not installed', operations.check(
            self.environment, allow_mismatch=True)[0])
