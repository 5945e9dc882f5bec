# SPDX-License-Identifier: Apache-2.0

"""The relay of a testbed: its APIs on the machine's own 127.0.0.1.

Run as ``python -m ovs_testbed.relay NAMESPACE PORT...``: listens outside and
connects inside. A socket belongs to the namespace that it was made in, so all
that it takes is to make the listening ones first.
"""

import asyncio
import socket
import sys

from ovs_testbed import namespaces

_ADDRESS = '127.0.0.1'
_PIECE = 1 << 16


def listen(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((_ADDRESS, port))
    return sock


async def _copy(reader, writer):
    """Copy one direction to its end, and pass the end on."""
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def _serve(port, reader, writer):
    """Carry one connection."""
    try:
        far_reader, far_writer = await asyncio.open_connection(
            _ADDRESS, port)
    except OSError:
        writer.close()
        return
    try:
        await asyncio.gather(_copy(reader, far_writer),
                             _copy(far_reader, writer))
    finally:
        far_writer.close()
        writer.close()


async def serve(listening):
    """Serve sockets until the end: {port inside: socket outside}."""
    servers = []
    for port, sock in listening.items():
        def carry(reader, writer, port=port):
            return _serve(port, reader, writer)
        servers.append(await asyncio.start_server(carry, sock=sock))
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main(namespace, *ports):
    listening = {}
    for port in map(int, ports):
        try:
            listening[port] = listen(port)
        except OSError as error:
            sys.exit('ERROR port %d of this machine: %s'
                     % (port, error.strerror))
    namespaces.enter(namespace)
    asyncio.run(serve(listening))


if __name__ == '__main__':
    main(*sys.argv[1:])
