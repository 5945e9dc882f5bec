# SPDX-License-Identifier: Apache-2.0

"""A table of disks of an Open vStorage vPool and of libvirt's answers.

A row is a <disk> as a user writes it and either what comes of it or why it is
refused. :mod:`test_domain_xml` puts each into a domain and tries it.
"""

import typing

LUKS_SECRET = '0a81f5b2-8403-4b23-88d6-21ccc2f80d6f'

DOMAIN = '''
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <devices>
    <emulator>{emulator}</emulator>
    <controller type='scsi' model='virtio-scsi'/>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
{devices}
  </devices>
</domain>
'''


def domain(name, emulator, *devices):
    return DOMAIN.format(name=name, emulator=emulator,
                         devices='\n'.join(devices))


class Accepted(typing.NamedTuple):
    """A disk that is taken.

    :param back: the disk that libvirt shows then, but for its address
        (default: what was given)
    :param protocol: the options of QEMU's node for the volume
    :param layer: the options of the node above it
    """
    what: str
    disk: str
    protocol: dict
    layer: dict = {'driver': 'raw'}
    back: str = None

    def nodes(self, has_raw_node):
        """Return the options of the nodes that QEMU is started with.

        :param has_raw_node: no: options of a plain raw layer go to the volume
        """
        volume = dict(self.protocol, **{'node-name': 'libvirt-1-storage'})
        layer = dict({'read-only': False}, **self.layer)
        if has_raw_node or layer['driver'] != 'raw' or 'offset' in layer:
            is_slice = not has_raw_node and 'offset' in layer
            return [volume, dict(layer, **{
                'node-name': 'libvirt-1-slice-sto' if is_slice
                             else 'libvirt-1-format',
                'file': 'libvirt-1-storage'})]
        del volume['auto-read-only'], volume['discard'], layer['driver']
        return [dict(volume, **layer)]


class Refused(typing.NamedTuple):
    """A disk that is not taken, even if it is not validated.

    :param message: a part of libvirt's message
    :param schema: whether the schema refuses it already
    """
    what: str
    disk: str
    message: str
    schema: bool = True


class RefusedBySchema(typing.NamedTuple):
    """A disk with something that libvirt does not know: the schema refuses it.

    Without validation libvirt drops it, as it does everywhere.
    """
    what: str
    disk: str
    back: str


def node(transport='tcp', host='node1.example.com', port=26203,
         volume='volume-1', **more):
    """Return the options of QEMU's node for a volume, as libvirt gives them.

    In the names of MORE an underscore stands for a hyphen.
    """
    options = {'driver': 'openvstorage', 'transport': transport,
               'volume': volume, 'auto-read-only': True, 'discard': 'unmap'}
    if transport != 'shm':
        options.update(host=host, port=port)
    options.update((name.replace('_', '-'), value)
                   for name, value in more.items())
    return options


def disk(source, target="<target dev='vda' bus='virtio'/>", device='disk',
         driver="<driver name='qemu' type='raw'/>", more=''):
    return '''
<disk type='network' device='%s'>
  %s
  %s
  %s
  %s
</disk>''' % (device, driver, source, target, more)


HOST = "<host name='node1.example.com' port='26203'/>"
VOLUME = "<source protocol='openvstorage' name='volume-1'>%s</source>"
NAMED = "<source protocol='openvstorage' name='%s'>" + HOST + "</source>"
SATA = "<target dev='sda' bus='sata'/>"

NO_CACHE = {'direct': True, 'no-flush': False}

ACCEPTED = [
    Accepted(
        'as Nova writes it', '''
<disk type='network' device='disk'>
  <driver name='qemu' type='raw' cache='none' discard='unmap'/>
  <source protocol='openvstorage' name='volume-1' snapshot-timeout='120'>
    <host name='node1.example.com' port='26203' transport='tcp'/>
  </source>
  <target dev='vda' bus='virtio'/>
  <serial>0b1e5a4c-27d6-4c0a-8a4e-6a1c8f2f3b70</serial>
</disk>''',
        node(snapshot_timeout=120, cache=NO_CACHE),
        {'driver': 'raw', 'discard': 'unmap', 'cache': NO_CACHE}, '''
<disk type='network' device='disk'>
  <driver name='qemu' type='raw' cache='none' discard='unmap'/>
  <source protocol='openvstorage' name='volume-1' snapshot-timeout='120'>
    <host name='node1.example.com' port='26203'/>
  </source>
  <target dev='vda' bus='virtio'/>
  <serial>0b1e5a4c-27d6-4c0a-8a4e-6a1c8f2f3b70</serial>
</disk>'''),
    Accepted(
        'default transport and port',
        disk(VOLUME % "<host name='192.0.2.1'/>"),
        node(host='192.0.2.1', port=21321),
        back=disk(VOLUME % "<host name='192.0.2.1' port='21321'/>")),
    Accepted(
        'port 0 is the default port',
        disk(VOLUME % "<host name='192.0.2.1' port='0'/>"),
        node(host='192.0.2.1', port=21321),
        back=disk(VOLUME % "<host name='192.0.2.1' port='21321'/>")),
    Accepted(
        'RDMA',
        disk(VOLUME % "<host name='node1' port='26203' transport='rdma'/>"),
        node('rdma', 'node1')),
    Accepted(
        'default port of RDMA',
        disk(VOLUME % "<host name='node1' transport='rdma'/>"),
        node('rdma', 'node1', 21321),
        back=disk(VOLUME
                  % "<host name='node1' port='21321' transport='rdma'/>")),
    Accepted('IPv6', disk(VOLUME % "<host name='2001:db8::1' port='26203'/>"),
             node(host='2001:db8::1')),
    Accepted('shared memory', disk(VOLUME % ''), node('shm')),
    Accepted(
        'snapshots that wait for ever',
        disk("<source protocol='openvstorage' name='volume-1' "
             "snapshot-timeout='0'>" + HOST + "</source>"),
        node(snapshot_timeout=0)),
    Accepted(
        'the longest snapshot-timeout',
        disk("<source protocol='openvstorage' name='volume-1' "
             "snapshot-timeout='4294967295'>" + HOST + "</source>"),
        node(snapshot_timeout=4294967295)),
    Accepted('the longest name', disk(NAMED % ('v' * 254)),
             node(volume='v' * 254)),
    Accepted('a name that QEMU would split in a file name',
             disk(NAMED % 'a:b 100% [c]'), node(volume='a:b 100% [c]')),
    Accepted('a name in UTF-8', disk(NAMED % 'Ölförderung'),
             node(volume='Ölförderung')),
    Accepted(
        'encrypted',
        disk(VOLUME % (HOST + "<encryption format='luks' engine='qemu'>"
                       "<secret type='passphrase' uuid='%s'/></encryption>"
                       % LUKS_SECRET)),
        node(), {'driver': 'luks',
                 'key-secret': 'libvirt-1-format-encryption-secret0'}),
    Accepted(
        'encrypted, as Nova writes it',
        disk(VOLUME % (HOST + "<encryption format='luks'>"
                       "<secret type='passphrase' uuid='%s'/></encryption>"
                       % LUKS_SECRET)),
        node(), {'driver': 'luks',
                 'key-secret': 'libvirt-1-format-encryption-secret0'},
        disk(VOLUME % (HOST + "<encryption format='luks' engine='qemu'>"
                       "<secret type='passphrase' uuid='%s'/></encryption>"
                       % LUKS_SECRET))),
    Accepted(
        'a slice of a volume',
        disk(VOLUME % ("<slices><slice type='storage' offset='4096' "
                       "size='8192'/></slices>" + HOST)),
        node(), {'driver': 'raw', 'offset': 4096, 'size': 8192},
        disk(VOLUME % (HOST + "<slices><slice type='storage' offset='4096' "
                       "size='8192'/></slices>"))),
    Accepted('an image on a volume',
             disk(VOLUME % HOST, driver="<driver name='qemu' type='qcow2'/>"),
             node(), {'driver': 'qcow2'}),
    Accepted('a CD-ROM',
             disk(VOLUME % HOST, SATA, 'cdrom', more='<readonly/>'), node(),
             {'driver': 'raw', 'read-only': True}),
    Accepted('a floppy disk',
             disk(VOLUME % HOST, "<target dev='fda' bus='fdc'/>", 'floppy'),
             node()),
    Accepted('read-only', disk(VOLUME % HOST, more='<readonly/>'), node(),
             {'driver': 'raw', 'read-only': True}),
    Accepted(
        'shared by guests',
        disk(VOLUME % HOST, more='<shareable/>',
             driver="<driver name='qemu' type='raw' cache='none'/>"),
        node(cache=NO_CACHE), {'driver': 'raw', 'cache': NO_CACHE}),
    Accepted('bounded in its I/O',
             disk(VOLUME % HOST, more='<iotune><total_iops_sec>100'
                  '</total_iops_sec></iotune>'), node()),
    Accepted('on a SCSI bus',
             disk(VOLUME % HOST, "<target dev='sda' bus='scsi'/>"), node()),
]

REFUSED = [
    Refused('no name', disk("<source protocol='openvstorage'>%s</source>"
                            % HOST), 'missing name for disk source'),
    Refused('an empty name', disk(NAMED % ''), 'must be 1 to 254 bytes long'),
    Refused('a name that is too long', disk(NAMED % ('v' * 255)),
            'must be 1 to 254 bytes long'),
    Refused('a name that is too long in UTF-8', disk(NAMED % ('ö' * 128)),
            'must be 1 to 254 bytes long', schema=False),
    Refused('a folder as a name', disk(NAMED % '..'),
            "'..' is not a valid name of an 'openvstorage' volume",
            schema=False),
    Refused('a slash in the name', disk(NAMED % 'pool/volume-1'),
            "'pool/volume-1' is not a valid name of an 'openvstorage' volume"),
    Refused('a control character in the name', disk(NAMED % 'volume&#10;1'),
            'control characters', schema=False),
    Refused('two hosts', disk(VOLUME % (2 * HOST)),
            "'openvstorage' protocol accepts only one host"),
    Refused('a socket',
            disk(VOLUME % "<host transport='unix' socket='/run/ovs.sock'/>"),
            "does not support transport 'unix', use 'tcp' or 'rdma'"),
    Refused('an unknown transport',
            disk(VOLUME % "<host name='node1' transport='udp'/>"),
            "'udp'"),
    Refused('shm as a transport',
            disk(VOLUME % "<host name='node1' transport='shm'/>"),
            "'shm'"),
    Refused('a host without a name', disk(VOLUME % "<host port='26203'/>"),
            'missing name for host'),
    Refused('a host with an empty name', disk(VOLUME % "<host name=''/>"),
            "host name of an 'openvstorage' volume must not be empty"),
    Refused('a port that is too large',
            disk(VOLUME % "<host name='node1' port='65536'/>"),
            "port '65536' out of range"),
    Refused('a port that is a name',
            disk(VOLUME % "<host name='node1' port='edge'/>"),
            "failed to parse port number 'edge'"),
    Refused('a negative snapshot-timeout',
            disk("<source protocol='openvstorage' name='volume-1' "
                 "snapshot-timeout='-1'>" + HOST + "</source>"),
            "Invalid value for attribute 'snapshot-timeout'"),
    Refused('a snapshot-timeout that is no number',
            disk("<source protocol='openvstorage' name='volume-1' "
                 "snapshot-timeout='2 min'>" + HOST + "</source>"),
            "Invalid value for attribute 'snapshot-timeout'"),
    Refused('a snapshot-timeout that is too large',
            disk("<source protocol='openvstorage' name='volume-1' "
                 "snapshot-timeout='4294967296'>" + HOST + "</source>"),
            "Invalid value for attribute 'snapshot-timeout'"),
    Refused('TLS',
            disk("<source protocol='openvstorage' name='volume-1' tls='yes'>"
                 + HOST + "</source>"),
            "TLS transport is not supported for disk protocol 'openvstorage'"),
    Refused('a user',
            disk(VOLUME % (HOST + "<auth username='admin'><secret type='ceph' "
                           "usage='admin'/></auth>")),
            "authentication is not supported for protocol 'openvstorage'"),
    Refused('a snapshot as the source',
            disk(VOLUME % (HOST + "<snapshot name='snapshot-1'/>")),
            "not supported for disk protocol 'openvstorage'"),
    Refused("a client's configuration file",
            disk(VOLUME % (HOST + "<config file='/etc/openvstorage.conf'/>")),
            "not supported for disk protocol 'openvstorage'"),
    Refused('an initiator',
            disk(VOLUME % (HOST + "<initiator><iqn name='iqn.2026-01.com."
                           "example:client'/></initiator>")),
            "not supported for disk protocol 'openvstorage'"),
    Refused('an old kind of encryption',
            disk(VOLUME % (HOST + "<encryption format='qcow'><secret "
                           "type='passphrase' uuid='%s'/></encryption>"
                           % LUKS_SECRET)),
            'old qcow/qcow2 encryption is not supported', schema=False),
    Refused('LUKS2',
            disk(VOLUME % (HOST + "<encryption format='luks2' engine='qemu'>"
                           "<secret type='passphrase' uuid='%s'/></encryption>"
                           % LUKS_SECRET)),
            'is currently not supported by the qemu encryption engine',
            schema=False),
    Refused('encryption by librbd',
            disk(VOLUME % (HOST + "<encryption format='luks' engine='librbd'>"
                           "<secret type='passphrase' uuid='%s'/></encryption>"
                           % LUKS_SECRET)),
            "encryption engine 'librbd' is not supported", schema=False),
    Refused('passed through as a SCSI device',
            disk(VOLUME % HOST, "<target dev='sda' bus='scsi'/>", 'lun'),
            "disk device='lun' is not supported for protocol='openvstorage'",
            schema=False),
    Refused('reservations',
            disk(VOLUME % ("<reservations managed='yes'/>" + HOST)),
            '<reservations/> allowed only for lun devices'),
    Refused('a disk that may be missing',
            disk("<source protocol='openvstorage' name='volume-1' "
                 "startupPolicy='optional'>" + HOST + "</source>"),
            'startupPolicy'),
    Refused('an unknown format',
            disk(VOLUME % HOST, driver="<driver name='qemu' type='ovs'/>"),
            "'ovs'"),
    Refused('changes that are dropped at the end',
            disk(VOLUME % HOST, more='<transient/>'),
            'transient', schema=False),
]

REFUSED_BY_SCHEMA = [
    RefusedBySchema(
        'snapshot_timeout, as the first Nova driver wrote it',
        disk("<source protocol='openvstorage' name='volume-1' "
             "snapshot_timeout='120'>" + HOST + "</source>"),
        disk(VOLUME % HOST)),
    RefusedBySchema(
        'snapshot-timeout of another protocol',
        disk("<source protocol='nbd' name='volume-1' snapshot-timeout='120'>"
             + HOST + "</source>"),
        disk("<source protocol='nbd' name='volume-1'>" + HOST + "</source>")),
    RefusedBySchema(
        'a query',
        disk("<source protocol='openvstorage' name='volume-1' query='a=b'>"
             + HOST + "</source>"),
        disk(VOLUME % HOST)),
    RefusedBySchema(
        'cookies',
        disk(VOLUME % (HOST + "<cookies><cookie name='a'>b</cookie>"
                       "</cookies>")),
        disk(VOLUME % HOST)),
    RefusedBySchema(
        'verification of a certificate',
        disk(VOLUME % (HOST + "<ssl verify='no'/>")),
        disk(VOLUME % HOST)),
    RefusedBySchema(
        'read-ahead and time-out of a web client',
        disk(VOLUME % (HOST + "<readahead size='65536'/>"
                       "<timeout seconds='6'/>")),
        disk(VOLUME % HOST)),
    RefusedBySchema(
        'an identity',
        disk(VOLUME % (HOST + "<identity user='root' group='root'/>")),
        disk(VOLUME % HOST)),
]
