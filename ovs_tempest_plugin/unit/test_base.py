# SPDX-License-Identifier: Apache-2.0

import unittest

import fixtures
from tempest import config
from tempest.lib import exceptions as lib_exc

from ovs_drivers import storagedriver
from ovs_tempest_plugin.tests import base

CONF = config.CONF


class FakeVPool(object):

    def __init__(self, backend, *names):
        self.backend = backend
        self.there = list(names)

    def has(self, name):
        return name in self.there

    def size(self, name):
        return base.GIB if name in self.there else None

    def content(self):
        return dict((name, (storagedriver.VolumeInfo(
            name, base.GIB, None, None, 0, 0, False, 'node', False), []))
            for name in self.there)


class FakeCinder(object):

    def __init__(self):
        self.volumes = []

    def list_volumes(self, detail, params):
        return {'volumes': self.volumes}

    def list_snapshots(self, **params):
        return {'snapshots': []}

    def show_volume(self, volume_id):
        return {'volume': [volume for volume in self.volumes
                           if volume['id'] == volume_id][0]}


class BaseTestCase(unittest.TestCase):
    """The checks that every class of the plugin's tests makes."""

    def setUp(self):
        super(BaseTestCase, self).setUp()
        self.now = 0
        for name, value in (('time', lambda: self.now),
                            ('sleep', self.sleep)):
            patch = fixtures.MonkeyPatch('time.%s' % name, value)
            patch.setUp()
            self.addCleanup(patch.cleanUp)
        self.cinder = FakeCinder()
        self.vpools = [FakeVPool('one'), FakeVPool('two')]
        self.when_asleep = None

        class Tests(base.BaseTest):
            vpools = self.vpools
            vpool = self.vpools[0]
            admin_volumes = admin_snapshots = self.cinder
            _orphans_before = []

            def runTest(self):
                """Nothing: only the checks of the class are of interest."""

        self.tests = Tests

    def sleep(self, seconds):
        self.now += seconds
        if self.when_asleep:
            self.when_asleep()

    def cinder_has(self, volume_id, backend, name_id=None):
        self.cinder.volumes.append(
            {'id': volume_id, 'os-vol-mig-status-attr:name_id': name_id,
             'os-vol-host-attr:host': 'node@section#' + backend})

    def skipped_for(self, **values):
        """Return why a class is skipped, which needs manage_volume and whose
        base needs console_output; None if it is not."""
        class Machine(self.tests):
            needs = [('compute-feature-enabled', 'console_output')]

        class Managed(Machine):
            needs = [('volume-feature-enabled', 'manage_volume')]

        for option, value in values.items():
            group = ('volume-feature-enabled' if option == 'manage_volume'
                     else 'compute-feature-enabled')
            CONF.set_override(option, value, group)
            self.addCleanup(CONF.clear_override, option, group)
        CONF.set_override('vpool', 'one', 'openvstorage')
        self.addCleanup(CONF.clear_override, 'vpool', 'openvstorage')
        try:
            Managed.skip_checks()
        except Managed.skipException as reason:
            return str(reason)

    def test_a_class_needs_what_its_bases_need(self):
        self.assertIsNone(self.skipped_for(manage_volume=True,
                                           console_output=True))
        self.assertEqual(
            '[volume-feature-enabled] manage_volume is false or empty',
            self.skipped_for(manage_volume=False, console_output=True))
        self.assertEqual(
            '[compute-feature-enabled] console_output is false or empty',
            self.skipped_for(manage_volume=True, console_output=False))

    def test_empty_vpools_end_a_class_well(self):
        self.tests.resource_cleanup()
        self.assertEqual(0, self.now)

    def test_an_orphan_fails_the_class(self):
        self.vpools[1].there.append('volume-1')
        with self.assertRaises(lib_exc.TimeoutException) as caught:
            self.tests.resource_cleanup()
        self.assertIn('volume-1 on two', str(caught.exception))
        self.assertGreater(self.now, CONF.openvstorage.settle_timeout)

    def test_an_orphan_that_was_there_before_does_not(self):
        self.vpools[1].there.append('volume-1')
        self.tests._orphans_before = ['volume-1 on two']
        self.tests.resource_cleanup()

    def test_what_another_worker_makes_at_the_moment_does_not(self):
        self.vpools[0].there.append('volume-1')
        self.when_asleep = lambda: self.cinder_has('1', 'one')
        self.tests.resource_cleanup()

    def test_a_migrated_volume_is_known_by_its_name_id(self):
        self.cinder_has('1', 'one', name_id='2')
        self.vpools[0].there.append('volume-2')
        self.tests.resource_cleanup()
        self.tests().assert_on_vpool('1')

    def test_the_wrong_back_end_is_a_failure(self):
        tests = self.tests()
        self.cinder_has('1', 'one')
        # nowhere, which is also what another driver's volume looks like
        self.assertRaises(AssertionError, tests.assert_on_vpool, '1')
        # somewhere else than Cinder says
        self.vpools[1].there.append('volume-1')
        self.assertRaises(AssertionError, tests.assert_on_vpool, '1')
        # in both
        self.vpools[0].there.append('volume-1')
        self.assertRaises(AssertionError, tests.assert_on_vpool, '1')
        self.vpools[1].there.remove('volume-1')
        tests.assert_on_vpool('1')
        # of another size, on another vPool than wanted
        self.assertRaises(AssertionError, tests.assert_on_vpool, '1', 2)
        self.assertRaises(AssertionError, tests.assert_on_vpool, '1',
                          vpool=self.vpools[1])

    def test_what_is_to_be_gone_has_time_but_not_for_ever(self):
        self.vpools[0].there.append('v')
        self.assertRaises(lib_exc.TimeoutException,
                          self.tests().assert_gone, ['v'])
        self.when_asleep = lambda: self.vpools[0].there.remove('v')
        self.tests().assert_gone(['v'])

    def test_quotas_are_lifted_and_put_back(self):
        calls = []

        class Extras(object):

            def VolumeExtrasClient(self):
                return self

            def show_quotas(self, project):
                return {'quota_set': {'id': project, 'volumes': 10,
                                      'snapshots': 11, 'gigabytes': 12}}

            def update_quotas(self, project, **quotas):
                calls.append((project, quotas))

        class Clients(object):
            volume_extras_v3 = Extras()

            class credentials(object):
                project_id = 'a-project'

        cleanups = []
        self.tests.os_admin = self.tests.os_primary = Clients
        self.tests.addClassResourceCleanup = staticmethod(
            lambda *args, **kwargs: cleanups.append((args, kwargs)))
        self.tests._lift_quota(20)
        (call, project), before = cleanups[0]
        call(project, **before)
        self.assertEqual(
            [('a-project', dict(volumes=20, snapshots=20, gigabytes=40)),
             ('a-project', dict(volumes=10, snapshots=11, gigabytes=12))],
            calls)
