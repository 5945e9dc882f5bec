# SPDX-License-Identifier: Apache-2.0

"""Descriptors: an open volume takes a handful, however many layers it has."""

import concurrent.futures
import os
import random
import subprocess

import pytest

from support import engine as engines

CLUSTER = 65536
LAYERS = 300
# FILES_OPEN_MAX of edge/server/files.h, and what an open volume has of its own
OPEN_FILES, OF_A_VOLUME = 128, 8


def descriptors(engine):
    return len(os.listdir('/proc/%d/fd' % engine.process.pid))


def content(number):
    return number.to_bytes(4, 'big') * 1024


def snapshot(control, number):
    control.snapshot('v', 's%d' % number)
    control.wait_synced('v', 's%d' % number)


@pytest.fixture(scope='module')
def deep_store():
    """A store with a volume of many layers, each owning a cluster."""
    with engines.scratch_store() as data:
        engine = engines.Engine(data)
        with engine.options() as control:
            control.create('v', LAYERS * CLUSTER)
            with engine.open('v') as disk:
                for number in range(LAYERS):
                    disk.write(number * CLUSTER, content(number))
                    snapshot(control, number)
        engine.stop()
        yield data


@pytest.fixture
def deep(deep_store, data):
    """An engine on a copy of it."""
    subprocess.run(['cp', '-a', deep_store + '/.', data], check=True)
    with engines.Engine(data) as engine:
        yield engine
        engine.stop()
    status, text = engines.check(data)
    assert status == 0, text


def read_all(engine, seed):
    order = list(range(LAYERS)) * 2
    random.Random(seed).shuffle(order)
    with engine.open('v') as disk:
        for number in order:
            assert disk.read(number * CLUSTER, 4096) == content(number)


def test_layers_are_open_only_as_long_as_they_are_read(deep):
    unopened = descriptors(deep)
    with deep.open('v') as disk:
        assert disk.read(0, 4096) == content(0)
        assert descriptors(deep) < unopened + OF_A_VOLUME
        with concurrent.futures.ThreadPoolExecutor(6) as threads:
            for done in [threads.submit(read_all, deep, n) for n in range(6)]:
                done.result(engines.WAIT)
        engines.poll('the other connections to end', lambda: descriptors(
            deep) < unopened + OPEN_FILES + OF_A_VOLUME)


def test_as_many_snapshots_are_made_with_as_few(engine):
    with engine.options() as control:
        control.create('v', LAYERS * CLUSTER)
        with engine.open('v') as disk:
            disk.write(0, b'x')
            before = descriptors(engine)
            for number in range(60):
                disk.write(number * CLUSTER, content(number))
                snapshot(control, number)
            assert descriptors(engine) < before + OF_A_VOLUME


def test_after_a_kill_too(deep):
    deep.restart(kill=True)
    with deep.options() as control, deep.open('v') as disk:
        engines.poll('one volume to be open',
                     lambda: control.info('v').opens == 1)
        read_all(deep, 1)
        # Three connections, and pipes of threads that read.
        assert descriptors(deep) < OPEN_FILES + 100
        disk.flush()


def test_rest_while_merges_and_rollbacks_are_under_way(deep):
    """Layers go while they are read."""
    with deep.options() as control, \
            concurrent.futures.ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read_all, deep, n) for n in range(3)]
        for number in range(0, LAYERS - 100, 3):
            control.snapshot_remove('v', 's%d' % number)
        for reader in readers:
            reader.result(engines.WAIT)
        control.rollback('v', 's%d' % (LAYERS - 50))
        with deep.open('v') as disk:
            for number in range(LAYERS):
                assert disk.read(number * CLUSTER, 4096) == (
                    content(number) if number <= LAYERS - 50 else bytes(4096))


def test_out_of_descriptors_layers_are_closed(deep):
    """An engine with few descriptors reads all of a deep volume."""
    deep.stop()
    deep.prefix = ['sh', '-c', 'ulimit -n 110; exec "$@"', 'sh']
    deep.start()
    read_all(deep, 1)
