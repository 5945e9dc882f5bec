# SPDX-License-Identifier: Apache-2.0

"""Data over NBD: our own client, checked against a model in memory."""

import os
import random
import socket
import struct
import threading
import uuid

import pytest

from support import engine as engines
from support import wire

MIB = 1 << 20
SEED = 4711


class Model:
    """The content that a volume must have, with its snapshots."""

    def __init__(self, size):
        self.now = bytearray(size)
        self.snapshots = {}


def random_step(rng, disk, model):
    size = len(model.now)
    length = rng.choice((1, 511, 4096, 65536, 70001, 300000))
    offset = rng.choice((rng.randrange(size), rng.randrange(size) & ~65535))
    length = min(length, size - offset)
    kind = rng.randrange(5)
    if kind < 2:
        data = rng.randbytes(length)
        disk.write(offset, data, fua=rng.random() < 0.05)
        model.now[offset:offset + length] = data
    elif kind == 2:
        rng.choice((disk.trim, disk.zero))(offset, length)
        model.now[offset:offset + length] = bytes(length)
    elif kind == 3:
        disk.zero(offset, length, no_hole=True)
        model.now[offset:offset + length] = bytes(length)
    else:
        assert disk.read(offset, length) == model.now[offset:offset + length]


def test_random_io_with_snapshots_matches_a_model(control, engine):
    rng = random.Random(SEED)
    model = Model(3 * MIB + 4096)
    control.create('v', len(model.now))
    disk = engine.open('v')
    for step in range(600):
        random_step(rng, disk, model)
        if step % 40 == 39:
            name = 's%d' % step
            control.snapshot('v', name)
            control.wait_synced('v', name)
            model.snapshots[name] = bytes(model.now)
        if step % 60 == 59:
            name = rng.choice(sorted(model.snapshots))
            if rng.random() < 0.5:
                control.snapshot_remove('v', name)
                del model.snapshots[name]
            else:
                control.clone('v', name, 'c%d' % step)
                with engine.open('c%d' % step) as clone:
                    assert clone.read(0, clone.size) == model.snapshots[name]
                    clone.write(1, b'clones do not touch their source')
                control.remove('c%d' % step)
        if step == 330:
            name = sorted(model.snapshots, key=lambda n: int(n[1:]))[-2]
            control.rollback('v', name)
            model.now[:] = model.snapshots[name]
            model.snapshots = {
                s.name: model.snapshots[s.name]
                for s in control.snapshots('v')[1]}
        if step % 150 == 149:
            disk.close()
            control.close()
            engine.restart(kill=step % 300 == 149)
            control.__init__(engine.address)
            control.hello()
            disk = engine.open('v')
            assert disk.read(0, disk.size) == model.now
    assert disk.read(0, disk.size) == model.now
    for name, content in model.snapshots.items():
        control.clone('v', name, 'check-' + name)
        with engine.open('check-' + name) as clone:
            assert clone.read(0, clone.size) == content
    disk.close()


def test_large_requests(control, engine):
    control.create('v', 80 * MIB)
    data = random.Random(SEED).randbytes(32 * MIB)
    with engine.open('v') as disk:
        disk.write(12345, data)
        assert disk.read(12345, len(data)) == data
        disk.write(40 * MIB, data[:5 * MIB], fua=True)
        assert disk.read(40 * MIB, 5 * MIB) == data[:5 * MIB]
        with pytest.raises(wire.NBDError):
            disk.read(0, 32 * MIB + 1)
        with pytest.raises(wire.NBDError):
            disk.write(79 * MIB, data[:2 * MIB])
        assert disk.read(79 * MIB, MIB) == bytes(MIB)
        disk.trim(0, 80 * MIB)
        assert disk.read(12345, 4096) == bytes(4096)


def test_sparse_64_tib(control, engine):
    control.create('v', 64 << 40)
    with engine.open('v') as disk:
        end = (64 << 40) - 4096
        disk.write(end, b'end')
        disk.write(1 << 45, b'middle')
        disk.flush()
        assert disk.read(end, 4) == b'end\0'
        assert disk.read(1 << 45, 7) == b'middle\0'
        control.snapshot('v', 's')
        control.wait_synced('v', 's')
        disk.zero(0, 0xffff0000)
        disk.write(end, b'END')
    engine.restart(kill=True)
    with engine.open('v') as disk:
        assert disk.read(end, 4) == b'END\0'
        assert disk.read(1 << 45, 7) == b'middle\0'
    control.close()


def test_zeroing_over_a_parent_hides_it(control, engine):
    control.create('v', MIB)
    with engine.open('v') as disk:
        disk.write(0, b'p' * MIB)
        control.snapshot('v', 's')
        control.wait_synced('v', 's')
        disk.trim(65536, 65536)
        disk.zero(200000, 1000)
        expected = bytearray(b'p' * MIB)
        expected[65536:131072] = bytes(65536)
        expected[200000:201000] = bytes(1000)
        assert disk.read(0, MIB) == expected
        disk.flush()
    engine.restart(boot_id='another-boot')
    with engine.open('v') as disk:
        assert disk.read(0, MIB) == expected
    control.close()


def test_pipelined_requests_are_answered_in_any_order(control, engine):
    control.create('v', 16 * MIB)
    rng = random.Random(SEED)
    with engine.open('v') as disk:
        blocks = list(range(256))
        rng.shuffle(blocks)
        contents = {block: rng.randbytes(65536) for block in blocks}
        waiting = set()
        for block in blocks:
            waiting.add(disk.send(wire.WRITE, block * 65536, 65536,
                                  contents[block]))
            if block % 50 == 0:
                waiting.add(disk.send(wire.FLUSH))
        while waiting:
            cookie, error = disk.reply()
            assert not error
            waiting.remove(cookie)
        reads = {disk.send(wire.READ, block * 65536, 65536): block
                 for block in blocks}
        while reads:
            cookie, error = disk.reply()
            assert not error
            block = reads.pop(cookie)
            assert wire.receive(disk.sock, 65536) == contents[block]


def test_old_style_export_name(control, engine):
    control.create('v', MIB)
    for flags, length in ((1, 134), (3, 10)):
        with wire.Options(engine.address, flags) as options:
            options.send(wire.OPT_EXPORT_NAME, b'v')
            answer = wire.receive(options.sock, length)
            assert struct.unpack('>Q', answer[:8])[0] == MIB
    with wire.Options(engine.address) as options:
        options.send(wire.OPT_EXPORT_NAME, b'nothing')
        with pytest.raises(ConnectionError):
            wire.receive(options.sock, 1)


def test_handshake_options(control, engine):
    control.create('v', MIB)
    with engine.options() as options:
        for option in (5, 8, 9, 10, 0x12345678):
            with pytest.raises(wire.OptionError) as caught:
                options.replies(option)
            assert caught.value.reply == wire.REP_ERR_UNSUP
        with pytest.raises(wire.OptionError) as caught:
            options.go('nothing')
        assert caught.value.reply == 0x80000006
        size, flags, infos = options.go('v', wire.OPT_INFO, (1, 3))
        assert size == MIB and flags & 1 and flags & 256
        assert infos[1] == b'v'
        assert struct.unpack('>III', infos[3]) == (1, 65536, 32 * MIB)
        assert options.replies(wire.OPT_ABORT) == []
        with pytest.raises(ConnectionError):
            wire.receive(options.sock, 1)
    with engine.options() as options:
        options.sock.sendall(struct.pack(
            '>QII', wire.OPTION_MAGIC, wire.OPT_GO, 65537))
        assert options.reply()[1] == 0x80000009


def test_bad_commands_get_errors(control, engine):
    control.create('v', MIB)
    with engine.open('v') as disk:
        for kind, length, flags in (
                (wire.READ, 0, 0), (wire.WRITE, 0, 0), (wire.TRIM, 0, 0),
                (wire.WRITE_ZEROES, 0, 0), (5, 4096, 0), (99, 1, 0),
                (wire.READ, 1, 64), (wire.TRIM, 1, 64)):
            disk.send(kind, 0, length, flags=flags)
            assert disk.reply()[1] == 22, (kind, length, flags)
        disk.send(wire.WRITE, 0, 4, b'data', flags=64)
        assert disk.reply()[1] == 22
        disk.send(wire.TRIM, MIB, 1)
        assert disk.reply()[1] == 22
        disk.send(wire.WRITE_ZEROES, MIB, 1)
        assert disk.reply()[1] == 28
        disk.send(wire.READ, (1 << 64) - 1, 2)
        assert disk.reply()[1] == 22
        assert disk.read(0, 4) == bytes(4)


def test_fence_ends_older_connections_of_the_session(control, engine):
    control.create('v', MIB)
    session = uuid.uuid4()
    old = engine.open('v', session)
    other = engine.open('v', uuid.uuid4())
    new = engine.open('v', session)
    with pytest.raises((ConnectionError, OSError)):
        old.write(0, b'late')
        old.read(0, 1)
    assert new.read(0, 4) == bytes(4)
    assert other.read(0, 4) == bytes(4)
    assert control.info('v').opens == 2


def test_snapshot_under_load_is_a_moment_in_time(control, engine):
    """A writer numbers blocks in rounds; a snapshot sees a cut of that."""
    blocks = 64
    control.create('v', blocks * 4096)
    stop = threading.Event()
    failed = []

    def write():
        try:
            with engine.open('v') as disk:
                number = 0
                while not stop.is_set():
                    number += 1
                    for block in range(blocks):
                        disk.write(block * 4096,
                                   struct.pack('>Q', number) * 512)
        except Exception as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            name = 's%d' % number
            control.snapshot('v', name)
            control.wait_synced('v', name)
            control.clone('v', name, 'c' + name)
            with engine.open('c' + name) as clone:
                found = [struct.unpack('>512Q',
                                       clone.read(block * 4096, 4096))
                         for block in range(blocks)]
            assert all(len(set(block)) == 1 for block in found)
            rounds = [block[0] for block in found]
            assert rounds == sorted(rounds, reverse=True)
            assert rounds[0] - rounds[-1] <= 1
    finally:
        stop.set()
        writer.join(engines.WAIT)
    assert not failed
    for number in range(5):
        control.remove('cs%d' % number)


def layer_files(engine):
    folder = os.path.join(engine.data, 'layers')
    return [os.path.join(folder, name) for name in os.listdir(folder)
            if '.data' in name]


def is_evicted(path):
    """Lets the page cache forget a file; False where it does not."""
    with open(path, 'rb') as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        try:
            os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
        except BlockingIOError:
            return True
        except OSError:     # tmpfs knows nothing but memory
            pass
    return False


@pytest.mark.parametrize('length', [32 << 10, 64 << 10, 100001, 256 << 10])
def test_reads_of_what_is_not_cached(control, engine, length):
    control.create('v', MIB)
    content = random.Random(SEED).randbytes(MIB)
    with engine.open('v') as disk:
        disk.write(0, content)
        for offset in (0, 65536, 12345, MIB - length):
            disk.flush()
            if not all([is_evicted(path) for path in layer_files(engine)]):
                pytest.skip('this file system keeps everything cached')
            cold = disk.read(offset, length)
            warm = disk.read(offset, length)
            assert cold == warm == content[offset:offset + length]


def test_an_unread_reply_does_not_hold_up_others(control, engine):
    control.create('v', 64 * MIB)
    with engine.open('v') as disk:
        disk.write(0, b'x' * MIB)
        lazy = engine.open('v')
        lazy.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
        for _ in range(200):
            lazy.send(wire.READ, 0, MIB)
        for _ in range(50):
            assert disk.read(100, 5) == b'xxxxx'
        cookies = set()
        for _ in range(200):
            cookie, error = lazy.reply()
            assert not error
            cookies.add(cookie)
            assert wire.receive(lazy.sock, MIB).count(b'x') == MIB
        assert len(cookies) == 200
        lazy.close()


def test_large_reads_of_a_slow_client_are_whole(control, engine):
    """They go from the layers' files to the socket; what it does not take
    is kept."""
    control.create('v', 4 * MIB)
    rng = random.Random(SEED)
    with engine.open('v') as disk, engine.open('v') as slow:
        content = bytearray(rng.randbytes(3 * MIB) + bytes(MIB))
        disk.write(0, bytes(content[:3 * MIB]))
        control.snapshot('v', 's')
        content[MIB + 77:2 * MIB] = rng.randbytes(MIB - 77)
        disk.write(MIB + 77, bytes(content[MIB + 77:2 * MIB]))
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        waiting = {}
        for _ in range(120):
            length = rng.randrange(32768, 262145)
            offset = rng.randrange(4 * MIB - length + 1)
            cookie = slow.send(wire.READ, offset, length)
            waiting[cookie] = offset, length
        while waiting:
            cookie, error = slow.reply()
            assert not error
            offset, length = waiting.pop(cookie)
            assert wire.receive(slow.sock, length) == content[
                offset:offset + length], (offset, length)
