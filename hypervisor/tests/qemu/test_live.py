# SPDX-License-Identifier: Apache-2.0

"""A running QEMU changes its nodes, told by its monitor."""

import os

import pytest
import tools

MIB = 1 << 20


@pytest.fixture
def add(monitor, vpool):
    def add(node, volume, **options):
        monitor('blockdev-add', node_name=node,
                **vpool.blockdev(volume), **options)
    return add


def test_add_and_delete(monitor, vpool, add):
    vpool.create('disk', MIB)
    for _ in range(3):
        add('n', 'disk')
        monitor('blockdev-del', node_name='n')
    add('n', 'disk')
    with pytest.raises(tools.Failed, match='Duplicate node'):
        add('n', 'disk')


def test_block_resize(monitor, vpool, add):
    vpool.create('disk', MIB)
    add('n', 'disk')
    monitor('block_resize', node_name='n', size=2 * MIB)
    assert vpool.size('disk') == 2 * MIB
    # as Cinder and Nova do it: the volume first, then the guest's disk
    with vpool.engine.options() as control:
        control.truncate('disk', 4 * MIB)
    monitor('block_resize', node_name='n', size=4 * MIB)
    node, = monitor('query-named-block-nodes')
    assert node['image']['virtual-size'] == 4 * MIB
    assert monitor.io('n', 'write -P 1 3M 64k') == ''
    assert vpool.read('disk', 3 * MIB, 65536) == b'\1' * 65536
    with pytest.raises(tools.Failed, match='volumes only grow'):
        monitor('block_resize', node_name='n', size=MIB)


def test_reopen(monitor, vpool, add):
    vpool.create('disk', MIB)
    add('n', 'disk', read_only=True)
    for read_only in (False, True, False):
        monitor('blockdev-reopen', options=[dict(
            vpool.blockdev('disk'), **{'node-name': 'n',
                                       'read-only': read_only})])
        node, = monitor('query-named-block-nodes')
        assert node['ro'] is read_only
    assert monitor.io('n', 'write -P 1 0 4k') == ''
    assert vpool.read('disk', 0, 4096) == b'\1' * 4096
    with pytest.raises(tools.Failed, match='Cannot change the option .volume'):
        monitor('blockdev-reopen', options=[dict(
            vpool.blockdev('other'), **{'node-name': 'n'})])


def test_blockdev_create(monitor, vpool):
    monitor('blockdev-create', job_id='make', options={
        'driver': 'openvstorage', 'size': 3 * MIB,
        'location': {key: value for key, value in
                     vpool.blockdev('made').items() if key != 'driver'}})
    monitor.finish_job('make')
    assert vpool.size('made') == 3 * MIB
    monitor('blockdev-create', job_id='make', options={
        'driver': 'openvstorage', 'size': 0,
        'location': {'volume': 'made', 'transport': 'tcp',
                     'host': vpool.host, 'port': vpool.port}})
    with pytest.raises(tools.Failed, match='cannot have the size 0'):
        monitor.finish_job('make')


def test_external_snapshot_and_commit(monitor, vpool, add, folder):
    """As libvirt does for snapshot-create --disk-only and blockcommit."""
    vpool.create('disk', 4 * MIB)
    vpool.write('disk', 0, b'a' * MIB)
    overlay = os.path.join(folder, 'overlay')
    tools.img('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b',
              vpool.location('disk'), overlay)
    add('base', 'disk')
    monitor('blockdev-add', node_name='file', driver='file',
            filename=overlay)
    monitor('blockdev-add', node_name='overlay', driver='qcow2', file='file',
            backing=None)
    monitor('blockdev-snapshot', node='base', overlay='overlay')
    assert monitor.io('overlay', 'write -P 98 64k 128k') == ''
    assert vpool.read('disk', 65536, 4) == b'aaaa'
    base = [node for node in monitor('query-named-block-nodes')
            if node['node-name'] == 'base'][0]
    assert base['ro'] in (True, False)

    monitor('block-commit', job_id='commit', device='overlay',
            base_node='base', auto_finalize=True, auto_dismiss=False)
    monitor.wait_for('BLOCK_JOB_READY', device='commit')
    monitor('job-complete', id='commit')
    monitor.finish_job('commit')
    assert vpool.read('disk', 0, MIB) == (
        b'a' * 65536 + b'b' * 131072 + b'a' * (MIB - 196608))


def test_commit_into_a_read_only_base(monitor, vpool, add, folder):
    """The base is opened again for writing, and read-only again."""
    vpool.create('disk', 4 * MIB)
    top, middle = (os.path.join(folder, name) for name in ('top', 'middle'))
    monitor('blockdev-add', node_name='base', read_only=True,
            **vpool.blockdev('disk'))
    for name, path, backing in (('middle', middle, 'base'),
                                ('top', top, 'middle')):
        tools.img('create', '-q', '-f', 'qcow2', path, '4M')
        monitor('blockdev-add', node_name=name, driver='qcow2',
                file={'driver': 'file', 'filename': path}, backing=None)
    assert monitor.io('middle', 'write -P 99 0 64k') == ''
    monitor('blockdev-snapshot', node='base', overlay='middle')
    monitor('blockdev-snapshot', node='middle', overlay='top')
    monitor('block-commit', job_id='commit', device='top', base_node='base',
            top_node='middle', auto_dismiss=False)
    monitor.finish_job('commit')
    assert vpool.read('disk', 0, 65536) == b'c' * 65536
    base = [node for node in monitor('query-named-block-nodes')
            if node['node-name'] == 'base'][0]
    assert base['ro'] is True


@pytest.mark.parametrize('iothread', [None, 'io0'])
def test_mirror(monitor, vpool, add, iothread):
    """A job keeps many requests in flight, here in an iothread as well."""
    data = os.urandom(8 * MIB)
    for name in ('source', 'target'):
        vpool.create(name, 8 * MIB)
        add(name, name)
    vpool.write('source', 0, data)
    if iothread:
        for node in ('source', 'target'):
            monitor('x-blockdev-set-iothread', node_name=node,
                    iothread=iothread)
    monitor('blockdev-mirror', job_id='mirror', device='source',
            target='target', sync='full', auto_dismiss=False)
    monitor.wait_for('BLOCK_JOB_READY', device='mirror')
    monitor('job-complete', id='mirror')
    monitor.finish_job('mirror')
    assert vpool.read('target', 0, 8 * MIB) == data


def not_ready(monitor, name):
    job, = [job for job in monitor('query-jobs') if job['id'] == name]
    return job['current-progress'] < job['total-progress'] or (
        job['status'] == 'created')


def test_moves_between_iothreads_under_load(monitor, vpool, add):
    """Attached and detached with requests in flight.

    (An NBD export as the load runs into an assertion of QEMU 7.2's own.)
    """
    size = 64 * MIB
    for name in ('source', 'target'):
        vpool.create(name, size)
        add(name, name)
    data = os.urandom(MIB)
    for at in range(0, size, MIB):
        vpool.write('source', at, data[at >> 20:] + data[:at >> 20])
    monitor('blockdev-mirror', job_id='mirror', device='source',
            target='target', sync='full', speed=8 * MIB, auto_dismiss=False)
    moves = 0
    while not_ready(monitor, 'mirror') and moves < 20:
        monitor('x-blockdev-set-iothread', node_name='source',
                iothread=None if moves % 2 else 'io0', force=True)
        moves += 1
    assert moves > 2
    monitor('block-job-set-speed', device='mirror', speed=0)
    monitor.wait_for('BLOCK_JOB_READY', device='mirror')
    monitor('job-complete', id='mirror')
    monitor.finish_job('mirror')
    assert vpool.read('target', 0, size) == vpool.read('source', 0, size)
