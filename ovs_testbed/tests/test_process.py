# SPDX-License-Identifier: Apache-2.0

from unittest import mock

from harness import errors
from ovs_testbed import process
from ovs_testbed import supervisor
from ovs_testbed import testbeds
from ovs_testbed.tests import support


class ProcessTestCase(support.TestbedTestCase):
    """The module that devstack/functions calls to run and stop processes"""

    def setUp(self):
        super().setUp()
        for owner, name, value in (
                (testbeds, 'load', lambda name, folder: self.testbed),
                (supervisor.Supervisor, 'start', mock.Mock()),
                (supervisor.Supervisor, 'stop', mock.Mock())):
            patched = mock.patch.object(owner, name, value)
            patched.start()
            self.addCleanup(patched.stop)

    def test_start(self):
        process.main(self.testbed.folder, 'start', 'ovs-sd', 'serve', '-v')
        program, = supervisor.Supervisor.start.call_args.args
        self.assertEqual(('ovs-sd', ['serve', '-v'], '022'), (
            program.name, program.command, program.umask))
        self.assertEqual({'PATH', 'HOME', 'LANG'}, program.env.keys())

    def test_stop(self):
        process.main(self.testbed.folder, 'stop', 'ovs-sd')
        supervisor.Supervisor.stop.assert_called_once_with('ovs-sd')

    def test_a_failure_is_an_error_of_the_plugin(self):
        for error in errors.Error('it hangs'), OSError('no socket'):
            supervisor.Supervisor.stop.side_effect = error
            with self.assertRaisesRegex(
                    SystemExit, 'ERROR stop ovs-sd: (it hangs|no socket)'):
                process.main(self.testbed.folder, 'stop', 'ovs-sd')
