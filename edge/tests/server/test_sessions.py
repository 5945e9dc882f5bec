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


"""Who has a volume open, who may come back, and who is kept out."""

import errno
import os
import socket
import uuid

import pytest

from support import engine as engines
from support import wire

MIB = 1 << 20


def refused(number, call, *args):
    with pytest.raises(wire.Refused) as caught:
        call(*args)
    assert caught.value.errno == number, caught.value


def is_cut_off(disk):
    """Nothing is carried out for it any more."""
    try:
        disk.read(0, 4096)
    except OSError:
        return True
    return False


def returns(engine, session):
    """Whether the session is let in again, as the C library asks."""
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
    """On every address of loopback there is another client."""
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
def test_a_fence_hits_sessions_that_only_an_older_engine_saw(engine, volume,
                                                            kill):
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
    """Who never says goodbye takes no place of other volumes."""
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
