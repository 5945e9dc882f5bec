# SPDX-License-Identifier: Apache-2.0

import asyncio
import unittest

from ovs_testbed import relay


class RelayTestCase(unittest.IsolatedAsyncioTestCase):

    async def asyncSetUp(self):
        async def shout(reader, writer):
            text = await reader.read()
            writer.write(text.upper())
            await writer.drain()
            writer.close()
        self.server = await asyncio.start_server(shout, '127.0.0.1', 0)
        inside = self.server.sockets[0].getsockname()[1]
        outside = relay.listen(0)
        self.port = outside.getsockname()[1]
        self.serving = asyncio.create_task(relay.serve({inside: outside}))

    async def asyncTearDown(self):
        self.serving.cancel()
        self.server.close()

    async def ask(self, text):
        reader, writer = await asyncio.open_connection('127.0.0.1',
                                                       self.port)
        writer.write(text)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    async def test_both_directions_and_their_ends(self):
        text = b'x' * 300000
        self.assertEqual(text.upper(), await self.ask(text))

    async def test_several_at_once(self):
        answers = await asyncio.gather(*(
            self.ask(b'call %d' % number) for number in range(20)))
        self.assertEqual([b'CALL %d' % number for number in range(20)],
                         answers)

    async def test_nobody_inside(self):
        self.server.close()
        await self.server.wait_closed()
        try:
            answer = await self.ask(b'hello')
        except ConnectionError:
            answer = b''
        self.assertEqual(b'', answer)
        # and the relay still listens
        try:
            answer = await self.ask(b'hello')
        except ConnectionError:
            answer = b''
        self.assertEqual(b'', answer)
