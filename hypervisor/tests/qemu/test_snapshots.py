# SPDX-License-Identifier: Apache-2.0

"""Snapshots of the vPool through QEMU."""

import pytest
import tools

MIB = 1 << 20


@pytest.fixture
def disk(vpool):
    return vpool.create('disk', 4 * MIB)


def listed(location):
    text = tools.img('snapshot', '-l', location)
    return [line.split()[1] for line in text.splitlines()[2:]]


def test_create_list_go_back_delete(vpool, disk):
    assert listed(disk) == []
    for number, name in enumerate(['one', 'two', 'three']):
        vpool.write('disk', 0, bytes([number]) * 4096)
        tools.img('snapshot', '-c', name, disk)
    assert listed(disk) == vpool.snapshots('disk') == ['one', 'two', 'three']

    vpool.write('disk', 0, b'x' * 4096)
    tools.img('snapshot', '-a', 'two', disk)
    assert vpool.read('disk', 0, 4096) == b'\1' * 4096
    assert listed(disk) == ['one', 'two']   # newer ones are gone

    tools.img('snapshot', '-d', 'one', disk)
    assert listed(disk) == ['two']


def test_more_than_a_first_guess(vpool, disk):
    names = ['s%02d' % number for number in range(40)]
    with vpool.engine.options() as control:
        for name in names:
            control.snapshot('disk', name)
            control.wait_synced('disk', name)
    assert listed(disk) == names


def test_longest_name(vpool, disk):
    """An id of QEMU's is shorter; the name counts."""
    names = ['n' * 253 + end for end in 'ab']
    for name in names:
        tools.img('snapshot', '-c', name, disk)
    assert vpool.snapshots('disk') == names
    tools.img('snapshot', '-d', names[0], disk)
    assert vpool.snapshots('disk') == names[1:]


@pytest.mark.parametrize('arguments, error', [
    (('-c', 'there'), "Cannot create snapshot 'there' of volume 'disk' at "
     r'127.0.0.1:\d+: File exists'),
    (('-c', 'a/b'), "The snapshot name has a '/'"),
    (('-c', 'n' * 255), 'The snapshot name has 255 bytes'),
    (('-a', 'none'), "Cannot go back to snapshot 'none' of volume 'disk' at "
     r'127.0.0.1:\d+: No such file or directory'),
    (('-d', 'none'), 'snapshot not found'),
])
def test_refusals(vpool, disk, arguments, error):
    tools.img('snapshot', '-c', 'there', disk)
    with pytest.raises(tools.Failed, match=error):
        tools.img('snapshot', *arguments, disk)
    assert vpool.snapshots('disk') == ['there']


def test_clones_keep_a_snapshot(vpool, disk):
    tools.img('snapshot', '-c', 'one', disk)
    tools.img('snapshot', '-c', 'two', disk)
    vpool.clone('disk', 'two', 'clone')
    with pytest.raises(tools.Failed, match='not empty .it has clones'):
        tools.img('snapshot', '-d', 'two', disk)
    with pytest.raises(tools.Failed, match='a newer one, which would be '
                       'deleted, has clones'):
        tools.img('snapshot', '-a', 'one', disk)
    assert vpool.snapshots('disk') == ['one', 'two']


def test_a_running_vm(monitor, vpool, disk):
    monitor('blockdev-add', driver='raw', node_name='fmt',
            file=vpool.blockdev('disk'))
    monitor('blockdev-snapshot-internal-sync', device='fmt', name='live')
    nodes = monitor('query-named-block-nodes')
    for node in nodes:
        names = [s['name'] for s in node['image'].get('snapshots', [])]
        assert names == ['live']
    gone = monitor('blockdev-snapshot-delete-internal-sync', device='fmt',
                   name='live')
    assert gone['name'] == 'live'
    assert vpool.snapshots('disk') == []


def test_a_vm_state_is_refused(monitor, vpool, disk):
    monitor('blockdev-add', driver='raw', node_name='fmt',
            file=vpool.blockdev('disk'))
    monitor('snapshot-save', job_id='save', tag='state', vmstate='fmt',
            devices=['fmt'])
    with pytest.raises(tools.Failed):
        monitor.finish_job('save')
    assert vpool.snapshots('disk') == []
