# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""Clones: the one thing that the tests need and the library has no call for.

Spoken to the engine directly, as edge/PROTOCOL.md says.
"""

import socket
import struct

VENDOR, VOLUME_CLONE = 0x4F565301, 16


def string(text):
    return struct.pack('>H', len(text)) + text


def receive(connection, length):
    data = b''
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError('the engine closed the connection')
        data += part
    return data


def clone(port, parent, snapshot, name):
    request = (struct.pack('>HB', VOLUME_CLONE, 0) + string(parent) +
               string(snapshot) + string(name) + bytes(16) + string(b''))
    with socket.create_connection(('127.0.0.1', port), 30) as connection:
        receive(connection, 18)
        connection.sendall(struct.pack('>I', 3) + b'IHAVEOPT' + struct.pack(
            '>II', VENDOR, len(request)) + request)
        *_, length = struct.unpack('>QIII', receive(connection, 20))
        reply = receive(connection, length)
    error, _ = struct.unpack_from('>IH', reply)
    if error:
        raise OSError(error, reply[8:].decode())
