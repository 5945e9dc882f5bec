# SPDX-License-Identifier: Apache-2.0

"""The control client where the engine does what it seldom does."""

import errno
import os
import re
import tempfile
import unittest
import uuid

from ovs_storagedriver import engine
from ovs_storagedriver import errors
from ovs_storagedriver import unix_socket
from ovs_storagedriver import wire
from ovs_storagedriver.tests import scripted_engine
from ovs_storagedriver.tests import support
from ovs_storagedriver.tests.scripted_engine import CLOSE
from ovs_storagedriver.tests.scripted_engine import refusal
from ovs_storagedriver.tests.scripted_engine import reply

STAT = reply(wire.u64(3) + wire.u64(2) + wire.u64(1) + wire.u32(7))
GONE = refusal(errno.ENOENT, 1)


def entry(name):
    return (uuid.uuid4().bytes + wire.text(name) + wire.u64(4096) + b'\0' +
            wire.text('node1'))


def page(more, *names):
    return reply(bytes([more]) + wire.u32(len(names)) +
                 b''.join(map(entry, names)))


class EngineTestCase(unittest.TestCase):

    def scripted(self, *steps, **options):
        scripted = scripted_engine.ScriptedEngine(steps, **options)
        scripted.__enter__()
        self.addCleanup(scripted.__exit__)
        asked = engine.Engine(scripted.path, patience=options.pop(
            'patience', support.WAIT_SECONDS))
        self.addCleanup(asked.close)
        return scripted, asked

    def test_a_lost_reply_is_asked_for_again(self):
        scripted, asked = self.scripted(CLOSE, CLOSE, STAT)
        self.assertEqual((3, 2, 1, 7), asked.stat())
        self.assertEqual(3, len(scripted.requests))

    def test_what_is_made_has_one_id_however_often_it_is_sent(self):
        volume = reply(entry('v') + wire.NO_UUID.bytes + wire.text('') +
                       wire.u64(0) + wire.u32(0) * 3)
        scripted, asked = self.scripted(CLOSE, volume)
        asked.create('v', 4096, 'node1')
        self.assertEqual(scripted.requests[0], scripted.requests[1])

    def test_removed_by_the_request_whose_reply_was_lost(self):
        for ask in (lambda asked: asked.remove('v'),
                    lambda asked: asked.snapshot_remove('v', 's')):
            scripted, asked = self.scripted(CLOSE, GONE)
            ask(asked)
            self.assertEqual(2, len(scripted.requests))

    def test_removed_by_nobody(self):
        _scripted, asked = self.scripted(GONE, CLOSE, refusal(
            errno.ENOTEMPTY, 7), GONE)
        with self.assertRaises(engine.EngineError) as caught:
            asked.remove('v')
        self.assertEqual(1, caught.exception.reason)
        with self.assertRaises(engine.EngineError) as caught:
            asked.remove('v')
        self.assertEqual(7, caught.exception.reason)
        # The connection that was closed for idling had no request yet.
        with self.assertRaises(engine.EngineError):
            asked.remove('v')

    def test_refusals(self):
        for code in range(9):
            _scripted, asked = self.scripted(refusal(errno.EIO, code, 'why'))
            with self.assertRaisesRegex(engine.EngineError, 'why') as caught:
                asked.stat()
            self.assertEqual((errno.EIO, code), (caught.exception.errno,
                                                 caught.exception.reason))

    def test_later_versions_append_fields(self):
        _scripted, asked = self.scripted(
            STAT + b'', hello=reply(scripted_engine.VERSION_1 + b'more'))
        self.assertEqual(7, asked.stat().volumes)

    def test_pages(self):
        scripted, asked = self.scripted(page(1, 'a', 'b'), page(1, 'c'),
                                        page(0, 'd'))
        self.assertEqual(['a', 'b', 'c', 'd'],
                         [volume.name for volume in asked.volumes()])
        self.assertEqual([wire.text(after) + wire.u32(1000)
                          for after in ('', 'b', 'c')],
                         [fields for _no, fields in scripted.requests])

    def test_pages_that_never_end(self):
        _scripted, asked = self.scripted(page(1, 'a'), page(1))
        self.assertEqual(1, len(asked.volumes()))

    def test_names_that_are_not_utf8(self):
        scripted, asked = self.scripted(page(0, '\udcff\udcfe'), GONE)
        name = asked.volumes()[0].name
        self.assertIsNone(asked.find(name))
        self.assertEqual(wire.integer(1, 0) + wire.u16(2) + b'\xff\xfe',
                         scripted.requests[1][1])

    def test_nonsense(self):
        for step in (scripted_engine.frame(b'', magic=6),
                     scripted_engine.frame(b'', magic=7),
                     scripted_engine.frame(b'', option=7),
                     scripted_engine.frame(b'', kind=0x80000001),
                     STAT[:16] + wire.u32(1 << 31)):
            with self.subTest(step):
                _scripted, asked = self.scripted(step)
                with self.assertRaisesRegex(engine.EngineDown,
                                            'not the engine'):
                    asked.stat()

    def test_replies_that_are_cut_off(self):
        for step in (scripted_engine.frame(b''), reply(), reply(b'\0' * 27),
                     reply(b'', errno=2), reply(wire.u16(9) + b'x', 2)):
            with self.subTest(step):
                _scripted, asked = self.scripted(step)
                with self.assertRaisesRegex(errors.ServiceError, 'cut off'):
                    asked.stat()

    def test_somebody_else_at_the_socket(self):
        for options in ({'greeting': b'220 smtp.example.org ESMTP'},
                        {'hello': reply(wire.u16(2))},
                        {'hello': scripted_engine.frame(b'',
                                                        kind=0x80000001)}):
            with self.subTest(options):
                _scripted, asked = self.scripted(STAT, **options)
                with self.assertRaisesRegex(engine.EngineDown,
                                            'not the engine'):
                    asked.stat()

    def test_nobody_there(self):
        with tempfile.TemporaryDirectory() as folder:
            asked = engine.Engine(os.path.join(folder, 'engine.sock'))
            with self.assertRaisesRegex(engine.EngineDown,
                                        'does not answer'):
                asked.stat()


class OperationTestCase(unittest.TestCase):

    def test_numbers_are_those_of_the_protocol(self):
        with open(os.path.join(os.path.dirname(__file__), '..', '..', 'edge',
                               'PROTOCOL.md'), encoding='utf-8') as text:
            numbers = {name: int(number) for number, name in re.findall(
                r'^\| ([0-9]+) \| ([A-Z_]+) \|', text.read(), re.MULTILINE)}
        self.assertIn('STORE_STAT', numbers)
        for operation in engine.Operation:
            self.assertEqual(numbers[operation.name], operation)


class UnixSocketTestCase(unittest.TestCase):

    def test_missing_folder(self):
        with self.assertRaises(FileNotFoundError):
            unix_socket.connect('/no/such/folder/socket', 1)
