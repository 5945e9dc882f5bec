# SPDX-License-Identifier: Apache-2.0

import io
import os
import re
import subprocess
from unittest import mock

from harness import errors
from harness import files
from harness import progress
from ovs_testbed import doctor
from ovs_testbed import environment
from ovs_testbed import supervisor
from ovs_testbed.sabotage import fault
from ovs_testbed.sabotage import proof
from ovs_testbed.sabotage import suite
from ovs_testbed.tests import patients
from ovs_testbed.tests import support

_TEXT = '[DEFAULT]\nx = 1\n[a]\nb = 2\nx = 3\n[c]\nx=4\n'


class EditedTestCase(support.TestbedTestCase):

    def test_the_option_of_the_section_is_changed(self):
        self.assertEqual(
            _TEXT.replace('x = 3', 'x = <3>'),
            fault.edited(_TEXT, 'a', 'x', lambda value: '<%s>' % value))
        self.assertEqual(
            _TEXT.replace('x=4', 'x=9'),
            fault.edited(_TEXT, 'c', 'x', lambda value: '9'))

    def test_an_option_that_is_not_there(self):
        for section, option in (('DEFAULT', 'b'), ('none', 'x')):
            with self.assertRaisesRegex(errors.Error, 'there is no'):
                fault.edited(_TEXT, section, option, str)


class FaultsTestCase(patients.PatientTestCase):

    def setUp(self):
        super().setUp()
        self.faults = [suite.load(name, self.testbed)
                       for name in suite.names()]

    def test_each_says_what_the_doctor_has_to_say(self):
        self.assertGreater(len(self.faults), 45)
        titles = {found.title for found in self.faults}
        self.assertEqual(len(self.faults), len(titles))
        for found in self.faults:
            re.compile(found.cause)
            self.assertTrue(found.hint, found.name)

    def test_edited_options_are_there(self):
        edited = [found for found in self.faults
                  if isinstance(found, fault.Edited)]
        self.assertTrue(edited)
        for found in edited:
            text = files_text(found.path)
            self.assertNotEqual(text, found.edit(text), found.name)

    def test_an_edited_file_is_put_back_by_the_hint_alone(self):
        found = suite.load('keystone_password_of_cinder', self.testbed)
        text = '[keystone_authtoken]\npassword = right\n'
        files.write(found.path, text)
        with mock.patch.object(supervisor.Supervisor, 'restart') as restart, \
                mock.patch.object(found, 'shell') as shell:
            found.put_in()
            with self.assertRaisesRegex(errors.Error, 'does not name'):
                found.heal('set it')
            self.assertIn('wrong', files_text(found.path))
            found.heal('set password in [keystone_authtoken] of %s, then run '
                       '"restart it" and "look"' % found.path)
            self.assertEqual(text, files_text(found.path))
            self.assertEqual([mock.call('restart it'), mock.call('look')],
                             shell.mock_calls)
            restart.reset_mock()
            found.undo()
            restart.assert_not_called()
            found.put_in()
            found.undo()
            self.assertEqual(text, files_text(found.path))

    def test_a_frozen_program_is_let_go(self):
        found = suite.load('nova_compute_frozen', self.testbed)
        process = subprocess.Popen(['sleep', '60'])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        with mock.patch.object(supervisor.Supervisor, 'all', lambda _self: {
                'n-cpu': {'pid': process.pid}}):
            found.put_in()
        self.assertEqual('T', fault.procfs.state(process.pid))
        found.undo()
        self.assertNotEqual('T', fault.procfs.state(process.pid))

    def test_two_ports_are_swapped(self):
        found = suite.load('ports_of_a_vpool_swapped', self.testbed)
        text = '[myvpool01]\nedge_port = 20\nxml_rpc_port = 21\n' \
            '[myvpool02]\nedge_port = 30\nxml_rpc_port = 31\n'
        self.assertEqual(
            text.replace('= 20', '= x').replace('= 21', '= 20').replace(
                '= x', '= 21'), found.edit(text))


class UpgradedTestCase(support.TestbedTestCase):
    """os-brick, in an environment whose files are links to the cache"""

    def setUp(self):
        super().setUp()
        self.cached = os.path.join(self.testbed.cache.environment, 'lib',
                                   'python3.11', 'site-packages')
        files.write(self.cached + '/os_brick/initiator/connector.py', 'clean')
        files.write(self.cached + '/os_brick-6.11.1.dist-info/METADATA',
                    'Name: os-brick\nVersion: 6.11.1\n')
        self.own = os.path.join(environment.own_copy(self.testbed), 'lib',
                                'python3.11', 'site-packages')
        self.install()
        self.before = tree(self.own)
        self.fault = suite.load('os_brick_upgraded', self.testbed)
        self.restart = mock.Mock()
        patched = mock.patch.object(supervisor.Supervisor, 'restart',
                                    self.restart)
        patched.start()
        self.addCleanup(patched.stop)

    def install(self):
        files.write(self.own + '/os_brick/initiator/connector.py', 'ours')

    def put_in(self):
        cached = tree(self.cached)
        self.fault.put_in()
        self.assertEqual(cached, tree(self.cached))
        self.assertEqual([mock.call('c-vol'), mock.call('n-cpu')],
                         self.restart.mock_calls)
        self.restart.reset_mock()

    def test_the_drivers_are_gone_and_the_version_is_another(self):
        self.put_in()
        seen = tree(self.own)
        self.assertEqual('clean', seen['os_brick/initiator/connector.py'])
        self.assertEqual('Name: os-brick\nVersion: 6.11.99\n',
                         seen['os_brick-6.11.99.dist-info/METADATA'])
        self.assertEqual(
            ['os_brick-6.11.99.dist-info'],
            [name for name in os.listdir(self.own)
             if name.endswith('.dist-info')])

    def test_what_is_not_healed_is_undone(self):
        self.put_in()
        self.fault.undo()
        self.assertEqual(self.before, tree(self.own))
        self.assertEqual(2, self.restart.call_count)
        self.fault.undo()
        self.assertEqual(2, self.restart.call_count)

    def test_what_is_healed_has_its_version_again(self):
        self.put_in()
        self.install()
        self.fault.undo()
        self.assertEqual(self.before, tree(self.own))
        self.restart.assert_not_called()


def tree(folder):
    """The texts of all files of a folder."""
    return {os.path.relpath(os.path.join(where, name), folder):
            files_text(os.path.join(where, name))
            for where, _, names in os.walk(folder) for name in names}


def files_text(path):
    with open(path) as stream:
        return stream.read()


class FakeFault(fault.Fault):
    """A cat is in the machine."""

    cause = '^cat: sits'
    hint = 'take it out'
    state = None

    def put_in(self):
        FakeFault.state = 'in'

    def heal(self, hint):
        FakeFault.state = 'out'

    def undo(self):
        FakeFault.state = 'out'


class SuiteTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        FakeFault.state = None
        self.cause = doctor.Finding(doctor.ERROR, 'cat', 'sits',
                                    'take it out')
        self.proof = mock.Mock()
        for where, name, value in (
                (suite, 'names', lambda: ['cat']),
                (suite, 'load', lambda name, testbed: FakeFault(testbed)),
                (suite, '_NAMED_SECONDS', 0.2),
                (suite, '_GREEN_SECONDS', 0.2),
                (suite.namespaces, 'entered', mock.MagicMock()),
                (proof, 'Proof', lambda testbed, screen: self.proof),
                (doctor, 'examine', lambda testbed, folder:
                    [self.cause] if FakeFault.state == 'in' else [])):
            patched = mock.patch.object(where, name, value)
            patched.start()
            self.addCleanup(patched.stop)
        self.output = io.StringIO()

    def perform(self):
        run = suite.Run(self.testbed, progress.Progress(self.output))
        os.makedirs(os.path.dirname(run.results), exist_ok=True)
        good = run.perform()
        return good, files.read_json(run.results)

    def test_named_and_healed(self):
        good, results = self.perform()
        self.assertTrue(good)
        self.assertEqual((1, 0), (results['passed'], results['failed']))
        row, = results['faults']
        self.assertEqual('cat: sits', row['cause'])
        self.proof.prove.assert_called_once()
        self.proof.finish.assert_called_once_with()
        self.assertRegex(self.output.getvalue(),
                         r'A cat is in the machine +\d\.\d s +\d\.\d s  ok')

    def test_some_of_the_faults(self):
        screen = progress.Progress(self.output)
        suite.Run(self.testbed, screen, 'a')
        with self.assertRaisesRegex(errors.Error, 'no fault .* "dog"'):
            suite.Run(self.testbed, screen, 'dog')

    def failure(self):
        good, results = self.perform()
        self.assertFalse(good)
        self.assertEqual('out', FakeFault.state)
        self.assertIn('FAILED', self.output.getvalue())
        return results['faults'][0]['failure']

    def test_unseen(self):
        self.cause = doctor.Finding(doctor.GOOD, 'cat', 'sits')
        self.assertIn('last seen: no fault', self.failure())

    def test_another_cause(self):
        self.cause = doctor.Finding(doctor.ERROR, 'dog', 'barks', 'feed it')
        self.assertIn('last seen: dog: barks', self.failure())

    def test_a_wrong_hint(self):
        self.cause.hint = 'feed it'
        self.assertIn('the hint for "A cat is in the machine" is: feed it',
                      self.failure())

    def test_a_hint_that_does_not_heal(self):
        with mock.patch.object(FakeFault, 'heal'):
            self.assertIn('last seen: cat: sits', self.failure())

    def test_a_volume_that_cannot_be_used(self):
        self.proof.prove.side_effect = errors.Error('no volume')
        self.assertEqual('no volume', self.failure())
