# SPDX-License-Identifier: Apache-2.0

"""First inputs of the fuzz targets: right requests, answers and damages.

How an input becomes bytes on the wire or in a file is said in targets/.
"""

import struct
import zlib

VOLUME_ID = bytes([1]) + bytes(15)
NEW_ID = bytes(range(16))

RAW, OPTIONS, REQUESTS = range(3)
VENDOR, EXPORT_NAME, ABORT, LIST, STARTTLS, INFO, GO = 0, 1, 2, 3, 5, 6, 7
READ, WRITE, FLUSH, TRIM, WRITE_ZEROES = 0, 1, 3, 4, 6
FUA, NO_HOLE = 1, 2


def text(value):
    return struct.pack('>H', len(value)) + value


def blob(value):
    return struct.pack('>I', len(value)) + value


def by_name(value):
    return b'\0' + text(value)


def by_id(value):
    return b'\1' + value


def u32(value):
    return struct.pack('>I', value)


def u64(value):
    return struct.pack('>Q', value)


# Operation number and its fields, as PROTOCOL.md has them.
CONTROL = [
    (1, NEW_ID),
    (1, bytes(16)),
    (10, text(b'new') + u64(1 << 20) + NEW_ID + text(b'node1')),
    (11, by_name(b'c')),
    (11, by_id(VOLUME_ID)),
    (12, by_name(b'v') + u64(2 << 20)),
    (13, by_name(b'v')),
    (14, by_id(VOLUME_ID)),
    (15, text(b'') + u32(10)),
    (15, text(b'c') + u32(1)),
    (16, by_name(b'v') + text(b's') + text(b'd') + NEW_ID + text(b'')),
    (17, by_name(b'c')),
    (18, by_name(b'v') + text(b'node2')),
    (19, by_name(b'v') + bytes(16) + text(b'')),
    (20, by_name(b'v') + text(b't') + NEW_ID + blob(b'metadata')),
    (21, by_name(b'v') + text(b's')),
    (22, by_name(b'v') + text(b's')),
    (23, by_name(b'v')),
    (24, by_name(b'v') + text(b's')),
    (25, by_name(b'v') + text(b's') + u32(10)),
    (30, b''),
]

# Fields of the answers to them.
ENTRY = VOLUME_ID + text(b'v') + u64(1 << 20) + b'\0' + text(b'node1')
VOLUME_INFO = (ENTRY + bytes(16) + text(b'') + u64(65536) + u32(1) + u32(0)
               + u32(1))
SNAPSHOT = NEW_ID + text(b's') + u64(1) + u64(1 << 20) + b'\1'
HELLO = (struct.pack('>H', 1) + text(b'boot') + NEW_ID + NEW_ID
         + u64(1 << 46) + u32(32 << 20))
ANSWERS = [
    b'', HELLO, VOLUME_INFO, b'\0' + u32(1) + ENTRY, u64(2 << 20),
    u64(1 << 20) + b'\0', u64(1 << 20) + u32(1) + SNAPSHOT,
    u64(1 << 20) + u32(0), SNAPSHOT + u64(0) + u32(0) + blob(b''), b'\1',
]


def control_option(operation, fields):
    return option(VENDOR, struct.pack('>H', operation) + fields)


def option(number, data):
    return struct.pack('>BH', number, len(data)) + data


def request(command, flags, offset, length, data=b''):
    return (struct.pack('>BB', command, flags) + u32(offset >> 4)[1:]
            + u32(length)[1:] + data)


def server():
    """Return inputs for targets/server.c."""
    options = [control_option(*request) for request in CONTROL]
    export = blob(b'v') + struct.pack('>HHH', 2, 1, 3)
    options += [option(LIST, b''), option(INFO, export), option(GO, export),
                option(EXPORT_NAME, b'v'), option(STARTTLS, b''),
                option(ABORT, b'')]
    requests = [
        request(READ, 0, 0, 4096), request(READ, 0, 1 << 19, 100000),
        request(WRITE, 0, 65536, 16, b'0123456789abcdef'),
        request(WRITE, FUA, 0, 8, b'01234567'), request(FLUSH, 0, 0, 0),
        request(TRIM, 0, 0, 131072), request(WRITE_ZEROES, 0, 4096, 70000),
        request(WRITE_ZEROES, NO_HOLE | FUA, 1 << 18, 65536),
        request(READ, 0, 1 << 20, 1), request(9, 0, 0, 0),
    ]
    raw = (struct.pack('>I', 3) + struct.pack('>QII', 0x49484156454F5054,
                                              GO, 7) + blob(b'v') + b'\0\0'
           + struct.pack('>IHHQQI', 0x25609513, 0, WRITE, 1, 0, 4) + b'data'
           + struct.pack('>IHHQQI', 0x25609513, 0, 2, 2, 0, 0))
    return ([bytes([OPTIONS]) + one for one in options]
            + [bytes([REQUESTS]) + one for one in requests]
            + [bytes([OPTIONS]) + b''.join(options[:24]),
               bytes([REQUESTS]) + b''.join(requests), bytes([RAW]) + raw])


def piece(how, data):
    return struct.pack('>BH', how, len(data)) + data


def answered(fields, error=0):
    return piece(1, u32(error) + struct.pack('>H', 0) + fields)


def client():
    """Return inputs for targets/client.c."""
    opened = answered(HELLO) + answered(VOLUME_INFO) + piece(2, b'')
    replies = b''.join(struct.pack('>BB', 2, 0) for _ in range(12))
    failed = struct.pack('>BB', 1, 4) + u32(5)
    inputs = [b'\0' + opened + replies, b'\1' + opened + replies,
              b'\1' + opened + failed * 4 + replies,
              b'\1' + opened + b'\2\0' + struct.pack('>BB', 0, 3) + b'bad'
              + opened + replies]
    for fields in ANSWERS:
        inputs.append(b'\2' + answered(fields) * 12)
        inputs.append(b'\3' + answered(HELLO) + answered(fields) * 12)
    inputs.append(b'\2' + answered(b'no such volume', 2) * 12)
    return inputs


def change(file, how, offset, data):
    return struct.pack('>BB', file, how) + u32(offset)[1:] + bytes(
        [len(data)]) + data


def store():
    """Return inputs for targets/store.c."""
    inputs = [b'\0', b'\1']
    for file in range(20):
        inputs.append(b'\0' + change(file, 0, 20, b'\xff'))
        inputs.append(b'\0' + change(file, 1, 40, b''))
        inputs.append(b'\1' + change(file, 2, 36, text(b'x' * 40)))
        inputs.append(b'\1' + change(file, 0, 4096, b'\xff' * 8))
    record = b'OVSEVOL1' + bytes(12)
    inputs.append(b'\0' + change(9, 3, 0, record + u32(zlib.crc32(b''))))
    return inputs


SEND, RECEIVE, PEER_SENDS, PEER_RECEIVES, PEER_CHANGES_KEYS, DELIVER = range(6)
PEER_LEAVES = 9
TAMPERINGS = range(1, 8)


def act(number, argument):
    return struct.pack('>BH', number, argument)


def game(how, messages, records, acts):
    return (bytes([how, len(messages)]) + messages + bytes([len(records)])
            + records + acts)


def tls():
    """Return inputs for targets/tls.c."""
    transfer = (act(SEND, 3000) + act(PEER_SENDS, 60000)
                + act(DELIVER, 7000) + act(RECEIVE, 100)
                + act(PEER_CHANGES_KEYS, 1) + act(DELIVER, 60000)
                + act(RECEIVE, 60000) + act(PEER_RECEIVES, 5000)
                + act(SEND, 40000) + act(PEER_CHANGES_KEYS, 0)
                + act(PEER_SENDS, 10) + act(PEER_RECEIVES, 60000))
    inputs = [game(how, b'', b'', transfer * 2) for how in range(64)]
    for how in range(4):
        for number in range(6):
            message = bytes(number) + struct.pack('>BHB', 1, 9, 0x41)
            inputs.append(game(how, message, b'', transfer))
            for kind in TAMPERINGS:
                record = (bytes(4 * number)
                          + struct.pack('>BHB', kind, 11, 0x21))
                inputs.append(game(how, b'', record, transfer))
        for number in range(5, 11):
            inputs.append(game(how, b'', b'', transfer + act(number, 0x2802)
                               + b'\x17\x03' + transfer))
    return inputs
