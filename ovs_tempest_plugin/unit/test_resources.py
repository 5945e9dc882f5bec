# SPDX-License-Identifier: Apache-2.0

import unittest

import fixtures
from tempest import config
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import resources

CONF = config.CONF


class Volumes(object):
    """Cinder's volumes, as far as Resources asks for them."""

    def __init__(self):
        self.made = {}
        self.calls = []

    def create_volume(self, **wanted):
        self.calls.append(('create', wanted))
        volume_id = 'id-%d' % len(self.made)
        self.made[volume_id] = {'id': volume_id, 'status': 'creating'}
        return {'volume': dict(self.made[volume_id])}

    def show_volume(self, volume_id):
        if volume_id not in self.made:
            raise lib_exc.NotFound()
        volume = dict(self.made[volume_id])
        next_status = {'creating': 'available', 'deleting': None}
        if volume['status'] in next_status:
            self.made[volume_id]['status'] = next_status[volume['status']]
            if self.made[volume_id]['status'] is None:
                del self.made[volume_id]
        return {'volume': volume}

    def delete_volume(self, volume_id):
        self.calls.append(('delete', volume_id))
        if volume_id not in self.made:
            raise lib_exc.NotFound()
        self.made[volume_id]['status'] = 'deleting'


class Servers(object):
    """Nova's servers: each look at a server takes one attachment from it."""

    def __init__(self):
        self.attached = []
        self.calls = []

    def detach_volume(self, server_id, volume_id):
        self.calls.append(('detach', server_id, volume_id))

    def list_volume_attachments(self, server_id):
        found = [{'volumeId': volume_id} for volume_id in self.attached]
        del self.attached[-1:]
        return {'volumeAttachments': found}


class Clients(object):
    snapshots_client_latest = image_client_v2 = None

    def __init__(self):
        self.volumes_client_latest = Volumes()
        self.servers_client = Servers()


class ResourcesTestCase(unittest.TestCase):

    def setUp(self):
        super(ResourcesTestCase, self).setUp()
        patch = fixtures.MonkeyPatch('time.sleep', lambda seconds: None)
        patch.setUp()
        self.addCleanup(patch.cleanUp)
        self.clients = Clients()
        self.cleanups = []
        self.made = resources.Resources(
            self.clients, lambda *call: self.cleanups.append(call), 'a-type')

    def wanted(self):
        return self.clients.volumes_client_latest.calls[-1][1]

    def test_a_volume_is_labelled_and_typed(self):
        volume = self.made.volume(metadata={'mine': 'too'})
        self.assertEqual('available', volume['status'])
        wanted = self.wanted()
        label = CONF.openvstorage.run_label
        self.assertEqual({'mine': 'too', 'ovs_run': label},
                         wanted['metadata'])
        self.assertTrue(wanted['name'].startswith(label + '-volume-'))
        self.assertEqual(('a-type', 1),
                         (wanted['volume_type'], wanted['size']))

    def test_a_detach_waits_for_the_record_of_nova(self):
        volume = self.made.volume()
        servers = self.clients.servers_client
        servers.attached = [volume['id'], 'a', 'b']
        self.made.detach('server', volume['id'])
        self.assertEqual([('detach', 'server', volume['id'])], servers.calls)
        self.assertEqual([], servers.attached)

    def test_a_copy_has_the_type_of_its_source(self):
        for source in ('snapshot_id', 'source_volid'):
            self.made.volume(**{source: 'x'})
            self.assertNotIn('volume_type', self.wanted())

    def test_the_cleanup_waits_until_it_is_gone(self):
        volume = self.made.volume(wait_until=None)
        (delete, volume_id), = self.cleanups
        self.assertEqual(volume['id'], volume_id)
        delete(volume_id)
        self.assertEqual({}, self.clients.volumes_client_latest.made)
        # A resource that is gone already is no error.
        delete(volume_id)

    def test_it_is_to_be_cleaned_up_before_it_is_awaited(self):
        volumes = self.clients.volumes_client_latest
        volumes.show_volume = lambda _id: {'volume': {'status': 'error'}}
        self.assertRaises(lib_exc.TempestException, self.made.volume)
        self.assertEqual(1, len(self.cleanups))
