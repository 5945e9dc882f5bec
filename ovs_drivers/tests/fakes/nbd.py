# SPDX-License-Identifier: Apache-2.0

"""Just enough of NBD to look into the volumes of a running storagedriver."""

import socket
import struct

_OPTION_MAGIC = 0x49484156454F5054
_REQUEST_MAGIC = 0x25609513
_EXPORT_NAME = 1
READ, WRITE, DISCONNECT = 0, 1, 2


def read(host, port, name, offset, count):
    connection = _open(host, port, name)
    try:
        _request(connection, READ, offset, count)
        return _receive(connection, count)
    finally:
        connection.close()


def write(host, port, name, offset, data):
    connection = _open(host, port, name)
    try:
        connection.sendall(_header(WRITE, offset, len(data)) + data)
        _check_reply(connection)
    finally:
        connection.close()


def _open(host, port, name):
    connection = socket.create_connection((host, port), 10)
    greeting = _receive(connection, 18)
    assert greeting.startswith(b'NBDMAGICIHAVEOPT'), greeting
    name = name.encode('utf-8')
    no_zeroes_and_fixed = 3
    connection.sendall(struct.pack('>IQII', no_zeroes_and_fixed,
                                   _OPTION_MAGIC, _EXPORT_NAME, len(name)) +
                       name)
    _receive(connection, 10)
    return connection


def _header(command, offset, count):
    return struct.pack('>IHHQQI', _REQUEST_MAGIC, 0, command, 1, offset,
                       count)


def _request(connection, command, offset, count):
    connection.sendall(_header(command, offset, count))
    _check_reply(connection)


def _check_reply(connection):
    _magic, error, _handle = struct.unpack('>IIQ', _receive(connection, 16))
    assert error == 0, 'NBD error %d' % error


def _receive(connection, count):
    data = b''
    while len(data) < count:
        more = connection.recv(count - len(data))
        assert more, 'the connection ended'
        data += more
    return data
