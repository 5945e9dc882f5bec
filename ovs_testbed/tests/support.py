# SPDX-License-Identifier: Apache-2.0

"""A testbed in a temporary folder, of which nothing runs."""

import os
from unittest import mock

from harness.tests import support
from ovs_testbed import release
from ovs_testbed import testbeds


class TestbedTestCase(support.FolderTestCase):

    RELEASE = release.DEFAULT

    def setUp(self):
        super().setUp()
        # nor is the user's cache read or written
        variables = mock.patch.dict(os.environ, OVS_CACHE=os.path.join(
            self.folder, 'cache'))
        variables.start()
        self.addCleanup(variables.stop)
        self.testbed = testbeds.Testbed(
            'unit', testbeds.folder_of('unit', self.folder),
            {'release': self.RELEASE, 'base_port': 25000})
        # sockets have to be elsewhere on a real one
        self.testbed.sockets = self.testbed.path('sockets')
        self.testbed.make_folders()
