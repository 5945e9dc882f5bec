# SPDX-License-Identifier: Apache-2.0

"""The folder: damage is found and refused, never guessed about."""

import errno
import os
import shutil
import subprocess
import zlib

import pytest

from support import engine as engines
from support import maps
from support import wire

MIB = 1 << 20


@pytest.fixture
def stopped(data):
    """A store with some of everything, cleanly stopped."""
    engine = engines.Engine(data)
    with engine.options() as control:
        control.create('v', 4 * MIB)
        with engine.open('v') as disk:
            disk.write(0, b'x' * MIB)
            control.snapshot('v', 's')
            control.wait_synced('v', 's')
            disk.write(100, b'y' * 70000)
            disk.flush()
        control.clone('v', 's', 'c')
        with engine.open('c') as disk:
            disk.write(0, b'z')
    engine.stop()
    assert engines.check(data)[0] == 0
    return data


def refused_to_serve(data, *words):
    done = subprocess.run(
        [engines.binary(), 'serve', '--data', data, '--listen',
         '127.0.0.1:0'], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=engines.WAIT)
    text = done.stderr.decode()
    assert done.returncode == 1, text
    assert done.stdout == b''
    for word in words:
        assert word in text, text


def found(data, *words):
    status, text = engines.check(data)
    assert status == 1, text
    for word in words:
        assert word in text, text


def files(data, folder, suffix=''):
    path = os.path.join(data, folder)
    return [os.path.join(path, name) for name in sorted(os.listdir(path))
            if name.endswith(suffix)]


def edit(path, offset, data):
    with open(path, 'r+b') as file:
        file.seek(offset)
        file.write(data)


def test_every_flipped_byte_of_a_record_is_found(stopped):
    path = files(stopped, 'volumes')[0]
    with open(path, 'rb') as file:
        good = file.read()
    for offset in range(0, len(good), 7):
        edit(path, offset, bytes([good[offset] ^ 0x10]))
        found(stopped, os.path.basename(path))
        edit(path, offset, good[offset:offset + 1])
    assert engines.check(stopped)[0] == 0
    edit(path, len(good) - 1, bytes([good[-1] ^ 1]))
    refused_to_serve(stopped, 'checksum', os.path.basename(path))


def test_a_cut_off_record(stopped):
    path = files(stopped, 'volumes')[0]
    os.truncate(path, os.path.getsize(path) - 1)
    found(stopped, 'cut off')
    refused_to_serve(stopped, 'cut off')


def test_a_newer_record(stopped):
    edit(files(stopped, 'volumes')[0], 8, b'\0\0\0\x02')
    found(stopped, 'another version')
    refused_to_serve(stopped, 'another version')


def test_a_newer_store(stopped):
    edit(os.path.join(stopped, 'store'), 8, b'\0\0\0\x02')
    assert engines.check(stopped)[0] == 2
    refused_to_serve(stopped, 'another version')


def test_a_damaged_store_id(stopped):
    edit(os.path.join(stopped, 'store'), 15, b'\xff\xff')
    refused_to_serve(stopped, 'damaged')


def test_a_record_that_makes_no_sense(stopped):
    path = files(stopped, 'volumes')[0]
    with open(path, 'rb') as file:
        data = bytearray(file.read())
    data[20 + 16 + 2] = ord('/')    # the name, with a right checksum
    data[16:20] = zlib.crc32(data[20:]).to_bytes(4, 'big')
    with open(path, 'wb') as file:
        file.write(data)
    found(stopped, 'makes no sense')


def test_a_missing_parent(stopped):
    engine = engines.Engine(stopped)
    with engine.options() as control:
        parent = control.info('v').id.hex
    engine.stop()
    os.unlink(os.path.join(stopped, 'volumes', parent))
    found(stopped, "'c' has no parent", 'no record names it')
    refused_to_serve(stopped, 'no parent')


def test_a_record_under_another_name(stopped):
    path = files(stopped, 'volumes')[0]
    shutil.copy(path, os.path.join(os.path.dirname(path), '0' * 32))
    found(stopped, 'record of another volume')
    refused_to_serve(stopped, 'record of another volume')


def refused(data, *words):
    """Expect that "v" cannot be opened, and that the log says why."""
    engine = engines.Engine(data)
    with pytest.raises(wire.OptionError):
        engine.open('v')
    for word in words:
        assert word in engine.log_text()
    engine.kill()


def test_a_damaged_map_is_refused_when_opened(stopped):
    for path in files(stopped, 'layers', '.map'):
        edit(path, 3, b'?')
    found(stopped, '.map: its header is damaged')
    refused(stopped, 'its header is damaged')


def test_missing_data(stopped):
    os.unlink(files(stopped, 'layers', '.data')[0])
    found(stopped, 'is missing or cut off')


@pytest.mark.parametrize('length', [0, 1, 65536, MIB - 65536, MIB - 1])
def test_cut_off_data(stopped, length):
    path = max(files(stopped, 'layers', '.data'), key=os.path.getsize)
    assert os.path.getsize(path) == MIB
    os.truncate(path, length)
    found(stopped, 'is missing or cut off')
    refused(stopped, 'is missing or cut off')


def test_zeros_at_the_end_are_not_taken_for_cut_off(engine, control):
    """Zeros over a parent's data are owned, and a hole."""
    control.create('v', 4 * MIB)
    with engine.open('v') as disk:
        disk.write(0, b'x' * 3 * MIB)
    control.snapshot('v', 's')
    control.clone('v', 's', 'c')
    with engine.open('c') as disk:
        disk.trim(MIB, 65536)
        stored = control.info('c').stored
        disk.trim(MIB + 65536 + 4096, MIB)
        disk.trim(MIB, 65536)
    with engine.open('v') as disk:
        disk.trim(2 * MIB, MIB)
    assert stored == 0
    engine.restart()
    with engine.open('c') as disk:
        assert disk.read(MIB, 65536) == bytes(65536)
        assert disk.read(MIB + 65536 + 4096, MIB) == bytes(MIB)
        assert disk.read(0, MIB) == b'x' * MIB


def test_bits_beyond_the_end(stopped):
    path = files(stopped, 'layers', '.map')[0]
    bits = maps.load(path)
    bits[1000] = 1
    maps.store(path, bits)
    found(stopped, "beyond the volume's end")


def damaged_map(data, path, *words):
    """The check finds the damage, and so does opening the volume."""
    found(data, os.path.basename(path), *words)
    refused(data, *words)


@pytest.fixture
def top_map(stopped):
    """The map of the volume's newest layer, which has two bits."""
    for path in files(stopped, 'layers', '.map'):
        bits = maps.load(path)
        if bits and sum(map(int.bit_count, bits)) == 2:
            return path
    raise AssertionError('no map has two bits')


@pytest.mark.parametrize('offset', [0, 11, 30, 40, 511, 4095, 4096, 4600,
                                    4604, 4607, 5000, 8191])
def test_every_rotten_byte_of_a_map_is_found(stopped, top_map, offset):
    with open(top_map, 'rb') as file:
        good = file.read()
    for mask in (1, 0x80, 0xff):
        edit(top_map, offset, bytes([good[offset] ^ mask]))
        found(stopped, os.path.basename(top_map))
    damaged_map(stopped, top_map)


def test_a_sector_of_another_place_is_found(stopped, top_map):
    with open(top_map, 'rb') as file:
        content = file.read()
    edit(top_map, 4096, content[4608:5120])
    damaged_map(stopped, top_map, 'a sector of its bits is damaged')


def test_a_page_of_another_map_is_found(stopped, top_map):
    other = next(path for path in files(stopped, 'layers', '.map')
                 if path != top_map)
    with open(other, 'rb') as file:
        edit(top_map, 4096, file.read()[4096:8192])
    damaged_map(stopped, top_map, 'a sector of its bits is damaged')


def test_a_missing_map_is_found(stopped, top_map):
    os.unlink(top_map)
    damaged_map(stopped, top_map, 'is missing although the data is there')


def test_an_empty_file_needs_no_map(stopped, top_map):
    """The file's name was durable before the map's when the power went."""
    layer = top_map[:-len('.map')]
    os.unlink(top_map)
    os.truncate(layer + '.data', 0)
    assert engines.check(stopped)[0] == 0


@pytest.mark.parametrize('what', ['sector', 'page', 'old'])
def test_lost_bits_are_found(stopped, top_map, what):
    """The disk reported the bits as written, and has not written them."""
    bits = maps.load(top_map)
    if what == 'old':
        maps.store(top_map, bytes([bits[0] & 1]) + bits[1:], stated=2)
    else:
        edit(top_map, 4096, bytes(512 if what == 'sector' else 4096))
    damaged_map(stopped, top_map, 'bits of it are lost')


def test_lost_bits_that_the_header_does_not_know_of(stopped, top_map):
    """Header and bits are old, both: the data shows that."""
    bits = maps.load(top_map)
    maps.store(top_map, bytes([bits[0] & 1]) + bits[1:], stated=1)
    found(stopped, 'there is data that none speaks for')


def test_a_file_that_is_cut_while_it_is_served(data):
    engine = engines.Engine(data)
    with engine.options() as control:
        control.create('v', MIB)
    disk = engine.open('v')
    disk.write(0, b'x' * 2 * 65536)
    os.truncate(files(data, 'layers', '.data')[0], 65536 + 100)
    with pytest.raises(wire.NBDError) as caught:
        disk.read(65536, 4096)
    assert caught.value.errno == errno.EIO
    assert disk.read(0, 65536) == b'x' * 65536
    engine.kill()


@pytest.mark.parametrize('killed', [False, True])
def test_a_store_of_version_1_is_brought_up(data, killed):
    engine = engines.Engine(data)
    with engine.options() as control:
        control.create('v', 4 * MIB)
        with engine.open('v') as disk:
            disk.write(0, b'x' * MIB)
            disk.write(2 * MIB, b'y' * 100)
            disk.flush()
            disk.write(3 * MIB, b'z' * 100)
            if killed:
                engine.kill()
    if not killed:
        engine.stop()
    path, = files(data, 'layers', '.map')
    maps.store_version_1(path, maps.load(path))
    os.truncate(files(data, 'layers', '.data')[0], 3 * MIB + 100)
    assert engines.check(data)[0] == 0
    engine.start()
    for _ in range(2):
        with engine.open('v') as disk:
            assert disk.read(0, MIB) == b'x' * MIB
            assert disk.read(2 * MIB, 65536) == b'y' * 100 + bytes(65436)
            assert disk.read(3 * MIB, 65536) == b'z' * 100 + bytes(65436)
            disk.write(MIB, b'new')
            disk.flush()
        engine.restart()
    assert maps.version(path) == 2
    assert engine.log_text().count('brought from version 1 to 2') == 1
    engine.stop()
    assert engines.check(data)[0] == 0


def test_a_cut_off_file_of_version_1(stopped):
    path = max(files(stopped, 'layers', '.data'), key=os.path.getsize)
    os.truncate(path, MIB - 65536)
    bits = path[:-len('.data')] + '.map'
    maps.store_version_1(bits, maps.load(bits))
    found(stopped, 'is missing or cut off')
    refused(stopped, 'is missing or cut off')


def test_an_orphan_is_reported_and_kept(stopped):
    orphan = os.path.join(stopped, 'layers', '0' * 32 + '.data')
    with open(orphan, 'w') as file:
        file.write('whose?')
    found(stopped, 'no record names it')
    engine = engines.Engine(stopped)
    engine.stop()
    assert os.path.exists(orphan)


def test_a_folder_that_is_no_store(folder):
    with open(os.path.join(folder, 'of-another-program'), 'w') as file:
        file.write('data')
    refused_to_serve(folder, 'neither a store nor empty')
    refused_to_serve(os.path.join(folder, 'absent'), 'must exist')
    status, text = engines.check(folder)
    assert status == 2 and 'not a store' in text
    assert sorted(os.listdir(folder))[-1] == 'of-another-program'


def test_a_lost_part_is_not_replaced_by_an_empty_one(stopped):
    volumes = os.path.join(stopped, 'volumes')
    os.rename(volumes, volumes + '-lost')
    refused_to_serve(stopped, 'volumes: No such file')
    assert not os.path.exists(volumes)
    os.rename(volumes + '-lost', volumes)
    os.unlink(os.path.join(stopped, 'store'))
    for name in os.listdir(stopped):
        if name == 'reserve':
            os.unlink(os.path.join(stopped, name))
    refused_to_serve(stopped, 'has volumes but no id')


def test_a_store_that_was_never_finished_is_made_again(data):
    os.mkdir(os.path.join(data, 'volumes'))
    with open(os.path.join(data, 'store.tmp'), 'w') as file:
        file.write('half an i')
    engines.Engine(data).stop()
    assert engines.check(data)[0] == 0


def test_one_engine_per_store(engine, data):
    refused_to_serve(data, 'in use by another')
    status, text = engines.check(data)
    assert status == 2 and 'in use' in text


def test_a_reboot_keeps_what_was_flushed_and_says_so(stopped):
    engine = engines.Engine(stopped, boot_id='first')
    with engine.open('v') as disk:
        disk.write(2 * MIB, b'flushed')
        disk.flush()
    engine.restart(kill=True, boot_id='second')
    assert 'its host went down' in engine.log_text()
    with engine.options() as control:
        assert control.hello().boot_id == 'second'
    with engine.open('v') as disk:
        assert disk.read(2 * MIB, 7) == b'flushed'
    engine.stop()
    assert engines.check(stopped)[0] == 0
