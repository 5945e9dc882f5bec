# SPDX-License-Identifier: Apache-2.0

from unittest import mock

from ovs_testbed import smoke
from ovs_testbed.tests import support

_TITLE = 'extend while attached'


class SmokeTestCase(support.TestbedTestCase):

    def titles(self):
        """The titles of its steps, and what it says before."""
        said = []
        screen = mock.Mock(say=said.append)
        with mock.patch.object(smoke.Smoke, '_connect'):
            run = smoke.Smoke(self.testbed, screen)
        self.addCleanup(run._folder.cleanup)
        return [title for title, _step in run._steps()], said

    def test_what_this_release_can_is_tested(self):
        titles, said = self.titles()
        self.assertIn(_TITLE, titles)
        self.assertEqual([], said)


class NewtonSmokeTestCase(SmokeTestCase):

    RELEASE = 'newton'

    def test_what_this_release_can_is_tested(self):
        titles, said = self.titles()
        self.assertNotIn(_TITLE, titles)
        self.assertIn('skip %s' % _TITLE, said[0])
