# SPDX-License-Identifier: Apache-2.0

"""Domains with disks of an Open vStorage vPool, as libvirt takes them."""

import json
import os
import shlex
from xml.etree import ElementTree

import pytest

import documents
from hypervisor.selftest import libvirtd

NAME = 'openvstorage-document'
SECRET = '''
<secret ephemeral='yes' private='yes'>
  <uuid>%s</uuid>
</secret>''' % documents.LUKS_SECRET


@pytest.fixture(scope='module', autouse=True)
def luks_secret(daemon, tmp_path_factory):
    path = tmp_path_factory.mktemp('secret') / 'secret.xml'
    path.write_text(SECRET)
    daemon.virsh('secret-define', path)
    daemon.virsh('secret-set-value', documents.LUKS_SECRET, '--base64',
                 'b3BlbnZzdG9yYWdl')


@pytest.fixture
def document(prefix, daemon, tmp_path):
    """Return a function: the path of a domain's XML that has a disk."""
    def write(disk):
        path = tmp_path / 'domain.xml'
        path.write_text(documents.domain(
            NAME, os.path.join(prefix, 'bin', 'qemu-system-x86_64'), disk))
        return path
    yield write
    if daemon.virsh('list', '--all', '--name'):
        daemon.virsh('undefine', NAME)


def canonical(disk):
    """Return a disk's XML in one form, without the address in the guest."""
    for address in disk.findall('address'):
        disk.remove(address)
    return ElementTree.canonicalize(ElementTree.tostring(disk),
                                    strip_text=True)


def shown_disk(daemon):
    domain = ElementTree.fromstring(daemon.virsh('dumpxml', NAME))
    return canonical(domain.find('devices/disk'))


def blockdevs(daemon):
    """Return the options of the nodes that QEMU would be started with."""
    words = shlex.split(daemon.virsh('domxml-to-native', 'qemu-argv',
                                     '--domain', NAME))
    return [json.loads(value) for option, value in zip(words, words[1:])
            if option == '-blockdev']


def rows(table):
    return pytest.mark.parametrize('row', table,
                                   ids=[row.what for row in table])


@rows(documents.ACCEPTED)
def test_accepted(daemon, document, row, has_raw_node):
    daemon.virsh('define', '--validate', document(row.disk))
    back = canonical(ElementTree.fromstring(row.back or row.disk))
    assert shown_disk(daemon) == back
    assert blockdevs(daemon) == row.nodes(has_raw_node)


@rows(documents.ACCEPTED)
def test_what_is_shown_can_be_defined_again(daemon, document, tmp_path, row):
    daemon.virsh('define', '--validate', document(row.disk))
    shown, nodes = shown_disk(daemon), blockdevs(daemon)
    again = tmp_path / 'again.xml'
    again.write_text(daemon.virsh('dumpxml', NAME))
    daemon.virsh('define', '--validate', again)
    assert (shown_disk(daemon), blockdevs(daemon)) == (shown, nodes)


@rows(documents.REFUSED)
def test_refused(daemon, document, row):
    path = document(row.disk)
    with pytest.raises(libvirtd.Failure) as refusal:
        daemon.virsh('define', path)
    assert row.message in str(refusal.value)
    with pytest.raises(libvirtd.Failure) as refusal:
        daemon.virsh('define', '--validate', path)
    assert ('failed to validate against schema' in str(refusal.value)
            ) == row.schema, refusal.value
    assert daemon.virsh('list', '--all', '--name') == ''


@rows(documents.REFUSED_BY_SCHEMA)
def test_refused_by_the_schema(daemon, document, row):
    path = document(row.disk)
    with pytest.raises(libvirtd.Failure,
                       match='failed to validate against schema'):
        daemon.virsh('define', '--validate', path)
    assert daemon.virsh('list', '--all', '--name') == ''
    daemon.virsh('define', path)
    assert shown_disk(daemon) == canonical(ElementTree.fromstring(row.back))


def test_a_volume_below_an_image(daemon, document, has_raw_node):
    daemon.virsh('define', '--validate', document('''
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/>
  <source file='/var/lib/libvirt/images/overlay.qcow2'/>
  <backingStore type='network'>
    <format type='raw'/>
    <source protocol='openvstorage' name='volume-1' snapshot-timeout='30'>
      <host name='node1.example.com'/>
    </source>
    <backingStore/>
  </backingStore>
  <target dev='vda' bus='virtio'/>
</disk>'''))
    *volume, _, image = blockdevs(daemon)
    assert [node['driver'] for node in volume] == [
        'openvstorage', *['raw'] * has_raw_node]
    assert documents.node(port=21321, snapshot_timeout=30,
                          node_name='libvirt-2-storage').items() <= dict(
        {'auto-read-only': True, 'discard': 'unmap'}, **volume[0]).items()
    assert volume[-1]['read-only'] is True
    assert (image['driver'], image['backing']) == ('qcow2',
                                                   volume[-1]['node-name'])


def test_a_qemu_without_the_driver_is_named(daemon, document):
    stock = '/usr/bin/qemu-system-x86_64'
    if not os.access(stock, os.X_OK):
        pytest.skip('there is no %s' % stock)
    path = document(documents.ACCEPTED[0].disk)
    text = path.read_text()
    emulator = ElementTree.fromstring(text).findtext('devices/emulator')
    path.write_text(text.replace(emulator, stock))
    with pytest.raises(libvirtd.Failure) as refusal:
        daemon.virsh('define', '--validate', path)
    assert ("'openvstorage' protocol is not supported with this QEMU binary"
            in str(refusal.value))


@pytest.mark.parametrize('kind, options', [
    ('internal', []),
    ('external', ['--disk-only', '--diskspec',
                  'vda,snapshot=external,file=/nonexistent/overlay.qcow2'])])
def test_no_snapshot_of_a_domain_that_is_off(daemon, document, kind, options):
    daemon.virsh('define', '--validate', document(documents.ACCEPTED[0].disk))
    with pytest.raises(libvirtd.Failure) as refusal:
        daemon.virsh('snapshot-create-as', NAME, 'first', *options)
    assert ("%s inactive snapshots are not supported on 'network' disks using "
            "'openvstorage' protocol" % kind) in str(refusal.value)
    assert daemon.virsh('snapshot-list', NAME, '--name') == ''
