# SPDX-License-Identifier: Apache-2.0

"""Every release that our code is for has the names that it uses.

``OVS_TEST_PYTHONS`` names the environments: ``name=/path/to/python`` entries
with ':' between them.
"""

import os
import subprocess
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

PY3 = 'py%d%d' % sys.version_info[:2]


class ReleasesTestCase(unittest.TestCase):

    def check(self, name):
        pythons = dict(entry.split('=', 1) for entry in os.environ.get(
            'OVS_TEST_PYTHONS', '').split(':') if entry)
        if not pythons and os.environ.get('CI') != 'true':
            self.skipTest('OVS_TEST_PYTHONS names no environments; run '
                          'bin/test upstream')
        ran = subprocess.run(
            [os.path.join(TOP, 'tools', 'check-upstream'), '--python',
             pythons[name]], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.assertEqual(0, ran.returncode, ran.stdout)
        return ran.stdout

    def test_ocata(self):
        self.assertIn('cinder 10.0.8: release ocata\n', self.check('py27'))

    def test_train(self):
        self.assertIn(': release train\n', self.check('py27-train'))

    def test_today(self):
        self.assertIn(': release 2026.1\n', self.check(PY3 + '-2026.1'))
        self.assertIn(': release 2026.2\n', self.check(PY3))

    def test_tempest(self):
        for name in ('tempest', 'tempest-py27'):
            self.assertRegex(self.check(name), r' uses of .*tempest.*: 0 ')
