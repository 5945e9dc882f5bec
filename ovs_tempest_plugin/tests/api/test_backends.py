# SPDX-License-Identifier: Apache-2.0

"""Cinder reports its back ends."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.tests import base

CONF = config.CONF


class TestBackEnds(base.BaseTest):

    @classmethod
    def resource_setup(cls):
        super(TestBackEnds, cls).resource_setup()
        stats = cls.os_admin.volume_scheduler_stats_client_latest
        cls.pools = dict(
            (pool['name'].partition('#')[2], pool)
            for pool in stats.list_pools(detail=True)['pools'])

    @decorators.idempotent_id('c3a3064c-b64b-4a59-8430-acbdc8568e1b')
    def test_capabilities(self):
        """Each back end says what it is

        * show the capabilities of each vPool's back end
        * vendor, protocol and name are ours
        """
        client = self.os_admin.volume_capabilities_client_latest
        for vpool in self.vpools:
            host = self.pools[vpool.backend]['name'].partition('#')[0]
            capabilities = client.show_backend_capabilities(host)
            self.assertEqual('Open vStorage', capabilities['vendor_name'])
            self.assertEqual('openvstorage_edge',
                             capabilities['storage_protocol'])
            self.assertEqual(vpool.backend,
                             capabilities['volume_backend_name'])

    @decorators.idempotent_id('38919732-b61b-4604-aa2c-ebcc9912f022')
    def test_pools(self):
        """Each back end is a pool that is thin and not over-subscribed

        * the pool's figures are numbers that belong together
        """
        for vpool in self.vpools:
            pool = self.pools[vpool.backend]['capabilities']
            self.assertTrue(pool['thin_provisioning_support'])
            self.assertFalse(pool['thick_provisioning_support'])
            self.assertGreater(float(pool['max_over_subscription_ratio']), 0)
            self.assertIn(int(pool['reserved_percentage']), range(101))

    @decorators.idempotent_id('8cfda4e9-0061-4e2c-a26e-d55813a698e0')
    def test_capacity(self):
        """The capacity is the vPool's own

        * the pool's total is what the vPool says
        * what is free is no more than that
        """
        if not CONF.openvstorage.reports_capacity:
            raise self.skipException(
                '[openvstorage] reports_capacity is false')
        for vpool in self.vpools:
            pool = self.pools[vpool.backend]['capabilities']
            total = vpool.capacity().total
            self.assertAlmostEqual(total / float(base.GIB),
                                   float(pool['total_capacity_gb']), delta=1)
            self.assertGreater(float(pool['free_capacity_gb']), 0)
            self.assertLessEqual(float(pool['free_capacity_gb']),
                                 float(pool['total_capacity_gb']))
