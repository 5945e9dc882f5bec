# SPDX-License-Identifier: Apache-2.0

import os
from unittest import mock

from harness import errors
from harness import files
from ovs_testbed import bring_up
from ovs_testbed import sandbox
from ovs_testbed import supervisor
from ovs_testbed import testbeds
from ovs_testbed import upgrade
from ovs_testbed.services import base
from ovs_testbed.tests import support

EARLIER, LATER = '2026.1', '2026.2'


class UpgradeTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        state = {'name': 'unit', 'release': EARLIER, 'base_port': 25000}
        files.write_json(self.testbed.path('testbed.json'), state)
        self.testbed = testbeds.Testbed('unit', self.testbed.folder, state)

    def check(self, wanted, is_up=True):
        with mock.patch.object(sandbox.Sandbox, 'exists', lambda box: is_up):
            upgrade.check(self.testbed, wanted)

    def test_a_later_release_is_taken(self):
        self.check(LATER)

    def test_there_is_no_way_back(self):
        later = testbeds.switch(self.testbed, LATER)
        for wanted in EARLIER, LATER:
            with self.assertRaisesRegex(errors.Error, 'no way from'):
                upgrade.check(later, wanted)

    def test_no_release_is_left_out(self):
        pike = testbeds.switch(self.testbed, 'pike')
        with self.assertRaises(errors.Error) as seen:
            upgrade.check(pike, LATER)
        self.assertIn('another --name', seen.exception.hint)
        with self.assertRaises(errors.Error) as seen:
            self.check('pike')
        self.assertIn(LATER, seen.exception.hint)

    def test_a_testbed_that_is_down_is_refused(self):
        with self.assertRaisesRegex(errors.Error, 'is not up') as seen:
            self.check(LATER, is_up=False)
        self.assertIn('ovs-testbed up', seen.exception.hint)

    def test_the_switch_forgets_what_was_done(self):
        files.write(self.testbed.mark('install'), '')
        later = testbeds.switch(self.testbed, LATER)
        self.assertEqual((LATER, EARLIER),
                         (later.release.name, later.first_release))
        self.assertFalse(os.path.exists(later.mark('install')))
        self.assertTrue(later.was_installed())
        again = testbeds.load('unit', self.folder)
        self.assertEqual((LATER, EARLIER),
                         (again.release.name, again.first_release))

    def test_databases_are_migrated_and_never_made_again(self):
        later = bring_up.BringUp(testbeds.switch(self.testbed, LATER))
        migrated = []
        for service in later.services.values():
            service.make_schemas = mock.Mock(side_effect=AssertionError)
            service.migrate_schemas = lambda name=service.name: \
                migrated.append(name)
        later.services['database'].make_databases = mock.Mock(
            side_effect=AssertionError)
        step = next(step for step in later.steps() if step.name == 'schemas')
        self.assertEqual('from ' + EARLIER, step.action())
        self.assertEqual(list(later.services), migrated)

    def test_only_the_services_of_openstack_stop(self):
        stopped = []
        stop = next(step for step in upgrade.plan(self.testbed, LATER)
                    if step.name == 'stop')
        with mock.patch.object(supervisor.Supervisor, 'stop',
                               lambda supervisord, name: stopped.append(name)):
            stop.action()
        known = bring_up.BringUp(self.testbed).services.values()
        self.assertEqual(
            {program.name for service in known
             if isinstance(service, base.OpenStackService)
             for program in service.programs()}, set(stopped))
        self.assertNotIn('mariadbd', stopped)
        self.assertLess(stopped.index('c-vol'), stopped.index('keystone'))
