# SPDX-License-Identifier: Apache-2.0

import os
import shutil
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, '..', '..', '..', 'edge', 'tests'))

import tools  # noqa: E402

os.environ.setdefault('OVS_EDGE', tools.path('ovs-edge'))

from support import engine as engines  # noqa: E402


MIB = 1 << 20


class VPool:
    """An engine on a store of its own, and locations on it."""

    def __init__(self, folder):
        data = os.path.join(folder, 'store')
        os.mkdir(data)
        self.engine = engines.Engine(data)
        self.host, self.port = self.engine.address

    def location(self, name, options=''):
        return 'openvstorage+tcp:%s:%d/%s%s' % (self.host, self.port, name,
                                                options)

    def blockdev(self, name, **options):
        return dict({'driver': 'openvstorage', 'transport': 'tcp',
                     'host': self.host, 'port': self.port, 'volume': name},
                    **options)

    def image_opts(self, name, prefix=''):
        return ','.join('%s%s=%s' % (prefix, key, value)
                        for key, value in self.blockdev(name).items())

    def create(self, name, size):
        with self.engine.options() as control:
            control.create(name, size)
        return self.location(name)

    def size(self, name):
        with self.engine.options() as control:
            return control.stat(name)[0]

    def wait_until_stored(self, name, count):
        def has_stored():
            with self.engine.options() as control:
                return control.info(name).stored >= count
        tools.wait_until('%d bytes in %s' % (count, name), has_stored)

    def snapshots(self, name):
        with self.engine.options() as control:
            return [entry.name for entry in control.snapshots(name)[1]]

    def clone(self, parent, snapshot, name):
        with self.engine.options() as control:
            control.clone(parent, snapshot, name)

    def read(self, name, offset, length):
        with self.engine.open(name) as disk:
            return b''.join(
                disk.read(offset + at, min(MIB, length - at))
                for at in range(0, length, MIB))

    def write(self, name, offset, data):
        with self.engine.open(name) as disk:
            disk.write(offset, data)


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix='ovs-qemu-test-')
    yield path
    shutil.rmtree(path)


@pytest.fixture
def vpool(folder):
    """It must be there, with a sound store, in the end."""
    vpool = VPool(folder)
    with vpool.engine:
        yield vpool
        vpool.engine.stop()
    status, text = engines.check(vpool.engine.data)
    assert status == 0, text


@pytest.fixture
def monitor(folder):
    with tools.Monitor(folder, '-object', 'iothread,id=io0') as monitor:
        yield monitor
