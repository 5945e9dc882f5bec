# SPDX-License-Identifier: Apache-2.0

"""Nonsense at the XML-RPC port: seeded, bounded, beside an honest caller."""

import random
import socket
import threading
import unittest
import xmlrpc.client

from ovs_storagedriver import http_server
from ovs_storagedriver import testing
from ovs_storagedriver.tests import contract
from ovs_storagedriver.tests import support

SEED = 20261121
ROUNDS = 600
HEAD = (b'POST /RPC2 HTTP/1.0\r\nHost: localhost\r\n'
        b'Content-Type: text/xml\r\nContent-Length: %d\r\n\r\n')


class FuzzTestCase(unittest.TestCase):

    def setUp(self):
        self.random = random.Random(SEED)
        self.running = testing.RunningStorageDriver().__enter__()
        self.addCleanup(self.running.__exit__, None, None, None)
        self.plain = support.Plain(self.running.xml_rpc_port,
                                   self.running.guid)
        self.name, self.volume = self.plain.create()
        self.snapshot = self.plain.snapshot(self.volume)

    def test_nobody_is_harmed(self):
        engine, stop = self.running.engine_pid, threading.Event()
        honest = threading.Thread(target=self.be_honest, args=(stop,))
        self.honest_calls, self.harm = 0, None
        honest.start()
        try:
            for number in range(ROUNDS):
                request = self.request()
                with self.subTest(number=number, request=request[:200]):
                    self.judge(self.send(request))
        finally:
            stop.set()
            honest.join(support.WAIT_SECONDS)
        self.assertIsNone(self.harm)
        self.assertGreater(self.honest_calls, 10)
        self.assertTrue(self.running.is_running)
        self.assertEqual(engine, self.running.engine_pid)
        self.assertNotIn('Traceback', self.running.read_log())

    def be_honest(self, stop):
        try:
            while not stop.is_set():
                info = self.plain('volumeInfo', volume_id=self.volume)
                if info['volume_id'] != self.volume:
                    raise AssertionError('a wrong answer: %r' % info)
                self.honest_calls += 1
        except Exception as error:
            self.harm = error

    def send(self, request):
        """Return everything that the server says."""
        answer = b''
        with socket.create_connection(
                (self.running.host, self.running.xml_rpc_port),
                support.WAIT_SECONDS) as connection:
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
            except TimeoutError:
                raise
            except OSError:
                pass
        return answer

    def judge(self, answer):
        """Closed, an HTTP error, or an answer that is XML-RPC."""
        self.assertNotIn(b'Traceback', answer)
        self.assertNotIn(b'internal error', answer)
        head, _line, body = answer.partition(b'\r\n\r\n')
        if b' 200 ' in head.split(b'\r\n')[0]:
            try:
                xmlrpc.client.loads(body)
            except xmlrpc.client.Fault as fault:
                self.assertEqual(1, fault.faultCode)

    # Requests

    def request(self):
        make = self.random.choice((
            self.bytes_of_chance, self.damaged_call, self.odd_call,
            self.odd_call, self.odd_xml, self.damaged_head))
        return make()

    def bytes_of_chance(self):
        return self.random.randbytes(self.random.randrange(2000))

    def damaged_head(self):
        body = self.call()
        return self.damage(HEAD % len(body)) + body

    def damaged_call(self):
        body = self.damage(self.call())
        return HEAD % len(body) + body

    def odd_call(self):
        body = self.call(self.odd_value)
        return HEAD % len(body) + body

    def odd_xml(self):
        depth = self.random.randrange(3000)
        tag = self.random.choice(('value', 'array', 'struct', 'a', 'member'))
        body = ('<%s>' % tag * depth + '</%s>' % tag * depth).encode()
        if self.random.random() < 0.5:
            body = (b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "'
                    + b'&a;' * 1000 + b'">]>' + self.call())
        size = self.random.choice((len(body), len(body) + 1, 0,
                                   http_server.BODY_BYTES_MAX, 10 ** 18))
        return HEAD % size + body

    def call(self, value=None):
        method = self.random.choice(sorted(contract.KEYS))
        # Neither the honest caller's volume nor its owner may change.
        keys = dict(contract.KEYS[method],
                    vrouter_cluster_id=self.running.guid)
        if value:
            changed = self.random.sample(sorted(keys), self.random.randrange(
                len(keys) + 1))
            keys.update({key: value() for key in changed})
        parameters = self.random.choice(((keys,),) * 8 + ((), (keys, keys)))
        return xmlrpc.client.dumps(parameters, method).encode(
            'utf-8', 'surrogatepass')

    def odd_value(self):
        return self.random.choice((
            lambda: self.random.randrange(-2 ** 31, 2 ** 31),
            lambda: self.random.random() * 1e300,
            lambda: float('inf'), lambda: True, lambda: [], lambda: {},
            lambda: [[[self.odd_value()]]],
            lambda: {'a': self.odd_value()},
            lambda: xmlrpc.client.Binary(self.random.randbytes(50)),
            lambda: xmlrpc.client.DateTime(0),
            lambda: 'x' * self.random.randrange(70000),
            lambda: '9' * self.random.randrange(1, 6000) + 'GiB',
            lambda: ''.join(chr(self.random.randrange(0x11000))
                            for _n in range(20)),
            lambda: '/../../etc/passwd.raw', lambda: '/%s.raw' % ('.' * 9),
            lambda: '/a\0b.raw', lambda: '%s%n%d', lambda: '',
            lambda: self.volume.upper(), lambda: self.running.guid))()

    def damage(self, data):
        data = bytearray(data)
        for _time in range(self.random.randrange(1, 6)):
            at = self.random.randrange(len(data))
            if self.random.random() < 0.4:
                data[at] = self.random.randrange(256)
            elif self.random.random() < 0.5:
                del data[at:at + self.random.randrange(30)]
            else:
                data[at:at] = data[at:at + self.random.randrange(30)]
            if not data:
                break
        return bytes(data)
