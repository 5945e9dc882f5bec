# SPDX-License-Identifier: Apache-2.0

"""The same port with clients that others wrote."""

import json
import os
import shutil
import subprocess

import pytest

from support import engine as engines
from support import keys
from support import wire

MIB = 1 << 20


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=engines.WAIT)
    text = done.stdout.decode(errors='replace')
    assert done.returncode == 0, text
    return text


def need(tool):
    assert shutil.which(tool), '%s is missing, see bindep.txt' % tool


@pytest.fixture
def location(engine, control):
    control.create('v', 32 * MIB)
    return 'nbd://%s:%d/v' % engine.address


def test_qemu_io(location):
    need('qemu-io')
    text = run('qemu-io', '-f', 'raw', location,
               '-c', 'write -P 0x5a 3 100000', '-c', 'read -P 0x5a 3 100000',
               '-c', 'write -z 1000 70000', '-c', 'read -P 0 1000 70000',
               '-c', 'discard 0 1M', '-c', 'read -P 0 0 1M',
               '-c', 'write -f -P 1 5M 64k', '-c', 'aio_write -P 2 6M 2M',
               '-c', 'aio_flush', '-c', 'flush', '-c', 'read -P 2 6M 2M')
    assert 'failed' not in text and 'error' not in text, text


def test_qemu_img(location, folder):
    need('qemu-img')
    source = os.path.join(folder, 'source')
    with open(source, 'wb') as image:
        image.write(os.urandom(5 * MIB) + bytes(5 * MIB) + os.urandom(MIB))
        image.truncate(32 * MIB)
    run('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', source,
        location)
    run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', source, location)
    info = json.loads(run('qemu-img', 'info', '--output=json', '-f', 'raw',
                          location))
    assert info['virtual-size'] == 32 * MIB


def test_nbdinfo(location, engine, control):
    need('nbdinfo')
    control.create('w', MIB)
    base = 'nbd://%s:%d' % engine.address
    # --no-content: it would run file(1) to guess what is in the volume
    describe = ('nbdinfo', '--json', '--no-content')
    exports = json.loads(run(*describe, '--list', base))['exports']
    assert sorted(export['export-name'] for export in exports) == ['v', 'w']
    export = json.loads(run(*describe, location))['exports'][0]
    assert export['export-size'] == 32 * MIB
    for ability in ('can_flush', 'can_fua', 'can_multi_conn', 'can_trim',
                    'can_zero'):
        assert export[ability], ability
    assert not export['is_read_only']


def test_nbdcopy(location, folder):
    need('nbdcopy')
    source, copy = (os.path.join(folder, name) for name in 'ab')
    with open(source, 'wb') as image:
        image.write(os.urandom(9 * MIB + 4096))
        image.truncate(32 * MIB)
    run('nbdcopy', source, location)
    run('nbdcopy', location, copy)
    with open(source, 'rb') as one, open(copy, 'rb') as two:
        assert one.read() == two.read()


# The same by TLS

@pytest.fixture(params=['psk', 'x509'])
def secured(request, data, folder):
    place = os.path.join(folder, 'keys')
    keys.pre_share(keys.x509_folder(place), 'alice')
    extra = ['--tls', request.param, '--tls-dir', place]
    if request.param == 'x509':
        extra.append('--tls-verify-client')
    with engines.Engine(data, control=data + '.socket',
                        extra=extra) as engine:
        with wire.Options(engine.control) as control:
            control.create('v', 32 * MIB)
        yield Secured(engine, request.param, place)
        engine.stop()


class Secured:
    """How each client is told of its keys."""

    def __init__(self, engine, kind, place):
        self.engine, self.kind, self.place = engine, kind, place

    def uri(self, host='127.0.0.1', place=None):
        place = place or self.place
        user, option = {
            'psk': ('alice@', 'tls-psk-file=%s/keys.psk' % place),
            'x509': ('', 'tls-certificates=%s' % place)}[self.kind]
        return 'nbds://%s%s:%d/v?%s' % (user, host, self.engine.address[1],
                                        option)

    def qemu(self):
        """Options of qemu-img and qemu-io, and the image."""
        user = ',username=alice' if self.kind == 'psk' else ''
        return ['--object', 'tls-creds-%s,id=t,endpoint=client,dir=%s%s' % (
            self.kind, self.place, user), '--image-opts'], (
            'driver=nbd,server.type=inet,server.host=127.0.0.1,'
            'server.port=%d,export=v,tls-creds=t' % self.engine.address[1])


def test_nbdinfo_by_tls(secured):
    need('nbdinfo')
    export = json.loads(run('nbdinfo', '--json', '--no-content',
                            secured.uri()))
    assert export['TLS'] and export['exports'][0]['export-size'] == 32 * MIB


def refused(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=engines.WAIT)
    assert done.returncode, done.stdout


def test_who_comes_without_tls_or_with_other_keys_is_refused(secured, folder):
    need('nbdinfo')
    others = os.path.join(folder, 'others')
    keys.pre_share(keys.x509_folder(others), 'alice')
    refused('nbdinfo', 'nbd://127.0.0.1:%d/v' % secured.engine.address[1])
    refused('nbdinfo', secured.uri(place=others))
    run('nbdinfo', '--no-content', secured.uri())


def test_nbdcopy_by_tls(secured, folder):
    need('nbdcopy')
    source, copy = (os.path.join(folder, name) for name in 'ab')
    with open(source, 'wb') as image:
        image.write(os.urandom(9 * MIB + 4096))
        image.truncate(32 * MIB)
    run('nbdcopy', source, secured.uri())
    run('nbdcopy', secured.uri(), copy)
    with open(source, 'rb') as one, open(copy, 'rb') as two:
        assert one.read() == two.read()


def test_qemu_io_by_tls(secured):
    need('qemu-io')
    objects, image = secured.qemu()
    text = run('qemu-io', *objects, image,
               '-c', 'write -P 0x5a 3 100000', '-c', 'read -P 0x5a 3 100000',
               '-c', 'aio_write -P 2 6M 9M', '-c', 'aio_flush',
               '-c', 'flush', '-c', 'read -P 2 6M 9M')
    assert 'failed' not in text and 'error' not in text, text


def test_qemu_img_by_tls(secured, folder):
    need('qemu-img')
    source = os.path.join(folder, 'source')
    with open(source, 'wb') as file:
        file.write(os.urandom(5 * MIB) + bytes(5 * MIB) + os.urandom(MIB))
        file.truncate(32 * MIB)
    objects, image = secured.qemu()
    run('qemu-img', 'convert', '-n', *objects, '--target-image-opts',
        'driver=raw,file.driver=file,file.filename=' + source,
        'driver=raw,file.' + image.replace(',', ',file.'))
    run('qemu-img', 'compare', *objects,
        'driver=raw,file.driver=file,file.filename=' + source, image)
