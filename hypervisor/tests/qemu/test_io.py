# SPDX-License-Identifier: Apache-2.0

"""Reading and writing."""

import os

import pytest
import tools

MIB = 1 << 20


def test_patterns(vpool):
    said = tools.io(vpool.create('disk', 8 * MIB), *[
        'write -P 1 0 4k', 'write -P 2 4095 2', 'write -P 3 10001 70001',
        'write -P 4 8388607 1', 'flush',
        'read -P 1 0 4095', 'read -P 2 4095 2', 'read -P 0 4097 5904',
        'read -P 3 10001 70001', 'read -P 0 80002 65536',
        'read -P 4 8388607 1'])
    assert 'failed' not in said and 'error' not in said, said
    assert vpool.read('disk', 4094, 4) == b'\1\2\2\0'


def test_scattered_requests(vpool):
    """The library takes one piece of memory: these are copied."""
    said = tools.io(vpool.create('disk', 8 * MIB), *[
        'writev -P 5 1000 512 64k 3 4096', 'readv -P 5 1000 3 64k 512 4096',
        'readv -P 0 71147 5 500'])
    assert 'failed' not in said, said
    assert vpool.read('disk', 1000, 70147) == b'\5' * 70147


def test_many_in_flight(vpool):
    """More than the library sends at a time."""
    location = vpool.create('disk', 64 * MIB)
    said = tools.io(location, *[
        'aio_write -q -P %d %d 65536' % (number % 255 + 1, number * 65536)
        for number in range(300)], 'aio_flush', *[
        'aio_read -q -P %d %d 65536' % (number % 255 + 1, number * 65536)
        for number in range(300)], 'aio_flush')
    assert 'failed' not in said, said


def test_requests_longer_than_the_library_sends(vpool, folder):
    location = vpool.create('disk', 80 * MIB)
    said = tools.io(location, 'write -P 7 1M 70M', 'read -P 7 1M 70M')
    assert 'failed' not in said, said
    assert vpool.read('disk', 71 * MIB - 1, 2) == b'\7\0'


def test_the_end(vpool):
    location = vpool.create('disk', MIB)
    said = tools.io(location, 'write -P 1 1048000 576')
    assert 'failed' not in said
    for command in 'write -P 1 1048000 577', 'read 1048000 577':
        with pytest.raises(tools.Failed, match='Input/output error'):
            tools.io(location, command)


def test_zeroes_and_discard_are_left_to_the_block_layer(vpool):
    location = vpool.create('disk', MIB)
    said = tools.io(location, 'write -P 1 0 1M', 'write -z 4k 64k',
                    'discard 512k 64k', 'read -P 0 4k 64k',
                    'read -P 1 68k 4k')
    assert 'failed' not in said, said


def test_read_only(vpool):
    location = vpool.create('disk', MIB)
    vpool.write('disk', 0, b'\1' * 4096)
    assert 'failed' not in tools.io(location, 'read -P 1 0 4k', 'flush',
                                    options=['-r'])
    with pytest.raises(tools.Failed, match='read-only'):
        tools.io(location, 'write 0 4k', options=['-r'])


def test_reopen(vpool):
    location = vpool.create('disk', MIB)
    said = tools.io(location, 'reopen -w', 'write -P 1 0 4k', 'reopen -r',
                    'read -P 1 0 4k', 'reopen -w', 'write -P 2 0 4k',
                    'read -P 2 0 4k', options=['-r'])
    assert 'failed' not in said, said


def test_bench_reads_what_was_written(vpool):
    """Depths and sizes of requests as qemu-img bench makes them."""
    location = vpool.create('disk', 16 * MIB)
    for depth, size in (1, 512), (16, 4096), (64, 65536), (100, 262144):
        tools.img('bench', '-f', 'raw', '-w', '--pattern=9', '-c', '100',
                  '-d', str(depth), '-s', str(size), '-S', str(size),
                  '-o', '0', location)
        length = min(100 * size, 16 * MIB)
        said = tools.io(location, 'read -P 9 0 %d' % length)
        assert 'failed' not in said, (depth, size)


def test_qemu_nbd_serves_a_volume(vpool, folder):
    """qemu-nbd --fork: the library must not be inherited by a fork."""
    location = vpool.create('disk', MIB)
    path = os.path.join(folder, 'socket')
    tools.run('qemu-nbd', '--fork', '-f', 'raw', '-k', path, location)
    said = tools.run('qemu-io', '-f', 'raw', '-c', 'write -P 3 0 64k', '-c',
                     'read -P 3 0 64k', 'nbd+unix:///?socket=' + path)
    assert 'failed' not in said
    assert vpool.read('disk', 0, 65536) == b'\3' * 65536
