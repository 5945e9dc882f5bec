# SPDX-License-Identifier: Apache-2.0

import os
from unittest import mock
from xml.etree import ElementTree

from harness.tests import support
from ovs_testbed import libvirt_api

_API = '''
<api><files><file><exports symbol='virOld'/><exports symbol='virNew'/></file>
</files><symbols><function name='virOld'/><function name='virNew'/>
<typedef name='virNew'/></symbols></api>
'''
_READELF = '''
  1: 00000 5 FUNC GLOBAL DEFAULT 12 virOld@@LIBVIRT_5.8.0
  2: 00000 5 FUNC GLOBAL DEFAULT 12 virNew@@LIBVIRT_7.3.0
  3: 00000 5 FUNC GLOBAL DEFAULT 12 virMine@@LIBVIRT_PRIVATE_9.0.0
  4: 00000 5 FUNC GLOBAL DEFAULT 12 virQemu@@LIBVIRT_QEMU_10.2.0
'''
_PACKAGE = 'prefix=/usr\nlibvirt_api=${prefix}/api/libvirt-api.xml\nName: x\n'


class LibvirtApiTestCase(support.FolderTestCase):

    def setUp(self):
        super().setUp()
        self.described = os.path.join(self.folder, 'described')
        os.mkdir(self.described)
        for name, text in (('libvirt-api.xml', _API), ('libvirt.so.0', ''),
                           ('libvirt.pc', _PACKAGE)):
            with open(os.path.join(self.folder, name), 'w') as stream:
                stream.write(text)
        for name, file_name in (('_DESCRIPTIONS', '*.xml'),
                                ('_LIBRARIES', '*.so.0'),
                                ('_PACKAGES', '*.pc')):
            patched = mock.patch.object(libvirt_api, name, os.path.join(
                self.folder, file_name))
            patched.start()
            self.addCleanup(patched.stop)

    def describe(self, version):
        with mock.patch('subprocess.check_output', return_value=_READELF):
            libvirt_api.describe(self.described, version)
        return ElementTree.parse(os.path.join(self.described,
                                              'libvirt-api.xml'))

    def names(self, tree, tag, attribute):
        return [found.get(attribute) for found in tree.iter(tag)]

    def test_functions_that_are_newer_are_left_out(self):
        tree = self.describe('5.10.0')
        self.assertEqual(['virOld'], self.names(tree, 'function', 'name'))
        self.assertEqual(['virOld'], self.names(tree, 'exports', 'symbol'))
        self.assertEqual(['virNew'], self.names(tree, 'typedef', 'name'))

    def test_versions_are_numbers(self):
        tree = self.describe('7.10.0')
        self.assertEqual(['virOld', 'virNew'],
                         self.names(tree, 'function', 'name'))

    def test_pkg_config_names_what_was_written(self):
        self.describe('5.10.0')
        with open(os.path.join(self.described, 'libvirt.pc')) as stream:
            self.assertEqual(_PACKAGE.replace('${prefix}/api',
                                              self.described), stream.read())
