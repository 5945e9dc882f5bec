# SPDX-License-Identifier: Apache-2.0

import contextlib
import threading

from ovs_doctor import cloud
from ovs_doctor import finding
from ovs_doctor import rest
from ovs_doctor.tests import apis
from ovs_testbed import namespaces
from ovs_testbed.tests import patients


class CloudTestCase(patients.PatientTestCase):

    def setUp(self):
        super().setUp()
        self.compute, self.storage = apis.compute(), apis.storage()
        self.placement = apis.placement()
        self.api = apis.FakeApi(**{
            'compute': self.compute, 'block-storage': self.storage,
            'placement': self.placement})
        self.patch(self.patient, 'api', lambda seconds: self.api)
        self.patch(namespaces, 'entered', contextlib.nullcontext)

    def first(self):
        wrong, = self.wrong(cloud.look).values()
        return wrong

    def test_all_is_well(self):
        found = self.found(cloud.look)
        self.assertFalse(self.wrong(cloud.look))
        self.assertEqual({
            'cinder-volume at testbed', 'nova-compute at testbed',
            'compute hosts', 'inventories of Placement',
            'pools of cinder-scheduler', 'type myvpool01', 'volumes'},
            set(found))

    def test_a_service_that_is_down(self):
        entry, = self.storage['/os-services']['services']
        entry['state'] = 'down'
        wrong = self.first()
        self.assertEqual('cinder-volume at testbed: down', str(wrong))
        self.assertIn(self.testbed.log('c-vol'), wrong.hint)

    def test_a_heartbeat_that_is_late(self):
        entry, = self.compute['/os-services']['services']
        entry['updated_at'] = apis.ago(50)
        wrong = self.first()
        self.assertEqual((finding.WARNING, 'nova-compute at testbed'),
                         (wrong.level, wrong.what))
        self.assertRegex(wrong.seen, r'not reported itself for 5\d s')
        self.assertIn('bin/ovs-testbed restart ', wrong.hint)

    def test_a_service_that_is_disabled(self):
        entry, = self.compute['/os-services']['services']
        entry['status'] = 'disabled'
        wrong = self.first()
        self.assertEqual('nova-compute at testbed: up, disabled', str(wrong))
        self.assertIn('"openstack compute service set --enable testbed '
                      'nova-compute"', wrong.hint)

    def test_a_vpool_that_is_disabled(self):
        entry, = self.storage['/os-services']['services']
        entry.update(host='testbed@myvpool01', status='disabled',
                     disabled_reason='new disks')
        wrong = self.first()
        self.assertEqual((
            finding.ERROR,
            'cinder-volume at testbed@myvpool01: up, disabled: new disks'),
            (wrong.level, str(wrong)))
        self.assertIn('"openstack volume service set --enable '
                      'testbed@myvpool01 cinder-volume"', wrong.hint)
        # where that does not help, as in 2026.2
        self.assertIn('run "openstack volume host set --disable '
                      'testbed@myvpool01" and "openstack volume host set '
                      '--enable testbed@myvpool01"', wrong.hint)

    def test_no_compute_host(self):
        host, = self.compute['/os-hypervisors/detail']['hypervisors']
        host['state'] = 'down'
        self.assertEqual('compute hosts: vm down', str(self.first()))

    def test_no_inventory(self):
        self.placement['/resource_providers/its-uuid/inventories'] = {
            'inventories': {}}
        self.assertEqual('inventories of Placement: none', str(self.first()))
        del self.api.answers['placement']       # as in Newton
        self.assertFalse(self.wrong(cloud.look))

    def test_a_type_without_back_end(self):
        self.storage['/types']['volume_types'].append(
            {'name': 'fast', 'id': 'fast-id',
             'extra_specs': {'volume_backend_name': 'none'}})
        wrong = self.first()
        self.assertEqual('type fast: no back end is called none', str(wrong))
        self.assertIn('"openstack volume type set --property '
                      'volume_backend_name=myvpool01 fast-id"', wrong.hint)

    def test_no_pool(self):
        self.storage['/scheduler-stats/get_pools']['pools'] = []
        self.assertEqual('pools of cinder-scheduler', self.first().what)

    def test_a_volume_that_is_stuck(self):
        volume = self.storage['/volumes/detail']['volumes'][1]
        volume.update(status='detaching', updated_at=apis.ago(700))
        wrong = self.first()
        self.assertEqual('volume new', wrong.what)
        self.assertRegex(wrong.seen, r'detaching for 70\d s; of project')
        for attachments, state in (([], 'available'),
                                   ([{'server_id': 'server'}], 'in-use')):
            volume['attachments'] = attachments
            self.assertIn('"openstack volume set --state %s new"' % state,
                          self.first().hint)
        volume['status'] = 'deleting'
        self.assertIn('--state error new', self.first().hint)

    def test_a_volume_of_a_server_that_is_gone(self):
        self.compute['/servers']['servers'] = []
        wrong = self.first()
        self.assertEqual('in-use by servers that are gone: server',
                         wrong.seen)
        self.assertIn('--detached used', wrong.hint)

    def test_a_volume_of_a_host_has_no_server(self):
        volume = self.storage['/volumes/detail']['volumes'][0]
        volume['attachments'] = [{'server_id': None}]
        self.assertFalse(self.wrong(cloud.look))

    def test_a_server_that_comes_or_goes_meanwhile_is_not_gone(self):
        lists = [[{'id': 'server'}], []]
        for servers in lists, lists[::-1]:
            answers = iter(servers)
            self.patch(cloud, '_servers', lambda api: {
                server['id'] for server in next(answers)})
            self.assertFalse(self.wrong(cloud.look))

    def test_an_api_that_is_down_leaves_the_others(self):
        self.compute['/os-services'] = rest.Failed(
            'refused ' * 100)
        wrong = self.first()
        self.assertEqual((finding.ERROR, 'Services of Nova'),
                         (wrong.level, wrong.what))
        self.assertIn('cannot be asked: refused', wrong.seen)
        self.assertLess(len(wrong.seen), 200)

    def test_an_api_that_says_nothing(self):
        self.patch(cloud, '_SECONDS', 0.1)
        self.patch(self.patient, 'api', lambda seconds: threading.Event(
        ).wait(5))
        self.assertEqual(len(cloud.CHECKS), len(self.wrong(cloud.look)))
