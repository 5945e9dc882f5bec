# SPDX-License-Identifier: Apache-2.0

"""The four commands of Cinder on a location."""

import hashlib
import os

import pytest
import tools

MIB = 1 << 20


@pytest.fixture
def image(folder):
    """An image with data, holes, and a length that is no multiple."""
    path = os.path.join(folder, 'image')
    with open(path, 'wb') as file:
        file.write(os.urandom(3 * MIB))
        file.seek(9 * MIB)
        file.write(os.urandom(MIB + 512))
    return path


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def test_create(vpool):
    tools.img('create', vpool.location('new'), '1G')
    assert vpool.size('new') == 1 << 30


def test_create_rounds_up(vpool):
    tools.img('create', vpool.location('odd'), '5000')
    assert vpool.size('odd') == 8192


def test_create_over_another_is_refused(vpool):
    vpool.create('taken', MIB)
    with pytest.raises(tools.Failed, match='File exists .*convert -n'):
        tools.img('create', vpool.location('taken'), '2M')
    assert vpool.size('taken') == MIB


def test_create_of_nothing_is_refused(vpool):
    with pytest.raises(tools.Failed, match='cannot have the size 0'):
        tools.img('create', vpool.location('empty'), '0')


def test_image_to_volume_and_back(vpool, image, folder):
    location = vpool.create('disk', 16 * MIB)
    back = os.path.join(folder, 'back')

    tools.img('convert', '-n', '-O', 'raw', image, location)
    tools.img('convert', '-f', 'raw', location, back, '-O', 'raw')

    length = os.path.getsize(image)
    assert os.path.getsize(back) == 16 * MIB
    with open(back, 'rb') as file:
        head = file.read(length)
        assert hashlib.sha256(head).hexdigest() == digest(image)
        assert not any(file.read())


def test_image_over_old_data_writes_its_zeroes(vpool, image):
    location = vpool.create('disk', 16 * MIB)
    vpool.write('disk', 5 * MIB, b'old' * 1000)

    tools.img('convert', '-n', '-O', 'raw', image, location)

    assert not any(vpool.read('disk', 5 * MIB, 3000))


def test_image_to_a_volume_that_convert_creates(vpool, image):
    tools.img('convert', '-O', 'raw', image, vpool.location('made'))
    tools.img('compare', '-f', 'raw', '-F', 'raw', image,
              vpool.location('made'))


def test_image_too_large_for_the_volume_is_refused(vpool, image):
    location = vpool.create('small', MIB)
    with pytest.raises(tools.Failed, match='output file is smaller'):
        tools.img('convert', '-n', '-O', 'raw', image, location)


def test_resize(vpool):
    location = vpool.create('disk', MIB)
    tools.img('resize', '-f', 'raw', location, '3M')
    assert vpool.size('disk') == 3 * MIB
    # Cinder repeats; and a volume that has grown meanwhile stays
    tools.img('resize', '-f', 'raw', location, '3M')
    assert vpool.size('disk') == 3 * MIB


@pytest.mark.parametrize('arguments, error', [
    (('--shrink', '{}', '1M'), r'Cannot shrink volume .disk. at 127.0.0.1:\d+ '
     'from 2097152 to 1048576 bytes: volumes only grow'),
    (('{}', '+512'), 'multiples of 4096; the next one is 2101248'),
    (('--preallocation=full', '{}', '4M'), 'volumes are thin'),
    (('{}', '80T'), 'File too large'),
])
def test_resize_refuses(vpool, arguments, error):
    location = vpool.create('disk', 2 * MIB)
    with pytest.raises(tools.Failed, match=error):
        tools.img('resize', '-f', 'raw',
                  *(word.format(location) for word in arguments))
    assert vpool.size('disk') == 2 * MIB


def test_help_names_the_format():
    assert tools.formats().count('openvstorage') == 1
