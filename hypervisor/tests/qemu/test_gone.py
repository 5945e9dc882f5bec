# SPDX-License-Identifier: Apache-2.0

"""The storagedriver is killed, or hangs: the guest and the monitor."""

import os
import signal

import pytest
import tools

MIB = 1 << 20
NODES = 6
WITHIN = tools.ANSWER_SECONDS


@pytest.fixture
def nodes(monitor, vpool):
    """Several disks, as libvirt makes them; the first has a snapshot."""
    names = ['fmt%d' % number for number in range(NODES)]
    for number, name in enumerate(names):
        vpool.create('disk%d' % number, MIB)
        monitor('blockdev-add', driver='raw', node_name=name,
                file=vpool.blockdev('disk%d' % number))
    monitor('blockdev-snapshot-internal-sync', device=names[0], name='seen')
    monitor('query-named-block-nodes')
    return names


@pytest.fixture
def export(monitor, nodes, folder):
    """The first disk for a client outside, whose requests are a guest's."""
    path = os.path.join(folder, 'nbd')
    monitor('nbd-server-start',
            addr={'type': 'unix', 'data': {'path': path}})
    monitor('block-export-add', type='nbd', id='e', node_name=nodes[0],
            writable=True)
    return 'nbd+unix:///%s?socket=%s' % (nodes[0], path)


def kill(engine):
    engine.kill()


def hang(engine):
    engine.process.send_signal(signal.SIGSTOP)
    # until the last of its threads has stopped, others may answer
    os.waitid(os.P_PID, engine.process.pid, os.WSTOPPED)


def revive(engine):
    if engine.process.returncode is None:
        engine.process.send_signal(signal.SIGCONT)
    else:
        engine.start()


def snapshots_shown(answer):
    return {node['node-name']: [each['name'] for each
                                in node['image'].get('snapshots', [])]
            for node in answer}


@pytest.fixture(params=[kill, hang])
def lost(request, vpool, nodes):
    """A storagedriver that does not answer; it comes back in the end."""
    request.param(vpool.engine)
    yield request.param
    revive(vpool.engine)


def test_the_monitor_answers(monitor, nodes, lost):
    for _ in range(2):
        shown = snapshots_shown(
            monitor('query-named-block-nodes', within=WITHIN))
        assert shown[nodes[0]] == ['seen']      # what was known before
        assert shown[nodes[1]] == []
        monitor('query-block', within=WITHIN)
        monitor('query-blockstats', query_nodes=True, within=WITHIN)
        monitor.human('info block -n -v', within=WITHIN)
        monitor.human('info snapshots', within=WITHIN)
        monitor('query-status', within=WITHIN)


def test_what_needs_the_storagedriver_fails_soon(monitor, vpool, nodes, lost):
    with pytest.raises(tools.Failed, match="volume 'disk0' at 127.0.0.1"):
        monitor('blockdev-add', node_name='new', within=WITHIN,
                **vpool.blockdev('disk0'))
    with pytest.raises(tools.Failed, match='Failed to create snapshot'):
        monitor('blockdev-snapshot-internal-sync', device=nodes[1],
                name='new', within=WITHIN)
    with pytest.raises(tools.Failed):
        monitor('blockdev-reopen', within=WITHIN, options=[
            {'driver': 'raw', 'node-name': nodes[1], 'read-only': True,
             'file': dict(vpool.blockdev('disk1'),
                          **{'read-only': True})}])
    with pytest.raises(tools.Failed, match='Cannot resize volume .disk1. at'):
        monitor('block_resize', node_name=nodes[1], size=2 * MIB,
                within=WITHIN)
    assert snapshots_shown(monitor('query-named-block-nodes', within=WITHIN))
    revive(vpool.engine)
    assert vpool.snapshots('disk1') == []


def test_idle_disks_can_be_removed(monitor, nodes, lost):
    for node in nodes:
        monitor('blockdev-del', node_name=node, within=WITHIN)


def test_the_monitor_answers_while_requests_wait(monitor, vpool, export,
                                                 lost):
    with tools.running('qemu-io', '-f', 'raw', '-c', 'write -P 5 0 64k', '-c',
                       'read -P 5 0 64k', export) as guest:
        tools.wait_until('a request in flight', guest.waits)
        monitor('query-block', within=WITHIN)
        monitor('query-named-block-nodes', within=WITHIN)
        revive(vpool.engine)
        assert 'failed' not in guest.finish()
    assert vpool.read('disk0', 0, 65536) == b'\5' * 65536


def test_a_load_survives_kills(vpool):
    """No error, and every write is there."""
    count, size, kills = 8000, 16384, 4
    location = vpool.create('disk', count * size)
    with tools.running('qemu-img', 'bench', '-f', 'raw', '-w', '--pattern=5',
                       '-c', str(count), '-d', '16', '-s', str(size),
                       location) as bench:
        for number in range(kills):
            vpool.wait_until_stored('disk', number * count // kills * size + 1)
            assert bench.is_running
            vpool.engine.restart(kill=True)
        assert 'completed' in bench.finish()
    assert vpool.read('disk', 0, count * size) == b'\5' * (count * size)


def test_a_load_survives_a_pause(vpool):
    location = vpool.create('disk', 512 * MIB)
    with tools.running('qemu-img', 'bench', '-f', 'raw', '-w', '--pattern=5',
                       '-c', '8000', '-d', '100', '-s', '65536',
                       location) as bench:
        vpool.wait_until_stored('disk', MIB)
        hang(vpool.engine)
        tools.wait_until('the load waits', bench.waits)
        revive(vpool.engine)
        assert 'completed' in bench.finish()


def test_without_ha_an_error_is_reported_at_once(monitor, vpool):
    vpool.create('disk', MIB)
    monitor('blockdev-add', node_name='n',
            **vpool.blockdev('disk', **{'enable-ha': False}))
    kill(vpool.engine)
    # the monitor shows no errors of qemu-io but on QEMU's own stdout
    monitor.human('qemu-io n "read 0 4k"', within=tools.SECONDS)
    tools.wait_until('an error', lambda: 'Input/output error' in
                     monitor.said())
    revive(vpool.engine)
