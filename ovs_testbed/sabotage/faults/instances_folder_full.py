# SPDX-License-Identifier: Apache-2.0

from harness import run
from ovs_testbed import plugin
from ovs_testbed import sandbox
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """The folder of Nova's servers is on a file system that is full."""

    cause = '^room for servers: [0-9] MiB free in ' + plugin.INSTANCES
    hint = 'make .* MiB free .* let it grow'

    _is_mounted = False

    def put_in(self):
        self._inside('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs',
                     plugin.INSTANCES)
        self._is_mounted = True

    def heal(self, hint):
        self._inside('mount', '-o', 'remount,size=4g', plugin.INSTANCES)

    def undo(self):
        if self._is_mounted:
            self._inside('umount', '--lazy', plugin.INSTANCES)
            self._is_mounted = False

    def _inside(self, *command):
        run.run(sandbox.Sandbox(self.testbed).inside(list(command), '/'),
                log=self.testbed.log('sabotage'))
