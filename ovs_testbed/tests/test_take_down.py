# SPDX-License-Identifier: Apache-2.0

import os
from unittest import mock

from harness import errors
from harness import run
from ovs_testbed import packages
from ovs_testbed import plugin
from ovs_testbed import ports
from ovs_testbed import sandbox
from ovs_testbed import take_down
from ovs_testbed import testbeds
from ovs_testbed.tests import support


class TakeDownTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.calls = []
        sockets = self.path('sockets')
        os.mkdir(sockets)
        self.use(testbeds, 'SOCKETS', sockets)
        for owner, name in ((plugin.Plugin, 'remove'),
                            (sandbox.Sandbox, 'close'),
                            (packages, 'take_policy_back'),
                            (plugin, 'remove_mount_points')):
            self.use(owner, name,
                     lambda *_arguments, name=name: self.calls.append(name))
        self.use(sandbox.Sandbox, 'exists', lambda _self: True)
        self.use(testbeds.Testbed, 'was_installed', lambda _self: True)

    def use(self, owner, name, value):
        patched = mock.patch.object(owner, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def test_the_plugin_first_and_its_mount_points_last(self):
        take_down.down(self.testbed)
        self.assertEqual(['remove', 'close', 'take_policy_back',
                          'remove_mount_points'], self.calls)
        self.assertFalse(os.path.exists(self.testbed.folder))
        self.assertFalse(os.path.exists(testbeds.SOCKETS))

    def test_a_plugin_that_fails_is_told_and_no_obstacle(self):
        said = []
        self.use(plugin.Plugin, 'remove', mock.Mock(
            side_effect=errors.Error('no keystone')))
        take_down.down(self.testbed, said.append)
        self.assertEqual(['plugin.sh unstack and clean: no keystone'], said)
        self.assertFalse(os.path.exists(self.testbed.folder))

    def test_a_plugin_that_was_not_installed_is_not_run(self):
        self.use(testbeds.Testbed, 'was_installed', lambda _self: False)
        take_down.down(self.testbed)
        self.assertEqual('close', self.calls[0])

    def test_only_namespaces_without_a_process_are_left_over(self):
        self.use(ports, 'taken_blocks', lambda: [
            'ovs-testbed-25000', 'ovs-testbed-25100', 'ovs-testbed-25200'])
        self.use(sandbox, 'members', lambda path: (
            [1] if path.endswith('25100') else []))
        self.use(testbeds, 'names', lambda _folder: ['unit'])
        self.use(testbeds, 'load', lambda *_: self.testbed)
        commands = []
        self.use(run, 'run', commands.append)
        self.assertEqual(['ovs-testbed-25200'], take_down.remove_leftovers())
        self.assertEqual(
            [['ip', 'netns', 'delete', 'ovs-testbed-25200']], commands)
