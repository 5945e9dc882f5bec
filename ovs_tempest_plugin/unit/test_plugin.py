# SPDX-License-Identifier: Apache-2.0

import importlib
import os
import pkgutil
import unittest

from tempest.test_discover import plugins

from ovs_tempest_plugin import config as plugin_config
from ovs_tempest_plugin import plugin
from ovs_tempest_plugin import tests


def _test_methods():
    for _finder, name, is_package in pkgutil.walk_packages(
            tests.__path__, tests.__name__ + '.'):
        module = importlib.import_module(name)
        if is_package or not name.rpartition('.')[2].startswith('test_'):
            continue
        for test_class in vars(module).values():
            if getattr(test_class, '__module__', None) == name:
                for key, method in vars(test_class).items():
                    if key.startswith('test_'):
                        yield '%s.%s' % (name, key), method


class PluginTestCase(unittest.TestCase):

    def test_tempest_finds_it(self):
        found = plugins.TempestTestPluginManager()
        self.assertIn('openvstorage', found.get_plugin_load_tests_tuple())

    def test_where_the_tests_are(self):
        folder, top = plugin.OpenvStorageTempestPlugin().load_tests()
        self.assertEqual(os.path.abspath(os.path.dirname(tests.__file__)),
                         folder)
        self.assertTrue(folder.startswith(top))

    def test_every_test_says_what_it_does(self):
        methods = list(_test_methods())
        self.assertGreater(len(methods), 50)
        for name, method in methods:
            self.assertTrue((method.__doc__ or '').strip(), name)

    def test_what_runs_alone_runs_last(self):
        modules = sorted(set(name.rpartition('.')[0]
                             for name, _method in _test_methods()))
        for name in modules[:-1]:
            for key, value in vars(importlib.import_module(name)).items():
                self.assertFalse(getattr(value, '_serial', False),
                                 '%s.%s' % (name, key))

    def test_every_option_has_help(self):
        for option in plugin_config.OpenvStorageGroup:
            self.assertTrue(option.help, option.name)
