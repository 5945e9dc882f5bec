# SPDX-License-Identifier: Apache-2.0

"""Many requests at the same time."""

from multiprocessing import pool

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.tests import base

CONF = config.CONF
THREADS = 10


class TestParallel(base.BaseTest):

    # as many as parallel_volumes may be, twice, and a source
    volumes_at_a_time = 100

    @decorators.idempotent_id('d99dc303-037d-480f-8867-26071df35a0e')
    def test_volumes(self):
        """Twenty creates, and twenty deletes, at the same time

        * all volumes become available and are on their vPools
        * all are gone from the vPools when Cinder says so
        """
        ids = self.in_parallel(self.create_on_some_vpool)
        for volume_id in ids:
            self.made.wait_for_volume(volume_id)
            self.vpool_of(volume_id)
        self.delete_all(ids)

    @decorators.idempotent_id('385bfa17-bfbc-49fb-b04e-da8622f07be1')
    def test_clones(self):
        """Twenty clones of one volume, and their deletes, at the same time

        * half of them from the volume, half from its snapshot
        * delete the snapshot and all volumes, the source among them
        * nothing of them is left on the vPool
        """
        source = self.made.volume()['id']
        snapshot = self.made.snapshot(source)['id']

        def clone(index):
            wanted = ({'snapshot_id': snapshot} if index % 2
                      else {'source_volid': source})
            return self.made.volume(wait_until=None, **wanted)['id']

        ids = self.in_parallel(clone)
        for volume_id in ids:
            self.made.wait_for_volume(volume_id)
            self.assert_on_vpool(volume_id)
        self.made.delete_snapshot(snapshot)
        self.delete_all(ids + [source])

    @decorators.idempotent_id('3c3b5f34-1382-4dad-9419-514cc4d229c7')
    def test_snapshots(self):
        """Twenty snapshots of one volume, and their deletes, at once

        * the vPool has exactly those snapshots, and none in the end
        """
        volume = self.made.volume()['id']
        ids = self.in_parallel(
            lambda index: self.made.snapshot(volume)['id'])
        name = self.name_on_vpool(volume)
        self.assertEqual(sorted('snapshot-%s' % one for one in ids),
                         sorted(self.vpool.snapshots(name)))
        self.in_parallel(lambda index: self.made.delete_snapshot(ids[index]))
        self.assertEqual([], self.vpool.snapshots(name))

    def create_on_some_vpool(self, index):
        vpool = self.vpools[index % len(self.vpools)]
        return self.made.volume(
            volume_type=vpool.settings.volume_type, wait_until=None)['id']

    def delete_all(self, ids):
        names = [self.name_on_vpool(volume_id) for volume_id in ids]
        self.in_parallel(lambda index: self.made.delete_volume(ids[index]),
                         len(ids))
        self.assert_gone(names)

    @staticmethod
    def in_parallel(work, count=None):
        """The results of WORK(0), WORK(1)..., done at the same time."""
        workers = pool.ThreadPool(THREADS)
        try:
            return workers.map(
                work, range(count or CONF.openvstorage.parallel_volumes),
                chunksize=1)
        finally:
            workers.close()
            workers.join()
