# SPDX-License-Identifier: Apache-2.0

"""libvirt changes the disks of running domains, on a real vPool."""

import os
import subprocess
import uuid

import pytest

import guests
from guests import scsi_disk
from hypervisor.selftest import libvirtd

MIB = 1 << 20
PASSPHRASE = 'correct horse battery staple'


@pytest.fixture
def volume(vpool):
    return vpool.create('volume-%s' % uuid.uuid4())


@pytest.fixture
def other_volume(vpool):
    return vpool.create('volume-%s' % uuid.uuid4())


@pytest.fixture
def running(guest, vpool, volume):
    """A domain whose only disk is the volume."""
    guest.create(scsi_disk(vpool.source(volume)))
    return guest


def test_its_blocks_are_those_of_the_volume(running, vpool, volume):
    assert not vpool.has(volume, 0x5a, '4k')
    running.write(0x5a, '4k')
    assert vpool.has(volume, 0x5a, '4k')
    running.destroy()
    assert vpool.has(volume, 0x5a, '4k')


def nodes(running):
    """Return {name: node} of the block layer, without filters of jobs."""
    return {node['node-name']: node for node in
            running.qmp('query-named-block-nodes', flat=True)}


def test_information_on_a_disk(running, volume, has_raw_node):
    source = running.disk().find('source')
    assert source.get('protocol') == 'openvstorage'
    assert source.get('name') == volume
    assert 'Capacity:       %d' % (16 * MIB) in running.virsh('domblkinfo',
                                                              'sda')
    running.write(1, 0)
    assert 'sda wr_bytes' in running.virsh('domblkstat', 'sda')
    drivers = [node['drv'] for node in nodes(running).values()]
    assert sorted(drivers) == ['openvstorage', *['raw'] * has_raw_node]


def test_attach_and_detach(running, vpool, other_volume):
    disk = scsi_disk(vpool.source(other_volume), 'sdb', 1)
    before = nodes(running)
    running.attach(disk)
    assert running.targets() == ['sda', 'sdb']
    running.write(0x11, 0, disk=1)
    running.virsh('detach-disk', 'sdb', '--live')
    assert running.targets() == ['sda']
    assert nodes(running).keys() == before.keys()
    assert vpool.has(other_volume, 0x11, 0)
    running.attach(disk)
    running.write(0x12, 0, disk=1)
    assert vpool.has(other_volume, 0x12, 0)


def test_attach_without_xml(running, vpool, other_volume):
    running.virsh('attach-disk', '--live', '--source', other_volume,
                  '--source-protocol', 'openvstorage', '--source-host-name',
                  '%s:%d' % (vpool.host, vpool.port), '--subdriver', 'raw',
                  '--target', 'sdb', '--targetbus', 'scsi')
    running.write(0x13, 0, disk=1)
    assert vpool.has(other_volume, 0x13, 0)


def test_a_missing_volume_is_not_attached(running, vpool):
    missing = 'volume-%s' % uuid.uuid4()
    before = nodes(running)
    with pytest.raises(libvirtd.Failure) as refusal:
        running.attach(scsi_disk(vpool.source(missing), 'sdb', 1))
    assert missing in str(refusal.value)
    assert running.targets() == ['sda']
    assert nodes(running).keys() == before.keys()


def test_a_second_host_is_not_attached(running, vpool, other_volume):
    with pytest.raises(libvirtd.Failure,
                       match='accepts only one host'):
        running.attach(scsi_disk(vpool.source(
            other_volume, "<host name='127.0.0.2'/>"), 'sdb', 1))
    assert running.targets() == ['sda']


def test_a_vpool_that_is_down_is_named(guest, vpool, volume):
    source = vpool.source(volume).replace("port='%d'" % vpool.port,
                                          "port='9'")
    with pytest.raises(libvirtd.Failure) as refusal:
        guest.create(scsi_disk(source))
    assert '127.0.0.1' in str(refusal.value), refusal.value
    assert guest.daemon.virsh('list', '--all', '--name') == ''


def test_grow(running, vpool, volume):
    running.virsh('blockresize', 'sda', '32M')
    assert 'Capacity:       %d' % (32 * MIB) in running.virsh('domblkinfo',
                                                              'sda')
    assert vpool.size(volume) == 32 * MIB
    running.write(0x22, '31M')
    assert vpool.has(volume, 0x22, '31M')
    with pytest.raises(libvirtd.Failure):
        running.virsh('blockresize', 'sda', '16M')
    assert vpool.size(volume) == 32 * MIB


def test_read_only(guest, vpool, volume):
    disk = scsi_disk(vpool.source(volume)).replace('</disk>',
                                                   '<readonly/></disk>')
    guest.create(disk)
    device, = guest.qmp('query-block')
    assert device['inserted']['ro'] is True
    guest.write(0x23, 0)
    assert vpool.has(volume, 0, 0)


def test_zeroes_and_discard(guest, vpool, volume):
    """The vPool has no discard: what is there stays, and nothing fails."""
    guest.create(scsi_disk(
        vpool.source(volume), driver="type='raw' cache='none' "
        "discard='unmap' detect_zeroes='unmap'"))
    device, = guest.qmp('query-block')
    assert device['inserted']['detect_zeroes'] == 'unmap'
    guest.write(0x24, 0, '1M')
    guest.write(0, '64k')
    guest.io('discard 128k 64k')
    assert vpool.has(volume, 0x24, 0)
    assert vpool.has(volume, 0, '64k')
    assert vpool.has(volume, 0x24, '128k')
    assert vpool.has(volume, 0x24, '192k')


@pytest.mark.parametrize('cache, direct, writeback', [
    ('none', True, True), ('writeback', False, True),
    ('writethrough', False, False), ('directsync', True, False)])
def test_cache(guest, vpool, volume, cache, direct, writeback):
    guest.create(scsi_disk(vpool.source(volume),
                           driver="type='raw' cache='%s'" % cache))
    device, = guest.qmp('query-block')
    assert device['inserted']['cache']['direct'] is direct
    assert device['inserted']['cache']['writeback'] is writeback
    guest.write(0x25, 0)
    assert vpool.has(volume, 0x25, 0)


def snapshot(running, folder, name='overlay.qcow2'):
    """Put an image on the disk; return its path."""
    overlay = folder / name
    running.virsh('snapshot-create-as', 'external', '--disk-only',
                  '--no-metadata', '--diskspec',
                  'sda,snapshot=external,file=%s' % overlay)
    return overlay


def test_external_snapshot_and_pivot(running, vpool, volume, tmp_path):
    running.write(0x33, 0)
    overlay = snapshot(running, tmp_path)
    assert vpool.location(volume) in vpool.qemu_img('info', '-U', overlay)
    backing = running.disk().find('backingStore/source')
    assert backing.get('protocol') == 'openvstorage'
    running.write(0x44, '1M')
    assert vpool.image_has('qcow2', overlay, 0x33, 0)
    assert vpool.image_has('qcow2', overlay, 0x44, '1M')
    assert vpool.has(volume, 0, '1M')
    # libvirtd reads its own notes of the chain
    running.daemon.stop()
    running.daemon.start()
    running.virsh('blockcommit', 'sda', '--active', '--pivot', '--verbose')
    assert running.disk().find('source').get('name') == volume
    assert running.disk().find('backingStore/source') is None
    assert vpool.has(volume, 0x33, 0)
    assert vpool.has(volume, 0x44, '1M')
    running.write(0x45, '1M')
    assert vpool.has(volume, 0x45, '1M')


def test_commit_of_an_image_in_the_middle(running, vpool, volume, tmp_path):
    lower = snapshot(running, tmp_path, 'lower.qcow2')
    running.write(0x46, '1M')
    upper = snapshot(running, tmp_path, 'upper.qcow2')
    running.write(0x47, '2M')
    running.virsh('blockcommit', 'sda', '--top', lower, '--wait')
    assert vpool.has(volume, 0x46, '1M')
    assert vpool.has(volume, 0, '2M')
    assert running.disk().find('backingStore/source').get('name') == volume
    assert vpool.location(volume) in vpool.qemu_img('info', '-U', upper)


def test_libvirt_finds_the_volume_below_an_image(running, guest, tmp_path,
                                                 vpool, volume):
    overlay = snapshot(running, tmp_path)
    running.destroy()
    guest.create('''
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/>
  <source file='%s'/>
  <target dev='sda' bus='scsi'/>
</disk>''' % overlay)
    backing = guest.disk().find('backingStore/source')
    assert backing.get('name') == volume
    assert backing.find('host').get('port') == str(vpool.port)


def copy(running, source, *options):
    running.virsh('blockcopy', 'sda', '--xml', running.file('target.xml', '''
<disk type='network'>
  <driver type='raw'/>%s
</disk>''' % source), '--wait', '--pivot', *options)


def test_copy_to_another_volume(running, vpool, volume, other_volume):
    running.write(0x55, '2M')
    copy(running, vpool.source(other_volume), '--reuse-external')
    assert running.disk().find('source').get('name') == other_volume
    assert vpool.has(other_volume, 0x55, '2M')
    running.write(0x56, '2M')
    assert vpool.has(other_volume, 0x56, '2M')
    assert vpool.has(volume, 0x55, '2M')


def test_copy_to_a_new_volume(running, vpool):
    running.write(0x57, '2M')
    name = 'volume-%s' % uuid.uuid4()
    copy(running, vpool.source(name))
    assert vpool.size(name) == 16 * MIB
    assert vpool.has(name, 0x57, '2M')


def test_copy_that_is_given_up(running, vpool, volume, other_volume):
    before = nodes(running)
    running.virsh('blockcopy', 'sda', '--xml', running.file('target.xml', '''
<disk type='network'>
  <driver type='raw'/>%s
</disk>''' % vpool.source(other_volume)), '--wait', '--reuse-external')
    running.virsh('blockjob', 'sda', '--abort')
    assert running.disk().find('source').get('name') == volume
    assert nodes(running).keys() == before.keys()
    running.write(0x58, 0)
    assert vpool.has(volume, 0x58, 0)
    assert vpool.has(other_volume, 0, 0)


def test_grow_after_a_copy(running, vpool, other_volume):
    """The node that is resized is the one that the copy has put there."""
    copy(running, vpool.source(other_volume), '--reuse-external')
    running.virsh('blockresize', 'sda', '32M')
    assert vpool.size(other_volume) == 32 * MIB
    running.write(0x59, '31M')
    assert vpool.has(other_volume, 0x59, '31M')


def test_backup(running, vpool, tmp_path):
    running.write(0x66, 0)
    copy = tmp_path / 'backup.raw'
    running.virsh('backup-begin', running.file('backup.xml', '''
<domainbackup mode='push'>
  <disks>
    <disk name='sda' type='file'>
      <driver type='raw'/>
      <target file='%s'/>
    </disk>
  </disks>
</domainbackup>''' % copy))
    running.wait_for_jobs()
    assert copy.read_bytes()[:65536] == b'\x66' * 65536


def test_no_internal_snapshot(running):
    with pytest.raises(libvirtd.Failure,
                       match='internal snapshot for disk sda unsupported'):
        running.virsh('snapshot-create-as', 'internal')
    assert running.virsh('snapshot-list', '--name') == ''


def test_no_checkpoint(running):
    with pytest.raises(libvirtd.Failure, match='sda'):
        running.virsh('checkpoint-create-as', 'first')


def test_no_image_on_a_new_volume(running, vpool):
    """It would outgrow the volume, and the guest would see an I/O error."""
    name = 'volume-%s' % uuid.uuid4()
    request = running.file('snapshot.xml', '''
<domainsnapshot>
  <disks>
    <disk name='sda' type='network'>
      <driver type='qcow2'/>%s
    </disk>
  </disks>
</domainsnapshot>''' % vpool.source(name))
    before = nodes(running)
    with pytest.raises(libvirtd.Failure, match="'openvstorage' volumes don't "
                       "grow with an image of format 'qcow2'"):
        running.virsh('snapshot-create', request, '--disk-only',
                      '--no-metadata')
    assert nodes(running).keys() == before.keys()
    with pytest.raises(guests.Failure, match='No such file or directory'):
        vpool.size(name)


@pytest.fixture(scope='module')
def luks_key(tmp_path_factory):
    key = tmp_path_factory.mktemp('key') / 'passphrase'
    key.write_text(PASSPHRASE)
    return key


@pytest.fixture(scope='module')
def luks_volume(vpool, luks_key):
    """An encrypted volume of 8 MiB."""
    for last in (False,) * 9 + (True,):
        name = 'volume-%s' % uuid.uuid4()
        try:
            vpool.qemu_img(
                'create', '-f', 'luks', '--object',
                'secret,id=key,file=%s' % luks_key, '-o',
                'key-secret=key,iter-time=10', vpool.location(name), '8M')
            return name
        except guests.Failure as error:
            # QEMU measures this and gives up when it took no time at all
            if last or 'accurate CPU usage' not in str(error):
                raise


@pytest.fixture
def luks_disk(daemon, vpool, luks_volume, tmp_path):
    """Return a function: the disk that a passphrase opens."""
    secret = str(uuid.uuid4())
    files = [tmp_path / name for name in ('secret.xml', 'passphrase')]
    files[0].write_text("<secret ephemeral='yes' private='yes'>"
                        "<uuid>%s</uuid></secret>" % secret)

    def disk(passphrase):
        files[1].write_text(passphrase)
        daemon.virsh('secret-define', files[0])
        daemon.virsh('secret-set-value', secret, '--plain', '--file',
                     files[1])
        return scsi_disk(vpool.source(
            luks_volume, "<encryption format='luks'>"
            "<secret type='passphrase' uuid='%s'/></encryption>" % secret),
            'sdb', 1)
    yield disk
    daemon.virsh('secret-undefine', secret)


def test_encrypted(running, vpool, luks_volume, luks_key, luks_disk):
    running.attach(luks_disk(PASSPHRASE))
    assert 'Capacity:       %d' % (8 * MIB) in running.virsh('domblkinfo',
                                                             'sdb')
    running.write(0x77, 0, disk=1)
    assert vpool.encrypted_has(luks_volume, luks_key, 0x77, 0)
    assert not vpool.encrypted_has(luks_volume, luks_key, 0x77, '1M')
    running.virsh('blockresize', 'sdb', '12M')
    before = running.secrets()
    running.virsh('detach-disk', 'sdb', '--live')
    assert running.secrets() < before


def test_encrypted_with_another_passphrase(running, luks_disk):
    with pytest.raises(libvirtd.Failure, match='Invalid password'):
        running.attach(luks_disk('wrong'))
    assert running.targets() == ['sda']


def test_change_of_a_medium(guest, vpool, volume, other_volume):
    def medium(name):
        return '''
<disk type='network' device='cdrom'>
  <driver name='qemu' type='raw'/>%s
  <target dev='sda' bus='sata'/>
  <readonly/>
</disk>''' % vpool.source(name)
    guest.create(medium(volume))
    guest.virsh('update-device', guest.file('disk.xml', medium(other_volume)),
                '--live')
    assert guest.disk().find('source').get('name') == other_volume


def test_migration(running, daemon, prefix, vpool, volume, tmp_path,
                   tmp_path_factory):
    folder = tmp_path_factory.mktemp('other-host')
    running.virsh('resume')
    running.write(0x88, 0)
    with libvirtd.PrivateLibvirtd(prefix, folder) as other:
        running.virsh('migrate', other.uri, '--live', '--p2p',
                      '--migrateuri', 'unix://%s' % (tmp_path / 'migration'))
        assert other.virsh('list', '--name') == running.name
        assert daemon.virsh('list', '--name') == ''
        running.daemon = other
        assert vpool.has(volume, 0x88, 0)
        running.write(0x89, 0)
        assert vpool.has(volume, 0x89, 0)
        running.destroy()
        running.daemon = daemon


def test_the_distributions_virsh_talks_to_it(daemon, running, volume):
    stock = '/usr/bin/virsh'
    if not os.access(stock, os.X_OK):
        pytest.skip('there is no %s' % stock)
    done = subprocess.run(
        [stock, '--connect', daemon.uri, 'domblklist', running.name],
        capture_output=True, text=True, timeout=60)
    assert volume in done.stdout, done.stderr
