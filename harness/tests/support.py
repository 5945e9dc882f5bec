# SPDX-License-Identifier: Apache-2.0

"""For the tests of the harness and of the testbed."""

import os
import tempfile
import unittest


class FolderTestCase(unittest.TestCase):
    """Each test has an empty folder of its own."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)
