# SPDX-License-Identifier: Apache-2.0

import os
import stat
import tempfile
import unittest

from oslo_config import cfg

from ovs_testbed import ini


class IniTestCase(unittest.TestCase):

    def test_render(self):
        self.assertEqual(
            '[DEFAULT]\na = 1\nb = true\n\n[x]\nc = p\nc = q\n',
            ini.render({'DEFAULT': {'a': 1, 'b': True, 'none': None},
                        'x': {'c': ['p', 'q']}}))

    def test_lines_cannot_be_smuggled_in(self):
        with self.assertRaises(ValueError):
            ini.render({'DEFAULT': {'a': 'b\nc = d'}})

    def test_oslo_config_reads_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'etc', 'conf')
            ini.write(path, {'x': {'password': 'a%b$c', 'many': ['1', '2'],
                                   'on': False}})
            self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
            conf = cfg.ConfigOpts()
            conf.register_opts([cfg.StrOpt('password'),
                                cfg.MultiStrOpt('many'),
                                cfg.BoolOpt('on')], 'x')
            conf(['--config-file', path])
            self.assertEqual(['1', '2'], conf.x.many)
            self.assertIs(False, conf.x.on)
