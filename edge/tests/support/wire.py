# SPDX-License-Identifier: Apache-2.0

"""A small client of the edge port, written from PROTOCOL.md alone."""

import collections
import errno
import socket
import struct
import uuid

OPTION_MAGIC = 0x49484156454F5054
OPTION_REPLY_MAGIC = 0x0003E889045565A9
OPT_EXPORT_NAME, OPT_ABORT, OPT_LIST, OPT_INFO, OPT_GO = 1, 2, 3, 6, 7
OPT_STARTTLS = 5
OPT_OVS = 0x4F565301
REP_ACK, REP_SERVER, REP_INFO = 1, 2, 3
REP_ERR_UNSUP, REP_ERR_POLICY = 0x80000001, 0x80000002
REP_ERR_INVALID, REP_ERR_PLATFORM = 0x80000003, 0x80000004
REP_ERR_TLS_REQD = 0x80000005
REQUEST_MAGIC, REPLY_MAGIC = 0x25609513, 0x67446698
READ, WRITE, DISC, FLUSH, TRIM, WRITE_ZEROES = 0, 1, 2, 3, 4, 6
FUA, NO_HOLE = 1, 2
NO_ID = uuid.UUID(int=0)
TIMEOUT = 60

HELLO, CREATE, REMOVE, TRUNCATE, STAT, INFO, LIST, CLONE = (
    1, 10, 11, 12, 13, 14, 15, 16)
SET_TEMPLATE, SET_OWNER, FENCE = 17, 18, 19
SNAP_CREATE, SNAP_REMOVE, SNAP_ROLLBACK, SNAP_LIST, SNAP_INFO, SNAP_SYNCED = (
    20, 21, 22, 23, 24, 25)
STORE_STAT = 30

Hello = collections.namedtuple(
    'Hello', 'version boot_id store_id instance largest_volume '
    'largest_request')
Volume = collections.namedtuple(
    'Volume', 'id name size template owner parent_id parent_snapshot stored '
    'snapshots clones opens')
Entry = collections.namedtuple('Entry', 'id name size template owner')
Snapshot = collections.namedtuple(
    'Snapshot', 'id name created size synced stored clones metadata')
SnapshotEntry = collections.namedtuple(
    'SnapshotEntry', 'id name created size synced')
Usage = collections.namedtuple('Usage', 'total used free volumes')


class Refused(Exception):
    """The server answered a control request with an error."""

    def __init__(self, number, reason, text):
        super().__init__('%s (reason %d): %s' % (
            errno.errorcode.get(number, number), reason, text))
        self.errno, self.reason, self.text = number, reason, text


class OptionError(Exception):
    def __init__(self, reply):
        super().__init__('option answered with 0x%08x' % reply)
        self.reply = reply


class NBDError(Exception):
    def __init__(self, number):
        super().__init__(errno.errorcode.get(number, number))
        self.errno = number


def receive(sock, length):
    parts = []
    while length:
        part = sock.recv(min(length, 1 << 20))
        if not part:
            raise ConnectionError('the server closed the connection')
        parts.append(part)
        length -= len(part)
    return b''.join(parts)


def pack_str(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack('>H', len(data)) + data


def pack_ref(ref):
    if isinstance(ref, uuid.UUID):
        return b'\x01' + ref.bytes
    return b'\x00' + pack_str(ref)


class Fields:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        piece = self.data[self.at:self.at + length]
        assert len(piece) == length, 'the answer is too short'
        self.at += length
        return piece

    def number(self, code):
        return struct.unpack('>' + code,
                             self.take(struct.calcsize('>' + code)))[0]

    def str(self):
        return self.take(self.number('H')).decode()

    def blob(self):
        return self.take(self.number('I'))

    def uuid(self):
        return uuid.UUID(bytes=self.take(16))


def connect(address):
    if isinstance(address, socket.socket):
        return address
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(TIMEOUT)
        sock.connect(address)
        return sock
    sock = socket.create_connection(address, timeout=TIMEOUT)
    if sock.getsockname() == sock.getpeername():
        sock.close()
        raise ConnectionRefusedError('no server listens: connected to itself')
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Options:
    """A connection in the option phase; with an ssl.SSLContext by TLS."""

    def __init__(self, address, flags=3, tls=None):
        self.sock = connect(address)
        # Before the greeting, as the C library does and for its reason: see
        # greet() in edge/client/src/option.c.
        self.sock.sendall(struct.pack('>I', flags))
        greeting = receive(self.sock, 18)
        assert greeting[:16] == b'NBDMAGICIHAVEOPT', greeting
        self.handshake_flags = struct.unpack('>H', greeting[16:])[0]
        if tls:
            assert self.replies(OPT_STARTTLS) == []
            self.sock = tls.wrap_socket(self.sock,
                                        server_hostname=address[0])

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, option, data=b''):
        self.sock.sendall(
            struct.pack('>QII', OPTION_MAGIC, option, len(data)) + data)

    def reply(self):
        head = receive(self.sock, 20)
        magic, option, kind, length = struct.unpack('>QIII', head)
        assert magic == OPTION_REPLY_MAGIC
        return option, kind, receive(self.sock, length)

    def replies(self, option, data=b''):
        """The information replies up to the acknowledgement."""
        self.send(option, data)
        found = []
        while True:
            answered, kind, data = self.reply()
            assert answered == option
            if kind == REP_ACK:
                return found
            if kind & 0x80000000:
                raise OptionError(kind)
            found.append((kind, data))

    def export_names(self):
        return [data[4:].decode() for _, data in self.replies(OPT_LIST)]

    def go(self, name, option=OPT_GO, infos=()):
        data = name.encode() if isinstance(name, str) else name
        request = struct.pack('>I', len(data)) + data
        request += struct.pack('>H', len(infos))
        request += b''.join(struct.pack('>H', info) for info in infos)
        answer = {}
        for kind, data in self.replies(option, request):
            assert kind == REP_INFO
            answer[struct.unpack('>H', data[:2])[0]] = data[2:]
        size, flags = struct.unpack('>QH', answer[0])
        return size, flags, answer

    # the vendor option

    def call(self, operation, data=b''):
        self.send(OPT_OVS, struct.pack('>H', operation) + data)
        option, kind, answer = self.reply()
        assert (option, kind) == (OPT_OVS, OPT_OVS), (option, kind)
        fields = Fields(answer)
        number, reason = fields.number('I'), fields.number('H')
        if number:
            raise Refused(number, reason, fields.str())
        return fields

    def hello(self, session=NO_ID):
        f = self.call(HELLO, session.bytes)
        return Hello(f.number('H'), f.str(), f.uuid(), f.uuid(),
                     f.number('Q'), f.number('I'))

    @staticmethod
    def _entry(f):
        return Entry(f.uuid(), f.str(), f.number('Q'), f.number('B') & 1,
                     f.str())

    def _volume(self, f):
        return Volume(*self._entry(f), f.uuid(), f.str(), f.number('Q'),
                      f.number('I'), f.number('I'), f.number('I'))

    def create(self, name, size, id=NO_ID, owner=''):
        return self._volume(self.call(
            CREATE, pack_str(name) + struct.pack('>Q', size) + id.bytes +
            pack_str(owner)))

    def remove(self, ref):
        self.call(REMOVE, pack_ref(ref))

    def truncate(self, ref, size):
        return self.call(TRUNCATE, pack_ref(ref) +
                         struct.pack('>Q', size)).number('Q')

    def stat(self, ref):
        f = self.call(STAT, pack_ref(ref))
        return f.number('Q'), f.number('B')

    def info(self, ref):
        return self._volume(self.call(INFO, pack_ref(ref)))

    def list_page(self, after='', limit=0):
        f = self.call(LIST, pack_str(after) + struct.pack('>I', limit))
        more, count = f.number('B'), f.number('I')
        return [self._entry(f) for _ in range(count)], bool(more)

    def list(self):
        found, more = self.list_page()
        while more:
            page, more = self.list_page(found[-1].name)
            found += page
        return found

    def clone(self, parent, snapshot, name, id=NO_ID, owner=''):
        return self._volume(self.call(
            CLONE, pack_ref(parent) + pack_str(snapshot) + pack_str(name) +
            id.bytes + pack_str(owner)))

    def set_template(self, ref):
        self.call(SET_TEMPLATE, pack_ref(ref))

    def set_owner(self, ref, owner):
        self.call(SET_OWNER, pack_ref(ref) + pack_str(owner))

    def fence(self, ref, spared=NO_ID, address=''):
        return self.call(FENCE, pack_ref(ref) + spared.bytes +
                         pack_str(address)).number('I')

    @staticmethod
    def _snapshot_entry(f):
        return SnapshotEntry(f.uuid(), f.str(), f.number('Q'), f.number('Q'),
                             f.number('B'))

    def _snapshot(self, f):
        return Snapshot(*self._snapshot_entry(f), f.number('Q'),
                        f.number('I'), f.blob())

    def snapshot(self, ref, name, id=NO_ID, metadata=b''):
        return self._snapshot(self.call(
            SNAP_CREATE, pack_ref(ref) + pack_str(name) + id.bytes +
            struct.pack('>I', len(metadata)) + metadata))

    def snapshot_remove(self, ref, name):
        self.call(SNAP_REMOVE, pack_ref(ref) + pack_str(name))

    def rollback(self, ref, name):
        self.call(SNAP_ROLLBACK, pack_ref(ref) + pack_str(name))

    def snapshots(self, ref):
        f = self.call(SNAP_LIST, pack_ref(ref))
        size, count = f.number('Q'), f.number('I')
        return size, [self._snapshot_entry(f) for _ in range(count)]

    def snapshot_info(self, ref, name):
        return self._snapshot(
            self.call(SNAP_INFO, pack_ref(ref) + pack_str(name)))

    def synced(self, ref, name, wait=0):
        return self.call(SNAP_SYNCED, pack_ref(ref) + pack_str(name) +
                         struct.pack('>I', wait)).number('B')

    def wait_synced(self, ref, name, tries=60):
        for _ in range(tries):
            if self.synced(ref, name, 1000):
                return
        raise AssertionError('snapshot %s was never synced' % name)

    def store_stat(self):
        f = self.call(STORE_STAT)
        return Usage(f.number('Q'), f.number('Q'), f.number('Q'),
                     f.number('I'))


class Data:
    """A connection in the transmission phase."""

    def __init__(self, address, name, session=None, tls=None):
        options = Options(address, tls=tls)
        self.hello = options.hello(session) if session else None
        self.size, self.flags, _ = options.go(name)
        self.sock = options.sock
        self.cookie = 0

    def close(self):
        try:
            self.sock.sendall(struct.pack('>IHHQQI', REQUEST_MAGIC, 0, DISC,
                                          0, 0, 0))
        except OSError:
            pass
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, kind, offset=0, length=0, data=b'', flags=0):
        self.cookie += 1
        self.sock.sendall(struct.pack(
            '>IHHQQI', REQUEST_MAGIC, flags, kind, self.cookie, offset,
            length) + data)
        return self.cookie

    def reply(self):
        magic, error, cookie = struct.unpack('>IIQ', receive(self.sock, 16))
        assert magic == REPLY_MAGIC, hex(magic)
        return cookie, error

    def _do(self, *args, **kwargs):
        cookie = self.send(*args, **kwargs)
        answered, error = self.reply()
        assert answered == cookie
        if error:
            raise NBDError(error)

    def read(self, offset, length):
        self._do(READ, offset, length)
        return receive(self.sock, length)

    def write(self, offset, data, fua=False):
        self._do(WRITE, offset, len(data), data, FUA if fua else 0)

    def flush(self):
        self._do(FLUSH)

    def trim(self, offset, length):
        self._do(TRIM, offset, length)

    def zero(self, offset, length, no_hole=False):
        self._do(WRITE_ZEROES, offset, length,
                 flags=NO_HOLE if no_hole else 0)
