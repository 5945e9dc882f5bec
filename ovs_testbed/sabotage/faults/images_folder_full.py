# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Full):
    """The folder of Glance's images is on a file system that is full."""

    use = 'images'

    @property
    def folder(self):
        return self.testbed.data('images')
