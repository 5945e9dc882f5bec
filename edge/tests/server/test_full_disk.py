# SPDX-License-Identifier: Apache-2.0

"""A full file system: ENOSPC for who writes, nothing damaged, a way out."""

import errno
import os
import random
import subprocess

import pytest

from support import engine as engines
from support import wire

MIB = 1 << 20
KINDS = ('tmpfs', 'ext4')


@pytest.fixture(params=KINDS)
def small_disk(request, folder):
    """A file system of 64 MiB."""
    if os.geteuid():
        pytest.skip('mounting a small disk needs root')
    path = os.path.join(folder, 'mount')
    os.mkdir(path)
    if request.param == 'tmpfs':
        command = ['mount', '-t', 'tmpfs', '-o', 'size=64m', 'none', path]
    else:
        image = os.path.join(folder, 'image')
        with open(image, 'wb') as file:
            file.truncate(64 * MIB)
        subprocess.run(['mkfs.ext4', '-q', '-m', '0', image], check=True)
        command = ['mount', '-o', 'loop', image, path]
    done = subprocess.run(command, stderr=subprocess.PIPE)
    if done.returncode:
        pytest.skip('cannot mount here: ' + done.stderr.decode().strip())
    yield path
    subprocess.run(['umount', path], check=True)


def fill(disk, pattern, start, length=32768):
    """Writes until the disk is full; returns where that was."""
    offset = start
    while True:
        try:
            disk.write(offset, pattern(offset) * (length // 8))
        except wire.NBDError as error:
            assert error.errno == errno.ENOSPC
            return offset
        offset += length


def number(offset):
    return b'%08x' % (offset & 0xffffffff)


def verify(disk, start, end):
    for offset in range(start, end, 32768):
        assert disk.read(offset, 32768) == number(offset) * 4096, offset


def test_full_disk(small_disk, folder):
    data = os.path.join(small_disk, 'store')
    os.mkdir(data)
    with engines.Engine(data) as engine:
        scenario(engine)
        engine.stop()
    status, text = engines.check(data)
    assert status == 0, text


def scenario(engine):
    with engine.options() as control:
        control.create('v', 1 << 30)
        disk = engine.open('v')
        for offset in range(0, 8 * MIB, 32768):
            disk.write(offset, number(offset) * 4096)
        control.snapshot('v', 's')
        control.wait_synced('v', 's')
        end = fill(disk, number, 8 * MIB)
        assert end > 20 * MIB
        disk.flush()
        # what is there is there, and may be overwritten in place
        verify(disk, 0, end)
        disk.write(8 * MIB, number(8 * MIB) * 4096)
        # a write that needs a copy of the cluster below it fails cleanly
        with pytest.raises(wire.NBDError) as caught:
            for offset in range(0, 8 * MIB, 65536):
                disk.write(offset, number(offset))
        assert caught.value.errno == errno.ENOSPC
        verify(disk, 0, end)
        refused_cleanly(control)
        engine.restart(kill=True)
    with engine.options() as control:
        disk = engine.open('v')
        verify(disk, 0, end)
        # the way out: a snapshot goes, its layer is merged, space is back
        disk.trim(4 * MIB, 4 * MIB)
        control.snapshot_remove('v', 's')
        engines.poll('space after the snapshot went',
                     lambda: control.store_stat().free > 3 * MIB)
        verify(disk, 0, 4 * MIB)
        assert disk.read(4 * MIB, 4 * MIB) == bytes(4 * MIB)
        verify(disk, 8 * MIB, end)
        disk.write(4 * MIB, b'again')
        disk.flush()
        control.remove('v')
        engines.poll('space after the volume went',
                     lambda: control.store_stat().free > 40 * MIB)
        disk.close()


def refused_cleanly(control):
    """Metadata operations succeed, or fail with ENOSPC and no trace."""
    rng = random.Random(1)
    before = control.list()
    made = []
    for serial in range(400):
        name = 'new%d' % serial
        try:
            control.create(name, MIB, owner='x' * rng.randrange(255))
            made.append(name)
        except wire.Refused as refused:
            assert (refused.errno, refused.reason) == (errno.ENOSPC, 5)
            break
    else:
        # some room for names is always left: then nothing is to be refused
        assert len(control.list()) == len(before) + 400
    assert {entry.name for entry in control.list()} == (
        {entry.name for entry in before} | set(made))
    for name in made:
        control.remove(name)
