#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Hostile clients, while a well-behaved one checks every byte.

  OVS_EDGE=build-asan/server/ovs-edge edge/tests/fuzz/fuzz.py --rounds 20000
"""

import os
import random
import socket
import struct
import sys
import threading
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support import engine as engines  # noqa: E402
from support import long_form  # noqa: E402
from support import wire  # noqa: E402

MIB = 1 << 20
NUMBERS = (0, 1, 255, 4095, 65535, 65536, 1 << 20, (1 << 25) + 1, 1 << 31,
           (1 << 32) - 1, 1 << 46, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
NAMES = (b'', b'victim', b'fuzz', b'a/b', b'.', b'\xff\xfe', b'x' * 254,
         b'x' * 255, b'x' * 70000, b'\0', b'nul\0inside')
OPERATIONS = tuple(range(0, 32)) + (0xffff,)


class Hostile:
    """One attack per call; each connection is new."""

    def __init__(self, address, seed):
        self.address, self.rng = address, random.Random(seed)

    def attack(self):
        try:
            self.rng.choice((
                self.garbage, self.greeting_garbage, self.option_garbage,
                self.control_garbage, self.control_garbage,
                self.control_shaped, self.control_shaped,
                self.request_garbage, self.request_shaped,
                self.request_shaped, self.cut_off))()
        except (OSError, wire.OptionError):
            pass    # the server hung up or refused, as it may

    def number(self, bits):
        value = self.rng.choice(NUMBERS + (self.rng.getrandbits(64),))
        return value & ((1 << bits) - 1)

    def blob(self, most=300):
        return self.rng.randbytes(self.rng.randrange(most))

    def raw(self, data):
        with wire.connect(self.address) as sock:
            sock.sendall(data)
            if self.rng.random() < 0.5:
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(0.05)
                while sock.recv(65536):
                    pass

    def garbage(self):
        self.raw(self.blob(5000))

    def greeting_garbage(self):
        self.raw(struct.pack('>I', self.number(32)) + self.blob())

    def option_garbage(self):
        data = b'' if self.rng.random() < 0.3 else self.blob()
        length = self.rng.choice((len(data), self.number(32)))
        self.raw(struct.pack('>IQII', 3, wire.OPTION_MAGIC, self.rng.choice(
            (1, 2, 3, 5, 6, 7, 8, 9, wire.OPT_OVS, self.number(32))),
            length) + data)

    def control(self, request):
        with wire.Options(self.address) as options:
            for _ in range(self.rng.randrange(1, 5)):
                options.send(wire.OPT_OVS, request)
                option, kind, answer = options.reply()
                assert (option, kind) == (wire.OPT_OVS, wire.OPT_OVS)
                assert len(answer) >= 6

    def control_garbage(self):
        self.control(struct.pack('>H', self.rng.choice(OPERATIONS)) +
                     self.blob())

    def field(self):
        rng = self.rng
        name = rng.choice(NAMES)[:65000]
        return rng.choice((
            lambda: struct.pack('>H', len(name)) + name,
            lambda: b'\0' + struct.pack('>H', len(name)) + name,
            lambda: b'\1' + rng.choice((bytes(16), rng.randbytes(16))),
            lambda: struct.pack('>Q', self.number(64)),
            lambda: struct.pack('>I', self.number(32)),
            lambda: rng.choice((bytes(16), rng.randbytes(16))),
            lambda: struct.pack('>I', 5) + b'bytes',
            lambda: struct.pack('>H', self.number(16))))()

    def control_shaped(self):
        """Mostly well-formed requests with odd values, never for victim."""
        rng = self.rng
        name = rng.choice(NAMES[2:8])
        text = struct.pack('>H', len(name)) + name
        ref = b'\0' + text
        tails = {
            wire.HELLO: rng.choice((bytes(16), rng.randbytes(16))),
            wire.CREATE: text + struct.pack('>Q', self.number(64)) +
            bytes(16) + text,
            wire.REMOVE: ref, wire.STAT: ref, wire.INFO: ref,
            wire.SNAP_LIST: ref, wire.SET_TEMPLATE: ref,
            wire.TRUNCATE: ref + struct.pack('>Q', self.number(64)),
            wire.LIST: text + struct.pack('>I', self.number(32)),
            wire.CLONE: ref + text + text + bytes(16) + text,
            wire.SET_OWNER: ref + text,
            wire.SNAP_CREATE: ref + text + rng.randbytes(16) +
            struct.pack('>I', 3) + b'abc',
            wire.SNAP_REMOVE: ref + text, wire.SNAP_ROLLBACK: ref + text,
            wire.SNAP_INFO: ref + text,
            wire.SNAP_SYNCED: ref + text + struct.pack('>I', 1),
            wire.STORE_STAT: b'',
        }
        operation = rng.choice(sorted(tails))
        request = struct.pack('>H', operation) + tails[operation]
        if rng.random() < 0.3:
            at = rng.randrange(len(request) + 1)
            request = request[:at] + self.field() + request[at:]
        self.control(request[:65536])

    def data_socket(self):
        options = wire.Options(self.address)
        options.go('target')
        return options.sock

    def request_garbage(self):
        with self.data_socket() as sock:
            sock.sendall(self.blob(3000))

    def request_shaped(self):
        with self.data_socket() as sock:
            for _ in range(self.rng.randrange(1, 20)):
                payload = b''
                kind = self.rng.choice((0, 1, 3, 4, 5, 6, 7, 99))
                length = self.number(32)
                if kind == wire.WRITE:
                    payload = self.blob(70000)
                    if self.rng.random() < 0.8:
                        length = len(payload)
                elif kind == wire.READ and self.rng.random() < 0.8:
                    length %= 100000
                sock.sendall(struct.pack(
                    '>IHHQQI', wire.REQUEST_MAGIC,
                    self.rng.choice((0, 0, 0, 1, 2, 3, 0xffff)), kind,
                    self.number(64), self.number(64) % (8 * MIB), length) +
                    payload)
            sock.settimeout(0.02)
            while sock.recv(1 << 20):
                pass

    def cut_off(self):
        """A request whose rest never comes."""
        with self.data_socket() as sock:
            sock.sendall(struct.pack(
                '>IHHQQI', wire.REQUEST_MAGIC, 0, wire.WRITE, 1, 0,
                self.rng.choice((1000, 100000, 10 * MIB))) + self.blob(900))


class Victim(threading.Thread):
    """A client that must not notice anything."""

    def __init__(self, engine, stop):
        super().__init__(daemon=True)
        self.engine, self.stop = engine, stop
        self.checked, self.failure = 0, None

    def run(self):
        try:
            self.work()
        except BaseException as error:
            self.failure = error

    def work(self):
        rng = random.Random(7)
        content = bytearray(4 * MIB)
        with self.engine.open('victim', uuid.uuid4()) as disk:
            while not self.stop.is_set():
                offset = rng.randrange(len(content) - 8192)
                data = rng.randbytes(rng.randrange(1, 8192))
                disk.write(offset, data)
                content[offset:offset + len(data)] = data
                offset = rng.randrange(len(content) - 65536)
                found = disk.read(offset, 65536)
                assert found == content[offset:offset + 65536]
                self.checked += 1
            assert disk.read(0, len(content)) == content


def attack_often(address, rounds, seed, failures):
    hostile = Hostile(address, seed)
    try:
        for _ in range(rounds):
            hostile.attack()
    except BaseException as error:
        failures.append(error)


def run(rounds, seed, attackers=3):
    """Raises if anything broke; returns how often the victim checked."""
    with engines.scratch_store() as data, engines.Engine(data) as engine:
        with engine.options() as control:
            control.create('victim', 4 * MIB)
            control.create('target', 8 * MIB)
        stop = threading.Event()
        victim = Victim(engine, stop)
        victim.start()
        half_open = wire.connect(engine.address)
        failures = []
        threads = [threading.Thread(target=attack_often, args=(
            engine.address, rounds // attackers, seed * 100 + number,
            failures)) for number in range(attackers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        half_open.settimeout(30)
        while half_open.recv(100):      # the server ends it, as it must
            pass
        stop.set()
        victim.join(60)
        assert not failures, failures
        assert not victim.failure and not victim.is_alive(), victim.failure
        engine.stop()
        status, text = engines.check(data)
        assert status == 0, text
        return victim.checked


def main():
    arguments = long_form.arguments(__doc__, rounds=20000)
    checked = run(arguments.rounds, arguments.seed)
    print('%d attacks; the well-behaved client was right %d times' % (
        arguments.rounds, checked))


if __name__ == '__main__':
    main()
