# SPDX-License-Identifier: Apache-2.0

import unittest
import xmlrpc.client

from ovs_storagedriver import xml_rpc

CALL = '<methodCall><methodName>x</methodName><params>%s</params>' \
       '</methodCall>'
BOMB = '<!DOCTYPE bomb [<!ENTITY a0 "boom">%s]>' % ''.join(
    '<!ENTITY a%d "%s">' % (n, '&a%d;' % (n - 1) * 10) for n in range(1, 10))


class ParseTestCase(unittest.TestCase):

    def test_what_python_sends(self):
        for parameters in ((), ({'a': 'b'},), ('ü', True, 7, 1.5, [1, [2]])):
            body = xmlrpc.client.dumps(parameters, 'call').encode()
            self.assertEqual(('call', parameters),
                             xml_rpc.parse_request(body))

    def test_encodings(self):
        text = '<?xml version="1.0" encoding="%s"?>' + CALL % (
            '<param><value>ü</value></param>')
        for encoding in ('utf-8', 'iso-8859-1', 'utf-16'):
            self.assertEqual(('x', ('ü',)), xml_rpc.parse_request(
                (text % encoding).encode(encoding)))

    def test_refused(self):
        for body in (
                b'', b'\0', b'\xff\xfe', b'<', b'text', b'<a/>', b'<a></b>',
                b'<?xml version="1.0" encoding="nonsense"?><a/>',
                b'<methodCall/>', b'<methodCall></methodCall>',
                b'<methodResponse><params/></methodResponse>',
                xmlrpc.client.dumps(xmlrpc.client.Fault(1, 'x')).encode(),
                (CALL % '<param><value><int>x</int></value></param>').encode(),
                (CALL % '<param><value><int>%s</int></value></param>'
                 % ('9' * 100000)).encode(),
                (CALL % '<param><value><boolean>2</boolean></value></param>'
                 ).encode(),
                (CALL % '<param><value><struct><member><name><array><data/>'
                 '</array></name><value/></member></struct></value></param>'
                 ).encode(),
                (CALL % '<param><value><struct></array></value></param>'
                 ).encode(),
                (CALL % '&undefined;').encode()):
            with self.subTest(body[:60]), \
                    self.assertRaises(xml_rpc.BadRequest) as caught:
                xml_rpc.parse_request(body)
            self.assertLess(len(str(caught.exception)), 100)

    def test_entities(self):
        for body in (BOMB + CALL % '<param><value>&a9;</value></param>',
                     '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + CALL % '',
                     '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                     + CALL % '<param><value>&e;</value></param>'):
            with self.assertRaises(xml_rpc.BadRequest):
                xml_rpc.parse_request(body.encode())

    def test_depth(self):
        depth = 20000
        body = CALL % ('<param>%s%s</param>' % (
            '<value><array><data>' * depth, '</data></array></value>' * depth))
        method, parameters = xml_rpc.parse_request(body.encode())
        self.assertEqual('x', method)
        self.assertIsInstance(parameters[0], list)

    def test_fault(self):
        with self.assertRaises(xmlrpc.client.Fault) as caught:
            xmlrpc.client.loads(xml_rpc.format_fault('what is <wrong>'))
        self.assertEqual((1, 'what is <wrong>'), (
            caught.exception.faultCode, caught.exception.faultString))
