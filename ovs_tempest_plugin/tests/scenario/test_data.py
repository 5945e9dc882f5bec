# SPDX-License-Identifier: Apache-2.0

"""Written data stays: snapshots, clones, reverts, growing."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import patterns
from ovs_tempest_plugin.tests.scenario import base

CONF = config.CONF


class TestData(base.ScenarioTest):

    @classmethod
    def resource_setup(cls):
        super(TestData, cls).resource_setup()
        cls.machine = cls.boot(cls.shared)

    @decorators.idempotent_id('466355c0-00d5-4a5c-8d99-3c62bd70346c')
    def test_snapshots_of_a_volume_in_use(self):
        """Each snapshot has exactly the data of its moment

        * write, take a snapshot, overwrite, take another, overwrite again,
          all while the volume is attached
        * a volume from each snapshot has what was there at that moment,
          and zeros where nothing was written until then
        * the volume itself has the last write
        """
        volume = self.made.volume()
        disk = self.attach(self.machine, volume)
        tokens = [patterns.new_token() for _write in range(3)]
        snapshots = []
        for token in tokens:
            self.machine.write(disk, token)
            self.machine.write(disk, token, mib=len(snapshots) + 10)
            if len(snapshots) < 2:
                snapshots.append(self.made.snapshot(volume['id']))
        self.assert_data(tokens[2], self.machine, disk)
        for index, snapshot in enumerate(snapshots):
            self.assert_volume_from(
                {'snapshot_id': snapshot['id']}, tokens[index], index)
        self.detach(self.machine, volume)

    @decorators.idempotent_id('87478415-2d51-4816-9d86-2ae669e70c20')
    def test_clone(self):
        """A clone has the data of its moment, and they part from there

        * write to a volume, detach it, clone it
        * write elsewhere in both; neither has what the other got
        * delete the source; the clone still has its data
        """
        volume = self.made.volume()
        tokens = [patterns.new_token() for _write in range(3)]
        disk = self.attach(self.machine, volume)
        self.machine.write(disk, tokens[0])
        self.detach(self.machine, volume)
        clone = self.made.volume(source_volid=volume['id'])
        disk = self.attach(self.machine, volume)
        clone_disk = self.attach(self.machine, clone)
        self.machine.write(disk, tokens[1], mib=1)
        self.machine.write(clone_disk, tokens[2], mib=2)
        self.assert_zeros(clone_disk, mib=1)
        self.assert_zeros(disk, mib=2)
        self.detach(self.machine, volume)
        self.made.delete_volume(volume['id'])
        self.assert_data(tokens[0], self.machine, clone_disk)
        self.assert_data(tokens[2], self.machine, clone_disk, mib=2)
        self.detach(self.machine, clone)

    @decorators.idempotent_id('426f90c7-d529-4f03-898a-a7f2e4b6c79f')
    def test_larger_clone(self):
        """A larger volume from a snapshot has the old data and more room

        * write at the end of a volume of 1 GiB and take a snapshot
        * make 2 GiB from it: the guest sees 2 GiB, the data and zeros
          behind them, and can write at the new end
        """
        volume = self.made.volume()
        token = patterns.new_token()
        disk = self.attach(self.machine, volume)
        self.machine.write(disk, token, mib=1023)
        self.detach(self.machine, volume)
        snapshot = self.made.snapshot(volume['id'])
        larger = self.made.volume(snapshot_id=snapshot['id'], size=2)
        disk = self.attach(self.machine, larger, size=2)
        self.assert_data(token, self.machine, disk, mib=1023)
        self.assert_zeros(disk, mib=1024)
        self.machine.write(disk, token, mib=2047)
        self.assert_data(token, self.machine, disk, mib=2047)
        self.detach(self.machine, larger)

    @decorators.attr(type='smoke')
    @decorators.idempotent_id('0dae8524-a0a1-4c64-afb4-a02f67069276')
    def test_extend_while_attached(self):
        """A volume grows under a running guest

        * attach 1 GiB, write to it, extend it to 2 GiB
        * the guest sees 2 GiB, the old data, and can write at the new end
        * detach and attach: all of it is still there
        """
        if not CONF.volume_feature_enabled.extend_attached_volume:
            raise self.skipException('[volume-feature-enabled] '
                                     'extend_attached_volume is false')
        volume = self.made.volume()
        tokens = [patterns.new_token() for _write in range(2)]
        disk = self.attach(self.machine, volume)
        self.machine.write(disk, tokens[0])
        with self.microversion('3.42'):
            self.made.volumes.extend_volume(volume['id'], new_size=2)
        self.made.wait_for_volume(volume['id'], 'in-use')
        self.machine.wait_for_disk(volume['id'], 2 * base.GIB)
        self.assert_on_vpool(volume['id'], size=2)
        self.machine.write(disk, tokens[1], mib=2047)
        self.detach(self.machine, volume)
        disk = self.attach(self.machine, volume, size=2)
        self.assert_data(tokens[0], self.machine, disk)
        self.assert_data(tokens[1], self.machine, disk, mib=2047)
        self.detach(self.machine, volume)

    @decorators.idempotent_id('5c03af6c-ed99-4cb1-8421-a58b24825832')
    def test_revert(self):
        """A reverted volume has the data of the snapshot

        * write, take a snapshot, overwrite, and clone the volume
        * revert: the volume has the first write again, also where the
          clone keeps a newer state alive; the clone has the second write
        """
        if not CONF.openvstorage.revert_to_snapshot:
            raise self.skipException(
                '[openvstorage] revert_to_snapshot is false')
        volume = self.made.volume()
        tokens = [patterns.new_token() for _write in range(2)]
        disk = self.attach(self.machine, volume)
        self.machine.write(disk, tokens[0])
        snapshot = self.made.snapshot(volume['id'])
        self.machine.write(disk, tokens[1])
        self.machine.write(disk, tokens[1], mib=1)
        self.detach(self.machine, volume)
        clone = self.made.volume(source_volid=volume['id'])
        extras = self.os_primary.volume_extras_v3.VolumeExtrasClient()
        with self.microversion('3.40'):
            extras.revert_to_snapshot(volume['id'], snapshot['id'])
        self.made.wait_for_volume(volume['id'])
        self.made.wait_for_snapshot(snapshot['id'])
        disk = self.attach(self.machine, volume)
        self.assert_data(tokens[0], self.machine, disk)
        self.assert_zeros(disk, mib=1)
        self.detach(self.machine, volume)
        disk = self.attach(self.machine, clone)
        self.assert_data(tokens[1], self.machine, disk)
        self.detach(self.machine, clone)

    def assert_volume_from(self, source, token, index):
        """A new volume from SOURCE has what test_snapshots wrote so far."""
        volume = self.made.volume(**source)
        disk = self.attach(self.machine, volume)
        self.assert_data(token, self.machine, disk)
        self.assert_data(token, self.machine, disk, mib=10 + index)
        self.assert_zeros(disk, mib=11 + index)
        self.detach(self.machine, volume)

    def assert_zeros(self, disk, mib):
        self.assertEqual(patterns.MD5_OF_ZEROS, self.machine.md5(disk, mib),
                         'there is something at %d MiB of %s' % (mib, disk))
