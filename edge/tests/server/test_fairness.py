# SPDX-License-Identifier: Apache-2.0

"""No client stops, starves or deadlocks another."""

import concurrent.futures
import errno
import glob
import os
import resource
import signal
import socket
import threading
import time

import pytest

from support import engine as engines
from support import resend
from support import wire
from support.hang import HangingDisk

MIB = 1 << 20
STOPPED_WITHOUT_WAITING = 3     # exit status


def with_snapshot(control, name):
    made = control.create(name, MIB)
    control.snapshot(name, 's')
    control.wait_synced(name, 's')
    return made


def beside(actions):
    """Carry out the actions at the same time, within a bound."""
    with concurrent.futures.ThreadPoolExecutor(len(actions)) as threads:
        for done in [threads.submit(action) for action in actions]:
            done.result(4 * engines.WAIT)


def test_a_clone_that_takes_its_parent_for_itself(control):
    volume = with_snapshot(control, 'v')
    with pytest.raises(wire.Refused) as caught:
        control.clone('v', 's', 'v', volume.id)
    assert caught.value.errno == errno.EEXIST
    assert control.truncate('v', 2 * MIB) == 2 * MIB


def test_clones_crosswise(control, engine):
    """Two clients clone crosswise: none waits for the other."""
    a, b = with_snapshot(control, 'a'), with_snapshot(control, 'b')

    def clone(parent, as_):
        with engine.options() as client:
            for _ in range(300):
                assert client.clone(parent, 's', as_.name, as_.id).id == as_.id

    beside([lambda: clone('a', b), lambda: clone('b', a)] * 4)


def test_a_stop_ends_although_the_disk_hangs(data):
    disk = HangingDisk(data, sync='.data')
    engine = engines.Engine(data, env=disk.env, extra=['--stop-limit', '2'])
    with engine.options() as control:
        control.create('v', MIB)
    client = engine.open('v')
    client.write(0, b'flushed')
    client.flush()
    client.write(100, b'acknowledged')
    with disk:
        client.send(wire.FLUSH)
        disk.wait_for_calls(1)
        engine.process.send_signal(signal.SIGTERM)
        assert engine.process.wait(engines.WAIT) == STOPPED_WITHOUT_WAITING
    log = engine.log_text()
    assert "'v' did not end: 1 of its requests" in log
    assert 'the stop did not end in 2 s' in log
    client.close()
    engine.start()
    with engine.open('v') as client:
        assert client.read(0, 7) == b'flushed'
        assert client.read(100, 12) == b'acknowledged'
    engine.stop()


def hanging(data, kind):
    """An engine with volumes a and b, and a disk that can hang for a only."""
    with engines.Engine(data) as engine:
        with engine.options() as control:
            control.create('a', 1 << 30)
            control.create('b', 1 << 30)
        with engine.open('a') as disk:
            disk.write(0, b'x')
        engine.stop()
    (file,) = glob.glob(data + '/layers/*.data')
    disk = HangingDisk(data, **{kind: os.path.basename(file)})
    return disk, engines.Engine(data, env=disk.env)


def layer_files(engine):
    return len(glob.glob(engine.data + '/layers/*.data'))


def use(engine, name):
    """Carry out all that a client may ask of a volume."""
    with engine.options() as control, engine.open(name) as disk:
        control.stat(name)
        disk.write(0, b'y' * 4096, fua=True)
        before = layer_files(engine)
        control.snapshot(name, 's')
        control.wait_synced(name, 's')
        disk.write(0, b'z' * 4096)
        control.clone(name, 's', 'clone')
        control.remove('clone')
        control.snapshot_remove(name, 's')
        engines.poll('the layers to be merged',
                     lambda: layer_files(engine) == before)
        assert disk.read(0, 4096) == b'z' * 4096
        disk.zero(0, 4096, no_hole=True)
        disk.trim(0, 4096)
        disk.flush()
    engine.open(name).close()


def test_flushes_hold_up_no_other_volume(data):
    disk, engine = hanging(data, 'sync')
    clients = [engine.open('a') for _ in range(4)]
    with disk:
        for client in clients:
            for number in range(100):
                client.send(wire.WRITE, 0, 1, b'z')
                client.send(wire.FLUSH)
        disk.wait_for_calls(1)
        use(engine, 'b')
        assert disk.waiting() == 1
    for client in clients:
        assert [client.reply()[1] for _ in range(200)] == [0] * 200
        client.close()
    engine.stop()


def test_control_requests_hold_up_no_other_volume(data):
    """Each client waits for a flush of its own volume."""
    disk, engine = hanging(data, 'sync')
    clients = [engine.options() for _ in range(40)]
    with engine.open('a') as writer, disk:
        writer.write(0, b'z')
        for client in clients:
            client.send(wire.OPT_OVS, wire.SET_TEMPLATE.to_bytes(2, 'big') +
                        wire.pack_ref('a'))
        disk.wait_for_calls(1)
        use(engine, 'b')
    for client in clients:
        assert client.reply()[2][:4] == bytes(4)
        client.close()
    engine.stop()


def test_zeroes_hold_up_no_other_volume(data):
    disk, engine = hanging(data, 'write')
    clients = [engine.open('a') for _ in range(4)]
    with disk:
        for client in clients:
            for number in range(20):
                client.send(wire.WRITE_ZEROES, number << 20, 1 << 20,
                            flags=wire.NO_HOLE)
        disk.wait_for_calls(1)
        use(engine, 'b')
    for client in clients:
        assert [client.reply()[1] for _ in range(20)] == [0] * 20
        client.close()
    engine.stop()


def processor_seconds(engine):
    """Return how long its threads ran: on a busy host, too, that is next to
    nothing for one that waits, and much for one that turns in a circle."""
    nanoseconds = 0
    for path in glob.glob('/proc/%d/task/*/schedstat' % engine.process.pid):
        with open(path) as file:
            nanoseconds += int(file.read().split()[0])
    return nanoseconds / 1e9


def take_all_descriptors(engine):
    """Set a limit that leaves the running engine no descriptor."""
    used = len(os.listdir('/proc/%d/fd' % engine.process.pid))
    resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE,
                     (used, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def give_descriptors(engine):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (hard, hard))


def test_out_of_descriptors_it_waits(engine, control):
    take_all_descriptors(engine)
    clients = [socket.create_connection(engine.address) for _ in range(20)]
    engines.poll('the engine to notice', lambda: (
        'no connection can be accepted: Too many' in engine.log_text()))
    before = processor_seconds(engine)
    time.sleep(2)       # what it takes in that time is what is measured
    assert processor_seconds(engine) - before < 0.1
    give_descriptors(engine)
    for client in clients:
        client.settimeout(engines.WAIT)
        client.sendall(bytes(3) + b'\3')
        assert wire.receive(client, 8) == b'NBDMAGIC'
        client.close()


def test_connections_leave_descriptors_for_volumes(data):
    engine = engines.Engine(data, prefix=[
        'sh', '-c', 'ulimit -n 160; exec "$@"', 'sh'])
    assert '160 open files allow 80 connections' in engine.log_text()
    with engine.options() as control:
        control.create('v', MIB)
        idle = [socket.create_connection(engine.address) for _ in range(150)]
        engines.poll('the engine to refuse some', lambda: (
            'as many as --connections allows' in engine.log_text()))
        control.snapshot('v', 's')
        control.wait_synced('v', 's')
        for client in idle:
            client.close()
    engines.poll('room', lambda: is_served(engine))
    engine.stop()


def is_served(engine):
    try:
        with engine.options() as control:
            control.stat('v')
        return True
    except OSError:
        return False


def test_an_address_has_its_share_of_the_connections(data, folder):
    path = os.path.join(folder, 'control')
    engine = engines.Engine(data, control=path, listen=(
        '127.0.0.1:0', '127.0.0.2:0'), extra=[
            '--peer-connections', '4', '--peer-controls', '2'])
    with wire.Options(path) as control:
        control.create('v', MIB)
        disks = [engine.open('v') for _ in range(2)]
        controls = [engine.options() for _ in range(2)]
        assert not is_served(engine)
        assert ('the last from 127.0.0.1: that address has as many as '
                '--peer-connections allows' in engine.log_text())
        disks.pop().close()
        engines.poll('the engine to see that', lambda: (
            control.info('v').opens == 1))
        # the log has a line a second at most
        engines.poll('the refusal to be told', lambda: (
            not is_served(engine) and 'many without a volume as '
            '--peer-controls allows' in engine.log_text()))
        local = [wire.Options(path) for _ in range(8)]
        assert [one.stat('v') for one in local] == [(MIB, 0)] * 8
        for one in local + controls + disks:
            one.close()
    engines.poll('room', lambda: is_served(engine))
    engine.stop()


FROZEN, HALF = 36, 32 * MIB


def test_clients_that_stand_still_cut_off_no_others(engine, control):
    """Clients ask for more than all replies may have, and take none."""
    control.create('v', 1 << 30)
    frozen = [engine.open('v') for _ in range(FROZEN)]
    for disk in frozen:
        for offset in (0, HALF):
            disk.send(wire.READ, offset, HALF)

    def read():
        with engine.open('v') as disk:
            for _ in range(2):
                assert disk.read(0, HALF) == bytes(HALF)
            for number in range(20):
                assert disk.read(number * 4096, 4096) == bytes(4096)

    beside([read] * 3)
    assert 'others need the room of' in engine.log_text()
    for disk in frozen:
        disk.sock.close()


def test_a_stop_ends_with_frozen_clients_and_a_hanging_disk(data):
    disk = HangingDisk(data, sync='.data')
    engine = engines.Engine(data, env=disk.env, extra=['--stop-limit', '4'])
    with engine.options() as control:
        control.create('v', 64 * MIB)
    writer = engine.open('v')
    writer.write(0, b'acknowledged')
    frozen = [engine.open('v') for _ in range(8)]
    for client in frozen:
        client.send(wire.READ, MIB, HALF)
    with disk:
        for client in [writer, *frozen]:
            client.send(wire.FLUSH)
        disk.wait_for_calls(1)
        engine.process.send_signal(signal.SIGTERM)
        assert engine.process.wait(engines.WAIT) == STOPPED_WITHOUT_WAITING
    for client in [writer, *frozen]:
        client.sock.close()
    engine.start()
    with engine.open('v') as client:
        assert client.read(0, 12) == b'acknowledged'
    engine.stop()


def test_clients_come_back_to_an_engine_without_descriptors(data):
    """The engine was killed; intruders take the places, and go later."""
    engine = engines.Engine(data, prefix=[
        'sh', '-c', 'ulimit -n 80; exec "$@"', 'sh'])
    with engine.options() as control:
        control.create('v', 24 * MIB)
    disks = [resend.Disk(engine.address, 'v') for _ in range(24)]
    engine.kill()
    engine.start()
    intruders = [socket.create_connection(engine.address) for _ in range(60)]

    def write(number):
        disk, content = disks[number], bytes([number + 1]) * 65536
        disk.collect(disk.submit(wire.WRITE, number * MIB, 65536, content))
        assert disk.read(number * MIB, 65536) == content
        disk.close()

    def go():
        for intruder in intruders:
            intruder.close()

    beside([lambda number=number: write(number) for number in range(24)]
           + [go])
    engine.stop()


def test_a_storm_of_clones_leaves_others_their_io(engine, control):
    volumes = [with_snapshot(control, 'v%d' % n) for n in range(4)]
    control.create('used', 4 * MIB)
    done = threading.Event()

    def storm(number):
        parent = volumes[number % 4]
        with engine.options() as client:
            while not done.is_set():
                for as_ in volumes:
                    try:
                        client.clone(parent.name, 's', as_.name, as_.id)
                    except wire.Refused as refused:
                        assert refused.errno == errno.EEXIST
                        assert as_ is parent

    def use_it():
        try:
            with engine.open('used') as disk:
                for number in range(200):
                    content = bytes([number + 1]) * 4096
                    disk.write(number * 4096, content, fua=True)
                    assert disk.read(number * 4096, 4096) == content
        finally:
            done.set()

    beside([lambda number=number: storm(number) for number in range(12)]
           + [use_it])
