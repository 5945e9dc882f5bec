# SPDX-License-Identifier: Apache-2.0

"""ID.map as edge/server/map.h describes it, written on its own."""

import struct
import zlib

PAGE, SECTOR, BITS = 4096, 512, 508
HEADER = struct.Struct('>8sI16s')
MAGIC = b'OVSEMAP1'


def version(path):
    with open(path, 'rb') as file:
        return HEADER.unpack(file.read(HEADER.size))[1]


def load(path):
    """The bits; bytes that are not there are zeros."""
    with open(path, 'rb') as file:
        content = file.read()[PAGE:]
    return bytearray(b''.join(content[at:at + BITS]
                              for at in range(0, len(content), SECTOR)))


def _checked(body):
    return body + struct.pack('>I', zlib.crc32(body))


def _page(data):
    return data + bytes(-len(data) % PAGE)


def _layer(path):
    return bytes.fromhex(path.rsplit('/', 1)[1][:32])


def _sector(layer, number, bits):
    place = layer + struct.pack('>Q', number)
    return bits + struct.pack('>I', zlib.crc32(place + bits))


def store(path, bits, stated=0):
    layer = _layer(path)
    bits = bytes(bits) + bytes(-len(bits) % (PAGE // SECTOR * BITS))
    header = HEADER.pack(MAGIC, 2, layer) + struct.pack('>Q', stated)
    with open(path, 'wb') as file:
        file.write(_page(_checked(header)))
        for number in range(len(bits) // BITS):
            file.write(_sector(layer, number,
                               bits[number * BITS:(number + 1) * BITS]))


def store_version_1(path, bits):
    with open(path, 'wb') as file:
        file.write(_page(_checked(HEADER.pack(MAGIC, 1, _layer(path)))))
        file.write(_page(bytes(bits)))
