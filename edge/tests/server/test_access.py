# SPDX-License-Identifier: Apache-2.0

"""Test allow-lists of addresses."""

import os
import socket
import subprocess

import pytest

from support import engine as engines
from support import wire

MIB = 1 << 20
FRIEND, STRANGER = '127.0.0.2', '127.0.0.3'


def connect_from(source, address):
    return socket.create_connection(address, timeout=engines.WAIT,
                                    source_address=(source, 0))


def first_bytes(source, address):
    """Return the engine's first bytes; b'' when it hangs up."""
    with connect_from(source, address) as sock:
        try:
            return sock.recv(64)
        except ConnectionResetError:
            return b''


@pytest.fixture
def guarded(data):
    with engines.Engine(data, control=data + '.socket',
                        extra=['--allow', '192.0.2.0/24,' + FRIEND,
                               '--allow', '::1/128'],
                        listen=('127.0.0.1:0', '[::1]:0')) as engine:
        yield engine
        engine.stop()


def test_only_friends_are_greeted(guarded):
    assert first_bytes(FRIEND, guarded.address).startswith(b'NBDMAGIC')
    assert first_bytes(STRANGER, guarded.address) == b''
    assert first_bytes('127.0.0.1', guarded.address) == b''
    assert 'from %s:' % STRANGER in guarded.log_text()


def test_ipv6(guarded):
    with wire.Options(guarded.addresses[1]) as options:
        options.create('v', MIB)
        assert [volume.name for volume in options.list()] == ['v']


def test_the_unix_socket_is_never_filtered(guarded):
    with wire.Options(guarded.control) as options:
        options.create('v', MIB)


def test_strangers_do_not_fill_the_log(guarded):
    for _ in range(500):
        assert first_bytes(STRANGER, guarded.address) == b''
    lines = guarded.log_text().count('--allow')
    assert 1 <= lines < 100     # a line a second, however many come
    with connect_from(FRIEND, guarded.address) as sock:
        assert sock.recv(64)


@pytest.mark.parametrize('ranges', [
    '192.0.2.1/24', '10.0.0.0/33', 'storage.example.net', '10.0.0.1,', ''])
def test_a_wrong_range_is_refused_before_anything(data, ranges):
    done = subprocess.run(
        [engines.binary(), 'serve', '--data', data, '--allow', ranges],
        timeout=engines.WAIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and not done.stdout
    assert b'--allow' in done.stderr
    assert os.listdir(data) == []
