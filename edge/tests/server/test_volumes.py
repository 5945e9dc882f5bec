# SPDX-License-Identifier: Apache-2.0

"""Volumes: the product's rules over the wire."""

import errno
import uuid

import pytest

from support import engine as engines
from support import wire

MIB = 1 << 20
TIB = 1 << 40


def refused(number, reason, call, *args):
    with pytest.raises(wire.Refused) as caught:
        call(*args)
    assert (caught.value.errno, caught.value.reason) == (number, reason)
    assert caught.value.text


def test_hello(control):
    hello = control.hello()
    assert hello.version == 1
    with open('/proc/sys/kernel/random/boot_id') as boot_id:
        assert hello.boot_id == boot_id.read().strip()
    assert hello.largest_volume == 64 * TIB
    assert control.hello()[:5] == hello[:5]


def test_create_and_info(control):
    made = control.create('v', 10 * MIB + 1, owner='node1')
    assert made.size == 10 * MIB + 4096
    assert (made.name, made.owner, made.template) == ('v', 'node1', 0)
    assert made.parent_id == wire.NO_ID
    assert made.stored == made.snapshots == made.clones == 0
    assert control.info('v') == control.info(made.id) == made
    assert control.stat('v') == (made.size, 0)


def test_create_errors(control):
    control.create('v', MIB)
    refused(errno.EEXIST, 4, control.create, 'v', MIB)
    refused(errno.EFBIG, 2, control.create, 'big', 64 * TIB + 1)
    assert control.create('biggest', 64 * TIB).size == 64 * TIB
    assert control.create('empty', 0).size == 0
    for name in ('', 'a/b', 'a\nb', '\x7f', '.', '..', 'x' * 255):
        refused(errno.EINVAL, 2, control.create, name, MIB)
    refused(errno.EINVAL, 2, control.create, 'w', MIB, wire.NO_ID, 'a/b')
    longest = 'ü' * 127
    assert control.create(longest, MIB).name == longest


def test_create_again_with_its_id_succeeds(control):
    mine = uuid.uuid4()
    first = control.create('v', MIB, mine)
    assert first.id == mine
    assert control.create('v', MIB, mine) == first
    refused(errno.EEXIST, 4, control.create, 'w', MIB, mine)
    refused(errno.EEXIST, 4, control.create, 'v', MIB, uuid.uuid4())


def test_remove(control, engine):
    control.create('v', MIB)
    with engine.open('v') as disk:
        disk.write(0, b'x' * 4096)
        control.remove('v')
        for access in (lambda: disk.read(0, 1), lambda: disk.write(0, b'x'),
                       disk.flush):
            with pytest.raises(wire.NBDError) as caught:
                access()
            assert caught.value.errno == errno.EIO
    refused(errno.ENOENT, 1, control.remove, 'v')
    refused(errno.ENOENT, 1, control.info, 'v')
    assert control.create('v', MIB)
    with engine.open('v') as disk:
        assert disk.read(0, 4096) == bytes(4096)


def test_truncate_is_seen_by_open_connections(control, engine):
    control.create('v', MIB)
    with engine.open('v') as disk:
        with pytest.raises(wire.NBDError) as caught:
            disk.write(MIB, b'x')
        assert caught.value.errno == errno.ENOSPC
        with pytest.raises(wire.NBDError) as caught:
            disk.read(MIB - 1, 2)
        assert caught.value.errno == errno.EINVAL
        assert control.truncate('v', 2 * MIB - 7) == 2 * MIB
        disk.write(MIB, b'x')
        assert disk.read(MIB - 1, 3) == b'\0x\0'
    assert control.truncate('v', 2 * MIB) == 2 * MIB
    refused(errno.EPERM, 2, control.truncate, 'v', MIB)
    refused(errno.EFBIG, 2, control.truncate, 'v', 64 * TIB + 1)
    refused(errno.ENOENT, 1, control.truncate, 'w', MIB)


def test_list_in_pages(control):
    names = sorted('v%03d' % i for i in range(25))
    for name in reversed(names):
        control.create(name, MIB)
    assert [entry.name for entry in control.list()] == names
    page, more = control.list_page('v004', 10)
    assert [entry.name for entry in page] == names[5:15] and more
    page, more = control.list_page('v014', 10)
    assert [entry.name for entry in page] == names[15:] and not more
    assert control.export_names() == names
    assert control.store_stat().volumes == 25


def test_snapshot_rules(control):
    control.create('v', MIB)
    refused(errno.ENOENT, 1, control.snapshot, 'w', 's')
    refused(errno.EINVAL, 2, control.snapshot, 'v', 'a/b')
    refused(errno.E2BIG, 2, control.snapshot, 'v', 's', wire.NO_ID,
            bytes(16385))
    mine = uuid.uuid4()
    made = control.snapshot('v', 's1', mine, b'meta\0data')
    assert (made.id, made.size, made.metadata) == (mine, MIB, b'meta\0data')
    assert control.snapshot('v', 's1', mine).id == mine
    refused(errno.EEXIST, 8, control.snapshot, 'v', 's1')
    control.wait_synced('v', 's1')
    refused(errno.EEXIST, 2, control.snapshot, 'v', 'another name', mine)
    control.truncate('v', 2 * MIB)
    control.snapshot('v', 's2')
    size, snapshots = control.snapshots('v')
    assert size == 2 * MIB
    assert [(s.name, s.size) for s in snapshots] == [
        ('s1', MIB), ('s2', 2 * MIB)]
    assert snapshots[0].created < snapshots[1].created
    refused(errno.ENOENT, 3, control.snapshot_info, 'v', 'x')
    refused(errno.ENOENT, 3, control.snapshot_remove, 'v', 'x')
    refused(errno.ENOENT, 3, control.synced, 'v', 'x')
    refused(errno.EIO, 3, control.rollback, 'v', 'x')
    refused(errno.ENOENT, 1, control.rollback, 'x', 'x')
    control.snapshot_remove('v', 's1')
    assert [s.name for s in control.snapshots('v')[1]] == ['s2']
    assert control.info('v').snapshots == 1


def test_rollback_deletes_newer_snapshots(control, engine):
    control.create('v', MIB)
    with engine.open('v') as disk:
        for number in range(4):
            disk.write(0, bytes([number]) * 100000)
            control.snapshot('v', 's%d' % number)
            control.wait_synced('v', 's%d' % number)
        disk.write(5, b'new')
        control.truncate('v', 2 * MIB)
        disk.write(MIB, b'grown')
        control.rollback('v', 's1')
        assert disk.read(0, 100000) == b'\x01' * 100000
        assert control.stat('v')[0] == 2 * MIB
        assert disk.read(MIB, 5) == bytes(5)
        disk.write(1, b'again')
        control.rollback('v', 's1')
        assert disk.read(0, 100000) == b'\x01' * 100000
    assert [s.name for s in control.snapshots('v')[1]] == ['s0', 's1']


def test_clones(control, engine):
    control.create('v', MIB)
    with engine.open('v') as disk:
        disk.write(0, b'a' * 70000)
        control.snapshot('v', 's1')
        disk.write(0, b'b' * 70000)
    refused(errno.ENOENT, 3, control.clone, 'v', 'x', 'c')
    refused(errno.ENOENT, 1, control.clone, 'x', 'x', 'c')
    refused(errno.EPERM, 2, control.clone, 'v', '', 'c')
    refused(errno.EEXIST, 4, control.clone, 'v', 's1', 'v')
    refused(errno.EINVAL, 2, control.clone, 'v', 's1', 'a/b')
    mine = uuid.uuid4()
    made = control.clone('v', 's1', 'c', mine, 'node2')
    assert (made.id, made.size, made.owner) == (mine, MIB, 'node2')
    assert made.parent_id == control.info('v').id
    assert made.parent_snapshot == 's1'
    assert control.clone('v', 's1', 'c', mine) == made
    assert control.info('v').clones == 1
    assert control.snapshot_info('v', 's1').clones == 1
    with engine.open('c') as disk:
        assert disk.read(0, 70000) == b'a' * 70000
        disk.write(65530, b'clone')
        assert disk.read(65500, 60) == b'a' * 30 + b'clone' + b'a' * 25
    refused(errno.ENOTEMPTY, 7, control.remove, 'v')
    refused(errno.ENOTEMPTY, 7, control.snapshot_remove, 'v', 's1')
    control.wait_synced('v', 's1')
    control.snapshot('v', 's2')
    control.wait_synced('v', 's2')
    control.clone('v', 's2', 'd')
    refused(errno.ENOTEMPTY, 7, control.rollback, 'v', 's1')
    control.rollback('v', 's2')
    control.remove('d')
    control.rollback('v', 's1')
    with engine.open('v') as disk:
        assert disk.read(0, 70000) == b'a' * 70000
    control.remove('c')
    control.remove('v')


def test_template(control, engine):
    control.create('t', MIB)
    with engine.open('t') as disk:
        disk.write(10, b'template')
        control.set_template('t')
        for access in (lambda: disk.write(0, b'x'), lambda: disk.trim(0, 9),
                       lambda: disk.zero(0, 9)):
            with pytest.raises(wire.NBDError) as caught:
                access()
            assert caught.value.errno == errno.EPERM
        disk.flush()
    control.set_template('t')
    with engine.open('t') as disk:
        assert disk.flags & 2
    assert control.info('t').template == 1
    refused(errno.EPERM, 2, control.truncate, 't', 2 * MIB)
    refused(errno.EPERM, 2, control.snapshot, 't', 's')
    refused(errno.EPERM, 2, control.rollback, 't', 's')
    made = control.clone('t', '', 'c')
    assert (made.parent_id, made.parent_snapshot) == (
        control.info('t').id, '')
    refused(errno.ENOTEMPTY, 7, control.remove, 't')
    with engine.open('c') as disk:
        assert disk.read(10, 8) == b'template'
        disk.write(0, b'x')


def test_owner(control):
    control.create('v', MIB, owner='a')
    control.set_owner('v', 'b')
    assert control.info('v').owner == 'b'
    refused(errno.EINVAL, 2, control.set_owner, 'v', 'a/b')


def test_everything_is_there_after_a_restart(engine):
    with engine.options() as control:
        control.create('v', MIB, owner='n')
        control.snapshot('v', 's1', metadata=b'm')
        control.wait_synced('v', 's1')
        control.clone('v', 's1', 'c')
        control.clone('v', 's1', 'a-clone-before-its-parent')
        control.snapshot('v', 's2')
        control.wait_synced('v', 's2')
        control.create('t', MIB)
        control.set_template('t')
        control.truncate('c', 3 * MIB)
        before = [control.info(entry.id) for entry in control.list()]
        snapshots = control.snapshots('v')
        hello = control.hello()
    for kill in (False, True):
        engine.restart(kill=kill)
        with engine.options() as control:
            after = [control.info(entry.id) for entry in control.list()]
            assert after == before
            assert control.snapshots('v') == snapshots
            assert control.snapshot_info('v', 's1').metadata == b'm'
            again = control.hello()
            assert again.store_id == hello.store_id
            assert again.boot_id == hello.boot_id
            assert again.instance != hello.instance


def test_space_comes_back(control, engine, data):
    control.create('v', 64 * MIB)
    with engine.open('v') as disk:
        disk.write(0, b'x' * (16 * MIB))
        disk.flush()
    assert control.info('v').stored >= 16 * MIB
    control.snapshot('v', 's')
    control.wait_synced('v', 's')
    assert control.snapshot_info('v', 's').stored >= 16 * MIB
    with engine.open('v') as disk:
        disk.write(0, b'y' * (16 * MIB))
        disk.flush()
        assert control.info('v').stored >= 32 * MIB
        control.snapshot_remove('v', 's')
        engines.poll('the merge to free the old data',
                     lambda: control.info('v').stored < 17 * MIB)
        assert disk.read(0, 16 * MIB) == b'y' * (16 * MIB)
        disk.trim(0, 16 * MIB)
        assert disk.read(MIB, 4096) == bytes(4096)
        assert control.info('v').stored < MIB


def test_malformed_requests_leave_the_connection_usable(control):
    for request in (b'', b'\0', b'\0\x63', b'\0\x01', b'\0\x1e\0',
                    b'\0\x0d\x02', b'\0\x0d\0\0\x09v'):
        control.send(wire.OPT_OVS, request)
        option, kind, answer = control.reply()
        assert (option, kind) == (wire.OPT_OVS, wire.OPT_OVS)
        assert wire.Fields(answer).number('I') == errno.EPROTO
    assert control.hello()
