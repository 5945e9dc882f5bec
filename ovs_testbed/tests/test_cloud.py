# SPDX-License-Identifier: Apache-2.0

import types
from unittest import mock

from ovs_testbed import cloud
from ovs_testbed import guest
from ovs_testbed import networks
from ovs_testbed import resources
from ovs_testbed.tests import support


def _named(**values):
    return types.SimpleNamespace(**values)


class CloudTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.connection = mock.Mock()
        patched = mock.patch.object(cloud, 'connect',
                                    return_value=self.connection)
        patched.start()
        self.addCleanup(patched.stop)

    def test_a_host_is_there_when_it_is_up(self):
        probe = cloud.look_for_host(self.testbed)
        hypervisors = self.connection.compute.hypervisors
        for states, expected in (((), False), (('down',), False),
                                 (('down', 'up'), True)):
            hypervisors.return_value = [_named(state=state)
                                        for state in states]
            done, seen = probe()
            self.assertEqual(expected, done)
            self.assertEqual('hosts in state %s' % list(states), seen)

    def test_only_volume_services_that_are_up_count(self):
        probe = cloud.look_for_volume_services(self.testbed, 2)
        services = self.connection.block_storage.services
        services.return_value = [
            _named(binary='cinder-scheduler', host='s', state='up'),
            _named(binary='cinder-volume', host='a', state='up'),
            _named(binary='cinder-volume', host='b', state='down')]
        self.assertEqual((False, {'a': 'up', 'b': 'down'}), probe())
        services.return_value[2].state = 'up'
        self.assertTrue(probe()[0])
        services.return_value = []
        self.assertEqual((False, 'no service'), probe())

    def test_variables_log_in_as_the_user(self):
        found = cloud.variables(self.testbed, 'demo')
        self.assertEqual(('demo', 'demo', self.testbed.passwords['demo']), (
            found['OS_USERNAME'], found['OS_PROJECT_NAME'],
            found['OS_PASSWORD']))


class CatalogTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.identity = mock.Mock()
        self.identity.roles.return_value = [_named(name='admin')]
        self.identity.endpoints.return_value = []
        self.catalog = cloud.Catalog(_named(identity=self.identity))

    def test_what_is_there_is_not_made_again(self):
        self.identity.endpoints.return_value = [_named(interface='public')]
        self.catalog.make_service_user('nova', 'secret')
        self.catalog.make_endpoint('nova', 'compute', 'http://x')
        for name in 'project', 'user', 'service':
            getattr(self.identity, 'create_' + name).assert_not_called()
        self.assertEqual(['internal'], [
            call.kwargs['interface'] for call
            in self.identity.create_endpoint.call_args_list])

    def test_what_is_missing_is_made(self):
        for name in 'project', 'user', 'service':
            getattr(self.identity, 'find_' + name).return_value = None
        self.catalog.make_service_user('nova', 'secret')
        self.catalog.make_endpoint('nova', 'compute', 'http://x')
        self.identity.create_project.assert_called_once_with(
            name='service', domain_id='default')
        self.identity.create_user.assert_called_once_with(
            name='nova', password='secret', domain_id='default')
        self.identity.create_role.assert_called_once_with(name='service')
        self.assertEqual(2, self.identity.create_endpoint.call_count)


class ResourcesTestCase(CloudTestCase):

    def setUp(self):
        super().setUp()
        for owner, name in ((networks, 'of'), (guest, 'path')):
            patched = mock.patch.object(owner, name)
            patched.start()
            self.addCleanup(patched.stop)

    def test_what_is_missing_is_made(self):
        connection = self.connection
        connection.compute.find_flavor.return_value = None
        connection.image.find_image.return_value = None
        connection.block_storage.find_type.return_value = None
        resources.make(self.testbed)
        self.assertEqual(resources.FLAVORS, {
            call.kwargs['name']: call.kwargs['ram'] for call
            in connection.compute.create_flavor.call_args_list})
        self.assertEqual(resources.IMAGE,
                         connection.create_image.call_args.args[0])
        self.assertEqual('<is> True', connection.block_storage
                         .update_type_extra_specs.call_args
                         .kwargs['multiattach'])
        networks.of.return_value.make.assert_called_once()

    def test_what_is_there_is_not_made_again(self):
        resources.make(self.testbed)
        for made in (self.connection.compute.create_flavor,
                     self.connection.create_image,
                     self.connection.block_storage.create_type):
            made.assert_not_called()
