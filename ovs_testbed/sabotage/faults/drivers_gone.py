# SPDX-License-Identifier: Apache-2.0

import glob
import os

from harness import files
from ovs_testbed.sabotage import fault


class Fault(fault.Fault):
    """The package of the drivers is gone from the services' Python."""

    cause = '^drivers in ovs_drivers: '
    hint = 'ovs_drivers.installer.main install'

    _aside = None

    def put_in(self):
        self._package, = glob.glob(self.testbed.path(
            'python-' + self.testbed.release.name, 'lib', 'python*',
            'site-packages', 'ovs_drivers'))
        aside = self.testbed.path('data', 'ovs_drivers')
        os.rename(self._package, aside)
        self._aside = aside
        self.supervisor.restart('c-vol')

    def undo(self):
        if self._aside and not os.path.exists(self._package):
            os.rename(self._aside, self._package)
            self.supervisor.restart('c-vol')
        elif self._aside:
            files.remove_tree(self._aside)
        self._aside = None
