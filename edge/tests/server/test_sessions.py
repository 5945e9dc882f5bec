# SPDX-License-Identifier: Apache-2.0

"""Test sessions: those that are open, come back or are kept out."""

import concurrent.futures
import errno
import os
import socket
import time
import uuid

import pytest

from support import engine as engines
from support import resend
from support import wire
from support.hang import HangingDisk

MIB = 1 << 20


def refused(number, call, *args):
    with pytest.raises(wire.Refused) as caught:
        call(*args)
    assert caught.value.errno == number, caught.value


def is_cut_off(disk):
    """Return true if the engine serves the connection no more."""
    try:
        disk.read(0, 4096)
    except OSError:
        return True
    return False


def returns(engine, session):
    """Return true if the engine lets the session in again."""
    with engine.options() as options:
        try:
            options.hello(session)
        except wire.Refused as refusal:
            assert refusal.errno == errno.ESHUTDOWN, refusal
            return False
        options.go('v')
        return True


def fence(engine, **whom):
    with engine.options() as control:
        return control.fence('v', **whom)


@pytest.fixture
def volume(control):
    return control.create('v', MIB)


def test_a_fence_ends_all_sessions_but_the_spared_one(engine, volume):
    mine, others = uuid.uuid4(), [uuid.uuid4() for _ in range(3)]
    with engine.open('v', mine) as disk:
        theirs = [engine.open('v', session) for session in others]
        theirs.append(engine.open('v'))     # a stock client: no session
        assert fence(engine, spared=mine) == 4
        assert all(is_cut_off(other) for other in theirs)
        disk.write(0, b'mine')
        assert not any(returns(engine, session) for session in others)
        assert fence(engine, spared=mine) == 0
        with engine.open('v', uuid.uuid4()) as later:
            assert later.read(0, 4) == b'mine'


def test_other_volumes_are_not_fenced(engine, control, volume):
    control.create('w', MIB)
    with engine.open('w', uuid.uuid4()) as disk:
        assert fence(engine) == 0
        disk.write(0, b'w')


def test_a_fence_by_id_and_its_errors(engine, control, volume):
    session = uuid.uuid4()
    with engine.open('v', session):
        assert control.fence(volume.id) == 1
    refused(errno.ENOENT, control.fence, 'none')
    for address in ('host', '127.0.0.256', '127.0.0.1:80', 'x' * 300):
        refused(errno.EINVAL, control.fence, 'v', wire.NO_ID, address)
    assert not returns(engine, session)


def test_a_fence_of_one_peer(data):
    """Each address of loopback has another client."""
    with engines.Engine(data) as engine:
        with engine.options() as control:
            control.create('v', MIB)
        sessions = {host: uuid.uuid4() for host in ('127.0.0.2', '127.0.0.3')}
        for host, session in sessions.items():
            with socket.create_connection(engine.address,
                                          source_address=(host, 0)) as sock:
                options = wire.Options(sock)
                options.hello(session)
                options.go('v')
        assert fence(engine, address='127.0.0.4') == 0
        assert fence(engine, address='127.0.0.2') == 1
        assert not returns(engine, sessions['127.0.0.2'])
        assert returns(engine, sessions['127.0.0.3'])
        assert fence(engine, address='::ffff:127.0.0.1') == 1, (
            'the address counts from where the session came last')


@pytest.mark.parametrize('kill', [True, False])
def test_a_fence_outlives_the_engine(engine, volume, kill):
    session = uuid.uuid4()
    disk = engine.open('v', session)
    assert fence(engine) == 1
    disk.sock.close()
    engine.restart(kill=kill)
    assert not returns(engine, session)
    assert returns(engine, uuid.uuid4())


@pytest.mark.parametrize('kill', [True, False])
def test_a_fence_hits_sessions_of_an_older_engine(engine, volume, kill):
    """A host that is cut off cannot come back before the fence."""
    session, mine = uuid.uuid4(), uuid.uuid4()
    disk = engine.open('v', session)
    for _ in range(2):
        engine.restart(kill=kill)
    with engine.open('v', mine):
        assert fence(engine, spared=mine) == 1
    disk.sock.close()
    assert not returns(engine, session)


def test_a_session_that_said_goodbye_is_forgotten(engine, volume):
    session = uuid.uuid4()
    disk = engine.open('v', session)
    disk.close()
    with engine.options() as control:
        engines.poll('the goodbye', lambda: not control.info('v').opens)
    assert fence(engine) == 0
    assert returns(engine, session)


def test_another_boot_begins_without_sessions(engine, volume):
    """A client fails its volumes itself when the host was rebooted."""
    fenced, known = uuid.uuid4(), uuid.uuid4()
    engine.open('v', fenced).sock.close()
    assert fence(engine) == 1
    engine.open('v', known).sock.close()
    engine.restart(boot_id='the-next-boot')
    assert fence(engine) == 0
    assert returns(engine, fenced)


def test_a_volume_keeps_its_last_sessions(engine, volume):
    """A session without a goodbye takes no place of other volumes."""
    with engine.options() as control:
        control.create('w', MIB)
    w = engine.open('w', uuid.uuid4())
    first, fenced = uuid.uuid4(), uuid.uuid4()
    engine.open('v', fenced).sock.close()
    assert fence(engine) == 1
    for session in [first] + [uuid.uuid4() for _ in range(300)]:
        engine.open('v', session).sock.close()
    assert not returns(engine, fenced)
    assert fence(engine) == 255
    w.sock.close()
    with engine.options() as control:
        assert control.fence('w') == 1


def test_damage_of_the_sessions_is_said(engine, data, volume):
    session = uuid.uuid4()
    engine.open('v', session).sock.close()
    engine.stop()
    with open(os.path.join(data, 'sessions'), 'r+b') as file:
        file.seek(4096 + 8)
        file.write(b'\xff')
    engine.start()
    assert 'sessions: place 0 is damaged' in engine.log_text()


def test_a_goodbye_is_answered_with_the_end(engine, volume):
    """libnbd says DISC, shuts down its half, and waits."""
    for _ in range(100):
        disk = engine.open('v')
        disk.send(wire.DISC)
        disk.sock.shutdown(socket.SHUT_WR)
        assert disk.sock.recv(1) == b''
        disk.sock.close()


def test_whatever_hangs_the_server_says_that_it_lives(data):
    """More writes hang than there are threads for them."""
    disk = HangingDisk(data, write='.data')
    with engines.Engine(data, env=disk.env) as engine:
        with engine.options() as control:
            control.create('v', 40 * MIB)
        writers = [engine.open('v', uuid.uuid4()) for _ in range(40)]
        for number, writer in enumerate(writers):
            writer.write(number * MIB, b'before')
        with disk:
            for number, writer in enumerate(writers):
                writer.send(wire.WRITE, number * MIB, 5, b'after')
            disk.wait_for_calls(12)
            for _ in range(20):
                with engine.options() as options:
                    assert options.hello().version == 1
        for writer in writers:
            assert writer.reply()[1] == 0
            writer.close()
        engine.stop()


@pytest.fixture
def hanging(data):
    """An engine, its disk that does not hang yet, and a volume."""
    disk = HangingDisk(data, write='.data')
    with engines.Engine(data, env=disk.env) as engine:
        with engine.options() as control:
            control.create('v', 4 * MIB)
        with engine.open('v') as writer:
            writer.write(0, b'base' * 1024)
            writer.write(MIB, b'base' * 1024)
        yield engine, disk
        engine.stop()


def leave_requests(engine, disk):
    """Leave one request in the disk and one behind it, without a client."""
    client = engine.open('v', uuid.uuid4())
    client.send(wire.WRITE, 0, 4096, b'hung' * 1024)
    disk.wait_for_calls(1)
    client.send(wire.WRITE, MIB, 4096, b'late' * 1024)
    client.sock.close()


def opens(engine):
    with engine.options() as control:
        return control.info('v').opens


def test_a_request_of_a_client_that_is_gone_is_not_begun(hanging):
    """The engine drops it although no other client opens the volume."""
    engine, disk = hanging
    with disk:
        leave_requests(engine, disk)
        gone = time.monotonic()
        engines.poll('the time after which the engine looks for its client',
                     lambda: time.monotonic() > gone + 0.1)
    engines.poll('the end of its connection', lambda: opens(engine) == 0)
    with engine.open('v') as reader:
        assert reader.read(0, 4) == b'hung'
        assert reader.read(MIB, 4) == b'base'


def while_it_hangs(engine, action):
    """Begin the action; it must not end yet, and control goes on."""
    waiting = concurrent.futures.ThreadPoolExecutor(1).submit(action)
    with engine.options() as control:
        for _ in range(100):
            control.stat('v')
            assert not waiting.done()
    return waiting


def test_who_opens_next_waits_for_what_runs_for_the_dead(hanging):
    engine, disk = hanging
    with disk:
        leave_requests(engine, disk)
        waiting = while_it_hangs(
            engine, lambda: engine.open('v', uuid.uuid4()))
    with waiting.result(engines.WAIT) as after:
        assert after.read(0, 4) == b'hung'
        after.write(0, b'new!')
        assert after.read(0, 4) == b'new!'
        assert after.read(MIB, 4) == b'base'


def test_a_fence_waits_for_what_runs(hanging):
    engine, disk = hanging
    with disk:
        leave_requests(engine, disk)
        waiting = while_it_hangs(engine, lambda: fence(engine))
    assert waiting.result(engines.WAIT) == 1
    assert opens(engine) == 0


def test_a_client_died_the_engine_was_killed_and_then_it_is_fenced(hanging):
    engine, disk = hanging
    session = uuid.uuid4()
    with disk:
        client = engine.open('v', session)
        client.send(wire.WRITE, 0, 4096, b'hung' * 1024)
        disk.wait_for_calls(1)
        client.sock.close()
        engine.kill()
    engine.start()
    assert fence(engine) == 1
    engine.restart(kill=True)
    assert not returns(engine, session)


def test_a_fence_while_the_engine_is_killed_again_and_again(engine, volume):
    """After a successful fence the old session writes nothing more."""
    for round in range(5):
        old = resend.Disk(engine.address, 'v')
        writing = concurrent.futures.ThreadPoolExecutor(1).submit(
            write_until_fenced, old)
        killing = concurrent.futures.ThreadPoolExecutor(1).submit(
            lambda: [engine.restart(kill=True) for _ in range(3)])
        control = resend.Control(engine.address)
        control('fence', 'v')
        killing.result(engines.WAIT)
        with engine.open('v', uuid.uuid4()) as after:
            after.write(0, b'%08d' % round)
            writing.result(engines.WAIT)
            assert after.read(0, 8) == b'%08d' % round
        control.close()


def write_until_fenced(disk):
    with pytest.raises((wire.Refused, wire.OptionError)) as caught:
        while True:
            disk.collect(disk.submit(wire.WRITE, 0, 8, b'stale...'))
    assert (getattr(caught.value, 'errno', None) == errno.ESHUTDOWN or
            caught.value.reply == wire.REP_ERR_POLICY), caught.value


@pytest.mark.waits
def test_all_that_wait_are_told_to_ask_again(hanging):
    """All get an answer after half a minute; no thread waits meanwhile."""
    engine, disk = hanging
    session = uuid.uuid4()
    with engine.options() as control:
        control.create('w', MIB)
    clients = [engine.open('v', session), engine.open('w', uuid.uuid4())]
    clients[1].write(0, b'base' * 1024)

    def hello():
        with engine.options() as options:
            refused(errno.EBUSY, options.hello, session)
            return 'hello'

    def go():
        with engine.options() as options:
            with pytest.raises(wire.OptionError) as caught:
                options.go('v')
            assert caught.value.reply == wire.REP_ERR_PLATFORM
            return 'go'

    def ask_to_fence():
        with engine.options() as control:
            refused(errno.EBUSY, control.fence, 'w', session)
            return 'fence'

    with disk, concurrent.futures.ThreadPoolExecutor(60) as threads:
        for client in clients:
            client.send(wire.WRITE, 0, 4096, b'hung' * 1024)
        disk.wait_for_calls(2)
        for client in clients:
            client.sock.close()
        waiting = [threads.submit(action) for action in
                   [hello] + [go] * 19 + [ask_to_fence] * 20]
        with engine.options() as control:
            while concurrent.futures.wait(waiting, 0.5).not_done:
                control.stat('v')
        assert {wait.result() for wait in waiting} == {'hello', 'go', 'fence'}
