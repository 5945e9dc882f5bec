# SPDX-License-Identifier: Apache-2.0

"""The base of all tests of the plugin."""

import contextlib

from tempest import config
from tempest.lib.common import api_microversion_fixture
from tempest.lib.common import api_version_utils
from tempest import test

from ovs_drivers import marks
from ovs_tempest_plugin.common import orphans
from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.common import settings
from ovs_tempest_plugin.common import waiting
from ovs_tempest_plugin.services import vpool_client

CONF = config.CONF
GIB = 1 << 30


class BaseTest(test.BaseTestCase):
    """Resources with a label that go at once, and a look at the vPools.

    When a class ends, no vPool may hold anything that Cinder does not know:
    that fails the class, whatever its tests said.
    """

    credentials = ['primary', 'admin']

    # The options without which the class is skipped, beside those that its
    # base classes name: (section, option).
    needs = [('service_available', 'cinder'), ('openvstorage', 'vpool')]

    # The volume API that the class needs, None for the oldest.
    volume_microversion = None

    # How many volumes and snapshots the class has at a time, if they are more
    # than the ten that Cinder's quota allows by default.
    volumes_at_a_time = None

    @classmethod
    def skip_checks(cls):
        super(BaseTest, cls).skip_checks()
        for one in reversed(cls.__mro__):
            for section, option in vars(one).get('needs', ()):
                options = getattr(CONF, section.replace('-', '_'))
                cls.skip_without(getattr(options, option),
                                 '[%s] %s is false or empty'
                                 % (section, option))
        if cls.volume_microversion:
            api_version_utils.check_skip_with_microversion(
                cls.volume_microversion, 'latest',
                CONF.volume.min_microversion, CONF.volume.max_microversion)

    @classmethod
    def skip_without(cls, condition, reason):
        """Skip the class unless CONDITION holds; REASON names the flag."""
        if not condition:
            raise cls.skipException(reason)

    @classmethod
    def setup_credentials(cls):
        cls.set_network_resources()
        super(BaseTest, cls).setup_credentials()

    @classmethod
    def setup_clients(cls):
        super(BaseTest, cls).setup_clients()
        cls.vpools = [
            vpool_client.VPoolClient(vpool)
            for vpool in settings.parse_vpools(CONF.openvstorage.vpool)]
        cls.vpool = cls.vpools[0]
        cls.admin_volumes = cls.os_admin.volumes_client_latest
        cls.admin_snapshots = cls.os_admin.snapshots_client_latest

    @classmethod
    def resource_setup(cls):
        super(BaseTest, cls).resource_setup()
        cls.shared = cls._resources(cls.os_primary,
                                    cls.addClassResourceCleanup)
        if cls.volumes_at_a_time:
            cls._lift_quota(cls.volumes_at_a_time)
        cls._orphans_before = cls._orphans()

    @classmethod
    def _lift_quota(cls, room):
        extras = cls.os_admin.volume_extras_v3.VolumeExtrasClient()
        project = cls.os_primary.credentials.project_id
        before = extras.show_quotas(project)['quota_set']
        cls.addClassResourceCleanup(
            extras.update_quotas, project,
            **dict((key, before[key])
                   for key in ('volumes', 'snapshots', 'gigabytes')))
        extras.update_quotas(project, volumes=room, snapshots=room,
                             gigabytes=2 * room)

    @classmethod
    def resource_cleanup(cls):
        super(BaseTest, cls).resource_cleanup()
        waiting.wait_for('the vPools to hold nothing that Cinder does not '
                         'know (after %s)' % cls.__name__,
                         cls._look_for_new_orphans,
                         CONF.openvstorage.settle_timeout)

    def setUp(self):
        super(BaseTest, self).setUp()
        self.useFixture(api_microversion_fixture.APIMicroversionFixture(
            volume_microversion=self.volume_microversion))
        self.made = self._resources(self.os_primary, self.addCleanup)

    @staticmethod
    @contextlib.contextmanager
    def microversion(volume_microversion):
        """Ask for another volume API than the rest of the class."""
        with api_microversion_fixture.APIMicroversionFixture(
                volume_microversion=volume_microversion):
            yield

    @classmethod
    def _resources(cls, clients, add_cleanup):
        return resources.Resources(clients, add_cleanup,
                                   cls.vpool.settings.volume_type)

    def volumes_of(self, server_id):
        """The ids of the volumes that Nova says are attached."""
        return [attachment['volumeId'] for attachment in
                self.made.servers.list_volume_attachments(server_id)[
                    'volumeAttachments']]

    # Answers of the vPools

    @classmethod
    def name_on_vpool(cls, volume_id):
        """The name of a volume on its vPool, as Cinder builds it."""
        volume = cls.admin_volumes.show_volume(volume_id)['volume']
        return _name_on_vpool(volume)

    def vpool_of(self, volume_id):
        """The vPool that Cinder says has the volume; it has to have it."""
        volume = self.admin_volumes.show_volume(volume_id)['volume']
        backend = volume['os-vol-host-attr:host'].partition('@')[2]
        name = _name_on_vpool(volume)
        found = [vpool for vpool in self.vpools if vpool.has(name)]
        self.assertEqual(
            1, len(found), 'volume %s of back end %s is on %d of the vPools '
            'that [openvstorage] vpool names' % (name, backend, len(found)))
        self.assertEqual(found[0].backend, backend.partition('#')[2],
                         'Cinder has the volume on another back end than '
                         'the one that holds it')
        return found[0]

    def assert_on_vpool(self, volume_id, size=1, vpool=None):
        """The volume lives on the vPool (the first), with SIZE GiB."""
        vpool = vpool or self.vpool
        name = self.name_on_vpool(volume_id)
        self.assertEqual(vpool.backend, self.vpool_of(volume_id).backend,
                         'volume %s lives on the wrong vPool' % name)
        self.assertEqual(size * GIB, vpool.size(name),
                         'size of %s on the vPool' % name)

    def assert_gone(self, names):
        """None of NAMES is on any vPool, or will be gone in time.

        A delete may be carried out a little later where clones had to go
        first.
        """
        def probe():
            left = [name for name in names for vpool in self.vpools
                    if vpool.has(name)]
            return not left, left

        waiting.wait_for('deleted volumes to be gone from the vPools', probe,
                         CONF.openvstorage.settle_timeout)

    def assert_released(self, vpool, name, info):
        """A deleted volume is gone, or marked because it has clones.

        Cinder may have cloned a volume made from an image, to keep the image.

        :param info: what the vPool said of the volume while it was there
        """
        mark = marks.of_volume(info.volume_id, name)
        waiting.wait_for(
            '%s to be gone from %s, or marked' % (name, vpool.backend),
            lambda: (not vpool.has(name) or vpool.has(mark), 'there'),
            CONF.openvstorage.settle_timeout)

    @classmethod
    def _look_for_new_orphans(cls):
        new = sorted(set(cls._orphans()) - set(cls._orphans_before))
        return not new, new

    @classmethod
    def _orphans(cls):
        """Return the objects of the vPools that Cinder does not know now.

        Other workers make and delete volumes meanwhile: only what stays an
        orphan is one.
        """
        contents = [(vpool.backend, vpool.content()) for vpool in cls.vpools]
        everyone = {'all_tenants': True}
        volumes = cls.admin_volumes.list_volumes(
            detail=True, params=everyone)['volumes']
        snapshots = cls.admin_snapshots.list_snapshots(
            **everyone)['snapshots']
        names = set(_name_on_vpool(volume) for volume in volumes)
        snapshot_names = set('snapshot-%s' % snapshot['id']
                             for snapshot in snapshots)
        return ['%s on %s' % (orphan, backend)
                for backend, content in contents
                for orphan in orphans.find(content, names, snapshot_names)]


def _name_on_vpool(volume):
    return 'volume-%s' % (volume.get('os-vol-mig-status-attr:name_id') or
                          volume['id'])
