# SPDX-License-Identifier: Apache-2.0

import unittest

from ovs_storagedriver import names
from ovs_storagedriver import xml_rpc


class NamesTestCase(unittest.TestCase):

    def test_there_and_back(self):
        for name in ('volume-1', 'x' * 254, 'ü' * 127, 'a.raw', '%2f'):
            self.assertEqual(name, names.of_path(names.to_path(name)))

    def test_refused(self):
        for name in ('', '.', '..', 'a/b', '/', 'a\x00', '\x1f', '\x7f',
                     'x' * 255, 'ü' * 128):
            with self.subTest(name), self.assertRaises(ValueError):
                names.check(name, 'it')

    def test_paths_that_are_none(self):
        for path in ('', '/', '/.raw', 'a.raw', '/a', '//a.raw', '/a.raw\n',
                     '/a/b.raw', '/a\n.raw'):
            with self.subTest(path), self.assertRaises(ValueError):
                names.of_path(path)

    def test_every_byte_can_be_shown(self):
        raw = bytes(range(256)).decode('utf-8', 'surrogateescape')
        for name in (raw, '\ufffe\uffff\udfff'):
            shown = names.printable(name)
            answer = xml_rpc.format_answer(shown)
            parameters, _method = xml_rpc.xmlrpc.client.loads(answer)
            self.assertEqual((shown,), parameters)
        self.assertEqual('\\x00\\xff\\xc3', names.printable(
            b'\x00\xff\xc3'.decode('utf-8', 'surrogateescape')))
