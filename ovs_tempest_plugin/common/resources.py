# SPDX-License-Identifier: Apache-2.0

"""Makes what a test needs, labelled, and sees to it that it goes again."""

from tempest.common import compute
from tempest import config
from tempest.lib.common.utils import data_utils
from tempest.lib.common.utils import test_utils
from tempest.lib.common import validation_resources
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import waiting

CONF = config.CONF


class Resources(object):
    """The resources of one user, for a test or for a class of tests.

    :param clients: the client manager of the user
    :param add_cleanup: addCleanup of a test, addClassResourceCleanup of a
        class; called at once for each thing made
    :param volume_type: the type of volumes that are made without one
    """

    def __init__(self, clients, add_cleanup, volume_type):
        self.volumes = clients.volumes_client_latest
        self.snapshots = clients.snapshots_client_latest
        self.images = clients.image_client_v2
        self.servers = clients.servers_client
        self._clients = clients
        self._add_cleanup = add_cleanup
        self._volume_type = volume_type

    # Making

    def volume(self, wait_until='available', **wanted):
        """Make a volume of 1 GiB, unless WANTED says otherwise.

        :param wait_until: the status to wait for, None not to wait
        """
        wanted.setdefault('name', name_of('volume'))
        wanted.setdefault('size', 1)
        wanted.setdefault('metadata', {}).update(label())
        if not set(wanted) & set(['volume_type', 'snapshot_id',
                                  'source_volid']):
            wanted['volume_type'] = self._volume_type
        if CONF.compute.compute_volume_common_az:
            wanted.setdefault('availability_zone',
                              CONF.compute.compute_volume_common_az)
        volume = self.volumes.create_volume(**wanted)['volume']
        self._add_cleanup(self.delete_volume, volume['id'])
        if wait_until is None:
            return volume
        return self.wait_for_volume(volume['id'], wait_until)

    def snapshot(self, volume_id, **wanted):
        """Take a snapshot, of a volume in use too."""
        wanted.setdefault('name', name_of('snapshot'))
        wanted.setdefault('metadata', {}).update(label())
        snapshot = self.snapshots.create_snapshot(
            volume_id=volume_id, force=True, **wanted)['snapshot']
        self._add_cleanup(self.delete_snapshot, snapshot['id'])
        return self.wait_for_snapshot(snapshot['id'])

    def image(self, content, disk_format='raw'):
        """Make an image that holds CONTENT, an open file."""
        image = self.images.create_image(
            name=name_of('image'), disk_format=disk_format,
            container_format='bare', visibility='private', **label())
        self._add_cleanup(self.delete_image, image['id'])
        self.images.store_image_file(image['id'], content)
        return self.wait_for_image(image['id'])

    def image_of_volume(self, volume_id, disk_format='raw'):
        """Make an image of a volume that is not attached."""
        image_id = self.volumes.upload_volume(
            volume_id, image_name=name_of('image'), disk_format=disk_format,
            container_format='bare'
        )['os-volume_upload_image']['image_id']
        self._add_cleanup(self.delete_image, image_id)
        image = self.wait_for_image(image_id)
        self.wait_for_volume(volume_id)
        return image

    def server(self, tenant_network, **wanted):
        """Boot a server and return it and what is needed to reach it."""
        access = self._access()
        wanted.setdefault('metadata', {}).update(label())
        server, _all = compute.create_test_server(
            self._clients, validatable=CONF.validation.run_validation,
            validation_resources=access, tenant_network=tenant_network,
            wait_until='ACTIVE', name=name_of('server'), **wanted)
        self._add_cleanup(self.delete_server, server['id'])
        return self.servers.show_server(server['id'])['server'], access

    def _access(self):
        """A key, a security group and a floating IP, as validation wants."""
        if not CONF.validation.run_validation:
            return {}
        options = CONF.validation
        use_neutron = CONF.service_available.neutron
        access = validation_resources.create_validation_resources(
            self._clients,
            keypair=options.auth_method.lower() == 'keypair',
            floating_ip=options.connect_method.lower() == 'floating',
            security_group=options.security_group,
            security_group_rules=options.security_group_rules,
            use_neutron=use_neutron,
            ethertype='IPv%d' % options.ip_version_for_ssh,
            floating_network_id=CONF.network.public_network_id,
            floating_network_name=CONF.network.floating_network_name)
        self._add_cleanup(validation_resources.clear_validation_resources,
                          self._clients, use_neutron=use_neutron, **access)
        return access

    def attach(self, server_id, volume_id):
        """Attach a volume; return the answer of Nova."""
        answer = self.servers.attach_volume(server_id, volumeId=volume_id)
        self._add_cleanup(self.detach_if_attached, server_id, volume_id)
        self.wait_for_volume(volume_id, 'in-use')
        return answer

    def detach(self, server_id, volume_id):
        answer = self.servers.detach_volume(server_id, volume_id)
        self.wait_for_volume(volume_id)
        self._wait_until_detached(server_id, volume_id)
        return answer

    # Waiting

    def wait_for_volume(self, volume_id, wanted='available'):
        return self._wait_for('volume', volume_id, wanted,
                              lambda: self.show_volume(volume_id))

    def wait_for_snapshot(self, snapshot_id, wanted='available'):
        return self._wait_for('snapshot', snapshot_id, wanted,
                              lambda: self.show_snapshot(snapshot_id))

    def wait_until_volume_is_gone(self, volume_id):
        waiting.wait_for_deletion('volume %s' % volume_id,
                                  lambda: self.show_volume(volume_id),
                                  CONF.volume.build_timeout)

    def wait_for_image(self, image_id):
        return self._wait_for('image', image_id, 'active',
                              lambda: self.images.show_image(image_id))

    def wait_for_server(self, server_id, wanted):
        return waiting.wait_for_status(
            'server %s' % server_id, lambda: self.show_server(server_id),
            wanted, CONF.compute.build_timeout)

    def show_volume(self, volume_id):
        return self.volumes.show_volume(volume_id)['volume']

    def show_snapshot(self, snapshot_id):
        return self.snapshots.show_snapshot(snapshot_id)['snapshot']

    def show_server(self, server_id):
        """The server; while it changes, its status says so."""
        server = self.servers.show_server(server_id)['server']
        if server.get('OS-EXT-STS:task_state'):
            server['status'] += ' (%s)' % server['OS-EXT-STS:task_state']
        return server

    def _wait_until_detached(self, server_id, volume_id):
        """Cinder's volume is available before Nova's record has gone, and
        until then no other server may have the volume."""
        def probe():
            found = [attachment['volumeId'] for attachment in
                     self.servers.list_volume_attachments(
                         server_id)['volumeAttachments']]
            return volume_id not in found, found

        waiting.wait_for('server %s to be without volume %s'
                         % (server_id, volume_id), probe,
                         CONF.compute.build_timeout)

    @staticmethod
    def _wait_for(kind, resource_id, wanted, show):
        return waiting.wait_for_status('%s %s' % (kind, resource_id), show,
                                       wanted, CONF.volume.build_timeout)

    # Unmaking; a thing that is gone already is no error

    def delete_volume(self, volume_id):
        self._delete('volume', volume_id, self.volumes.delete_volume,
                     self.show_volume, CONF.volume.build_timeout)

    def delete_snapshot(self, snapshot_id):
        self._delete('snapshot', snapshot_id, self.snapshots.delete_snapshot,
                     self.show_snapshot, CONF.volume.build_timeout)

    def delete_image(self, image_id):
        self._delete('image', image_id, self.images.delete_image,
                     self.images.show_image, CONF.volume.build_timeout)

    def delete_server(self, server_id):
        self._delete('server', server_id, self.servers.delete_server,
                     self.show_server, CONF.compute.build_timeout)

    @staticmethod
    def _delete(kind, resource_id, delete, show, timeout):
        test_utils.call_and_ignore_notfound_exc(delete, resource_id)
        waiting.wait_for_deletion('%s %s' % (kind, resource_id),
                                  lambda: show(resource_id), timeout)

    def detach_if_attached(self, server_id, volume_id):
        try:
            volume = self.show_volume(volume_id)
            attached = [attachment['server_id']
                        for attachment in volume['attachments']]
            if server_id in attached:
                self.servers.detach_volume(server_id, volume_id)
        except lib_exc.NotFound:
            # Test, server or volume have ended this themselves.
            return
        self.wait_for_volume(volume_id)


def name_of(kind):
    """A unique name that tells the run and the kind."""
    return data_utils.rand_name(kind, prefix=CONF.openvstorage.run_label)


def label():
    """The metadata of everything that the run makes."""
    return {'ovs_run': CONF.openvstorage.run_label}
