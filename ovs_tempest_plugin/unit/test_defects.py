# SPDX-License-Identifier: Apache-2.0

import glob
import importlib
import os
import re
import subprocess
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
DEFECTS = glob.glob(os.path.join(TOP, 'ovs_tempest_plugin', 'defects',
                                 '*.patch'))


class DefectsTestCase(unittest.TestCase):
    """The deliberate defects still fit what they spoil."""

    def test_there_are_some(self):
        self.assertGreater(len(DEFECTS), 10)

    def test_they_apply(self):
        for path in DEFECTS:
            with open(path) as patch:
                said = subprocess.Popen(
                    ['patch', '--dry-run', '--fuzz=0', '--strip=1', '--batch',
                     '--directory', TOP], stdin=patch,
                    stdout=subprocess.PIPE).communicate()[0]
            self.assertNotIn(b'FAILED', said, path)
            self.assertIn(b'checking file', said, path)

    def test_their_tests_exist(self):
        for path in DEFECTS:
            with open(path) as patch:
                test, = re.findall('^Caught-by: (.+)$', patch.read(),
                                   re.MULTILINE)
            module, class_name, method = test.rsplit('.', 2)
            test_class = getattr(importlib.import_module(module), class_name)
            self.assertTrue(callable(getattr(test_class, method)), test)
