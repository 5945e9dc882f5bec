# SPDX-License-Identifier: Apache-2.0

"""Restarting cinder-volume.

Nothing may run beside it: Tempest lets it wait until every other worker
happens to be between two classes, and its own worker waits with it. So its
module has to be the last by name, which is when a worker comes to it.
"""

import shlex
import subprocess

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import patterns
from ovs_tempest_plugin.tests.scenario import base

CONF = config.CONF

# Tempest has this since 2022; before, such a class runs beside others.
serial = getattr(decorators, 'serial', lambda test_class: test_class)


@serial
class TestRestart(base.ScenarioTest):

    @decorators.idempotent_id('83a0c750-8070-4afb-a086-b2a9e383926f')
    def test_restart_of_cinder_volume(self):
        """cinder-volume remembers nothing that a restart could lose

        * attach a volume, write to it, restart cinder-volume
        * the guest goes on writing; detaching works, attaching again too
        * the data of before and after are there
        * a snapshot taken before can be deleted after
        """
        command = shlex.split(CONF.openvstorage.cinder_restart_command)
        if not command:
            raise self.skipException(
                '[openvstorage] cinder_restart_command is not set')
        machine = self.boot(self.made)
        volume = self.made.volume()
        snapshot = self.made.snapshot(volume['id'])
        clone = self.made.volume(snapshot_id=snapshot['id'])
        tokens = [patterns.new_token() for _write in range(2)]
        disk = self.attach(machine, volume)
        machine.write(disk, tokens[0])
        subprocess.check_call(command)
        machine.write(disk, tokens[1], mib=1)
        self.detach(machine, volume)
        disk = self.attach(machine, volume)
        for mib, token in enumerate(tokens):
            self.assert_data(token, machine, disk, mib)
        self.detach(machine, volume)
        self.made.delete_snapshot(snapshot['id'])
        self.made.delete_volume(volume['id'])
        self.assert_on_vpool(clone['id'])
