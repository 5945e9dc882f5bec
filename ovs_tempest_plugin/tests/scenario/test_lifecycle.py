# SPDX-License-Identifier: Apache-2.0

"""Data on attached volumes, whatever becomes of the server."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import patterns
from ovs_tempest_plugin.tests.scenario import base

CONF = config.CONF


class TestLifecycle(base.ScenarioTest):

    @decorators.idempotent_id('05a5176f-63eb-4989-a00d-16d4c8069af3')
    def test_stop_reboot_rebuild(self):
        """A server stops, starts, reboots hard and is rebuilt

        * attach a volume and write to it
        * after each of them the disk is there again with the data, and
          can be written
        * detach it at last; a snapshot of it is a volume with all writes
        """
        machine = self.boot(self.made)
        volume = self.made.volume()
        tokens = [patterns.new_token()]
        disk = self.attach(machine, volume)
        machine.write(disk, tokens[0])
        for change in (self.stop_and_start, self.reboot_hard, self.rebuild):
            boot_id = machine.wait_for_boot()
            change(machine)
            self.made.wait_for_server(machine.id, 'ACTIVE')
            machine.wait_for_boot(boot_id)
            disk = machine.wait_for_disk(volume['id'], base.GIB)
            for mib, token in enumerate(tokens):
                self.assert_data(token, machine, disk, mib)
            tokens.append(patterns.new_token())
            machine.write(disk, tokens[-1], mib=len(tokens) - 1)
        self.detach(machine, volume)
        snapshot = self.made.snapshot(volume['id'])
        copy = self.made.volume(snapshot_id=snapshot['id'])
        disk = self.attach(machine, copy)
        for mib, token in enumerate(tokens):
            self.assert_data(token, machine, disk, mib)
        self.detach(machine, copy)

    def stop_and_start(self, machine):
        self.servers.stop_server(machine.id)
        self.made.wait_for_server(machine.id, 'SHUTOFF')
        self.servers.start_server(machine.id)

    def reboot_hard(self, machine):
        self.servers.reboot_server(machine.id, type='HARD')

    def rebuild(self, machine):
        self.servers.rebuild_server(machine.id, CONF.compute.image_ref)
