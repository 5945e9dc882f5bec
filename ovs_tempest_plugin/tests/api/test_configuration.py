# SPDX-License-Identifier: Apache-2.0

"""There is something to test. Nothing here is ever skipped.

Without these tests a run in which every other test was skipped would look
like a success.
"""

from tempest.common import credentials_factory
from tempest import config
from tempest.lib import decorators
from tempest import test

from ovs_tempest_plugin.common import settings
from ovs_tempest_plugin.services import vpool_client

CONF = config.CONF


class TestConfiguration(test.BaseTestCase):
    """tempest.conf names vPools that exist, and Cinder serves them."""

    credentials = []

    @classmethod
    def setup_credentials(cls):
        cls.set_network_resources()
        super(TestConfiguration, cls).setup_credentials()

    def setUp(self):
        super(TestConfiguration, self).setUp()
        self.assertTrue(CONF.service_available.cinder,
                        '[service_available] cinder is false: there is '
                        'nothing to test')
        self.assertTrue(credentials_factory.is_admin_available(
            CONF.identity.auth_version), 'no admin credentials are set')
        self.vpools = settings.parse_vpools(CONF.openvstorage.vpool)
        self.assertTrue(self.vpools, '[openvstorage] vpool names no vPool')

    @decorators.idempotent_id('52e92c3a-8773-4bb7-a652-62445016a1ff')
    def test_vpools_answer(self):
        """Every vPool answers

        * ask each vPool of [openvstorage] vpool for what it holds
        """
        for vpool in self.vpools:
            vpool_client.VPoolClient(vpool).content()

    @decorators.idempotent_id('22bbed1c-bc50-4000-b4ee-d03da33c3ece')
    def test_cinder_has_the_back_ends(self):
        """Cinder has a working back end of our driver for every vPool

        * list Cinder's pools as the admin
        * each vPool has a back end, served by our driver and up
        * its volume type exists and leads there
        """
        admin = self.get_client_manager('admin')
        pools = dict(
            (pool['capabilities']['volume_backend_name'],
             pool['capabilities']) for pool in
            admin.volume_scheduler_stats_client_latest.list_pools(
                detail=True)['pools'])
        types = dict(
            (volume_type['name'], volume_type['extra_specs'])
            for volume_type in
            admin.volume_types_client_latest.list_volume_types(
            )['volume_types'])
        for vpool in self.vpools:
            self.assertIn(vpool.backend, pools, 'Cinder has no such back end')
            pool = pools[vpool.backend]
            self.assertEqual('openvstorage_edge', pool['storage_protocol'])
            self.assertEqual('openvstorage:%s' % vpool.guid,
                             pool['location_info'],
                             'the back end is another vPool')
            self.assertNotEqual('down', pool.get('backend_state'))
            self.assertIn(vpool.volume_type, types,
                          'there is no such volume type')
            self.assertEqual(
                vpool.backend,
                types[vpool.volume_type].get('volume_backend_name'),
                'the volume type leads elsewhere')
