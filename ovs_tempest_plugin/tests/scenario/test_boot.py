# SPDX-License-Identifier: Apache-2.0

"""Servers whose root disk is a volume."""

from oslo_serialization import jsonutils as json
from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import patterns
from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.tests.scenario import base

CONF = config.CONF


class TestBoot(base.ScenarioTest):

    @decorators.idempotent_id('8d9b8bf3-640e-4eb2-9d06-db970498d14f')
    def test_volume_from_image(self):
        """Boot from a volume made from an image, and again from its copies

        * boot a server from a volume made from an image; leave a note in it
        * take a snapshot of the volume, change the note, clone the volume
        * boot from the snapshot, which makes a new volume: the first note
        * boot from the clone: the second note
        * each root disk is on the vPool and is the one of the server
        """
        volume = self.boot_volume(self.made)
        self.assert_on_vpool(volume['id'], self.boot_size())
        first = self.boot_from(self.made, volume['id'])
        self.assert_root_disk(first, volume['id'])
        notes = [patterns.new_token() for _count in range(2)]
        first.leave_note(notes[0])
        snapshot = self.made.snapshot(volume['id'])
        first.leave_note(notes[1])
        self.made.delete_server(first.id)
        self.made.wait_for_volume(volume['id'])
        clone = self.made.volume(source_volid=volume['id'])

        second = self.boot_from(self.made, snapshot['id'], 'snapshot',
                                delete_on_termination=True)
        self.assertEqual(notes[0], second.read_note())
        new_volume, = self.volumes_of(second.id)
        self.assertNotIn(new_volume, (volume['id'], clone['id']))
        self.assert_on_vpool(new_volume, self.boot_size(),
                             self.vpool_of(new_volume))
        self.assert_root_disk(second, new_volume)
        self.made.delete_server(second.id)

        third = self.boot_from(self.made, clone['id'])
        self.assert_root_disk(third, clone['id'])
        self.assertEqual(notes[1], third.read_note())

    @decorators.idempotent_id('80b0f33a-4eaa-449a-ab88-315eafd928e4')
    def test_image_from_a_volume_backed_server(self):
        """An image of a server whose root disk is a volume

        * boot from a volume, leave a note, make an image of the server
        * the image is a snapshot of the volume; boot from it
        * the new server has a volume of its own, with the note
        """
        if not CONF.compute_feature_enabled.snapshot:
            raise self.skipException(
                '[compute-feature-enabled] snapshot is false')
        volume = self.boot_volume(self.made)
        first = self.boot_from(self.made, volume['id'])
        note = patterns.new_token()
        first.leave_note(note)
        image, snapshot_id = self.image_of_server(first.id)
        self.assertEqual(
            volume['id'], self.made.show_snapshot(snapshot_id)['volume_id'])
        self.made.delete_server(first.id)
        second = self.boot(self.made, image_id=image['id'])
        new_volume, = self.volumes_of(second.id)
        self.addCleanup(self.made.delete_volume, new_volume)
        self.addCleanup(self.made.delete_server, second.id)
        self.assertNotEqual(volume['id'], new_volume)
        self.vpool_of(new_volume)
        self.assertEqual(note, second.read_note())

    @decorators.attr(type='smoke')
    @decorators.idempotent_id('3df22868-4791-41b4-800f-aa8b403cb939')
    def test_delete_on_termination(self):
        """The root volume goes with its server, or stays, as it was asked

        * boot from an image into a new volume that goes with the server
        * attach a second volume, which does not
        * delete the server: the first is gone, the second available
        """
        data = self.made.volume()
        machine = self.boot_from(self.made, CONF.compute.image_ref, 'image',
                                 delete_on_termination=True)
        root, = self.volumes_of(machine.id)
        vpool = self.vpool_of(root)
        name = self.name_on_vpool(root)
        info = vpool.info(name)
        self.attach(machine, data)
        self.made.delete_server(machine.id)
        self.made.wait_for_volume(data['id'])
        self.made.wait_until_volume_is_gone(root)
        self.assert_released(vpool, name, info)
        self.assert_on_vpool(data['id'])

    def assert_root_disk(self, machine, volume_id):
        """The guest runs from that volume, and so says its domain."""
        self.assertEqual([volume_id], self.volumes_of(machine.id))
        self.assertIsNotNone(machine.disk_of(volume_id),
                             'the guest has no disk with the serial of %s'
                             % volume_id)
        if CONF.openvstorage.libvirt_uri:
            disk = self.domain_disk(machine, volume_id)
            self.assertEqual('openvstorage',
                             disk.find('source').get('protocol'))

    def image_of_server(self, server_id):
        """Make an image of a server; return it and its snapshot's id."""
        answer = self.os_primary.compute_images_client.create_image(
            server_id, name=resources.name_of('image'))
        image_id = (answer.get('image_id') or
                    answer.response['location'].rpartition('/')[2])
        self.addCleanup(self.made.delete_image, image_id)
        image = self.made.wait_for_image(image_id)
        self.made.wait_for_server(server_id, 'ACTIVE')
        mapping = json.loads(image['block_device_mapping'])
        snapshot_id = mapping[0]['snapshot_id']
        self.addCleanup(self.made.delete_snapshot, snapshot_id)
        self.made.wait_for_snapshot(snapshot_id)
        return image, snapshot_id
