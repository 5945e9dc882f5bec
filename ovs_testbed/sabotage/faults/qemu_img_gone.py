# SPDX-License-Identifier: Apache-2.0

import os

from ovs_testbed import plugin
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """The qemu-img that knows vPools is not on the PATH."""

    cause = '^qemu-img: .*(does not know openvstorage|not on the PATH)'
    hint = 'has to be that of %s/bin' % plugin.PREFIX

    @property
    def _path(self):
        return self.testbed.path('hypervisor') + plugin.PREFIX + \
            '/bin/qemu-img'

    def put_in(self):
        os.rename(self._path, self._path + '.aside')

    def heal(self, hint):
        self.undo()
        self.run_commands(hint)

    def undo(self):
        if os.path.exists(self._path + '.aside'):
            os.rename(self._path + '.aside', self._path)
