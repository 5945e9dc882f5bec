# SPDX-License-Identifier: Apache-2.0

"""LUKS in a volume, as ovs_drivers/cinder/qemu_img.py and Nova use it."""

import os
import tempfile

import pytest
import tools
from support import wire

MIB = 1 << 20


@pytest.fixture(scope='module')
def luks():
    """A folder with a key, and a LUKS file made with it (a slow thing)."""
    with tempfile.TemporaryDirectory(prefix='ovs-luks-') as folder:
        key = os.path.join(folder, 'key')
        with open(key, 'w') as file:
            file.write('passphrase')
        luks = Luks(folder, 'secret,id=luks,format=raw,file=' + key)
        create_luks(luks.secret, luks.template, '8M')
        yield luks


class Luks:
    def __init__(self, folder, secret):
        self.secret = secret
        self.template = os.path.join(folder, 'template')


def opts(vpool):
    return 'driver=luks,key-secret=luks,' + vpool.image_opts('disk', 'file.')


def create_luks(secret, target, size):
    """QEMU 7.2 sometimes cannot measure how fast this machine is."""
    for tries_left in reversed(range(20)):
        try:
            return tools.img(
                'create', '-f', 'luks', '--object', secret, '-o',
                'key-secret=luks,cipher-alg=aes-256,cipher-mode=xts,'
                'ivgen-alg=plain64,iter-time=10', target, size)
        except tools.Failed as error:
            if 'accurate CPU usage' not in str(error) or not tries_left:
                raise


def test_written_into_a_volume(vpool, folder, luks):
    """As Cinder makes one: a LUKS file, copied; the payload written."""
    payload, plain = (os.path.join(folder, name)
                      for name in ('payload', 'plain'))
    content = os.urandom(8 * MIB)
    with open(payload, 'wb') as file:
        file.write(content)
    location = vpool.create('disk', 16 * MIB)

    tools.img('convert', '-t', 'writeback', '-f', 'raw', '-n', '-O', 'raw',
              luks.template, location)
    tools.img('convert', '-t', 'writeback', '-f', 'raw', '-n',
              '--target-image-opts', '--object', luks.secret, payload,
              opts(vpool))

    stored = vpool.read('disk', 0, 16 * MIB)
    assert stored.startswith(b'LUKS')
    assert content[:4096] not in stored
    tools.img('convert', '--image-opts', '--object', luks.secret, opts(vpool),
              '-O', 'raw', plain)
    with open(plain, 'rb') as file:
        assert file.read(8 * MIB) == content
    with pytest.raises(tools.Failed, match='Invalid password'):
        tools.run('qemu-io', '--object', 'secret,id=luks,data=other',
                  '--image-opts', '-c', 'read 0 512', opts(vpool))


def test_created_in_a_new_volume_that_grows(vpool, luks):
    create_luks(luks.secret, vpool.location('disk'), '8M')
    before = vpool.size('disk')
    tools.img('resize', '--object', luks.secret, '--image-opts', opts(vpool),
              '12M')
    assert vpool.size('disk') == before + 4 * MIB
    said = tools.run('qemu-io', '--object', luks.secret, '--image-opts', '-c',
                     'write -P 5 11M 64k', '-c', 'read -P 5 11M 64k',
                     opts(vpool))
    assert 'failed' not in said
    assert b'\5' * 512 not in vpool.read('disk', 0, vpool.size('disk'))


def test_a_failed_creation_leaves_no_volume(vpool, luks):
    with pytest.raises(tools.Failed, match='Unsupported cipher'):
        tools.img('create', '-f', 'luks', '--object', luks.secret, '-o',
                  'key-secret=luks,cipher-alg=cast5-128,cipher-mode=xts',
                  vpool.location('disk'), '8M')
    with pytest.raises(wire.Refused, match='ENOENT'):
        vpool.size('disk')
