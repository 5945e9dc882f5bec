# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
