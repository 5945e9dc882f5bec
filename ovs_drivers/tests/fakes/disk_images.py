# SPDX-License-Identifier: Apache-2.0

"""Disk images of all kinds, honest and hostile, made by a real qemu-img.

TABLE names each, the format that Glance claims for it, and whether it is safe:
of that format, and of one file. Some of the others show SECRET, which is in
another file, when QEMU converts them.
"""

import collections
import os
import struct
import subprocess

MIB = 1 << 20
SECRET = b'connection = mysql://cinder:SECRET@db/cinder\n'

# make: a function of a Maker, gives the path; followed: the format with which
# QEMU reads SECRET
Image = collections.namedtuple('Image', ['name', 'claimed', 'make', 'safe',
                                         'followed'])


class Maker(object):
    """Makes images in a folder that also has the file with the secret."""

    def __init__(self, folder, run=subprocess.check_output):
        self._folder = folder
        self._run = run
        self.secret = self.file('secret', SECRET.ljust(MIB, b'#'))

    def path(self, name):
        return os.path.join(self._folder, name)

    def file(self, name, data):
        path = self.path(name)
        with open(path, 'wb') as stream:
            stream.write(data)
        return path

    def qemu_img(self, *arguments):
        return self._run(('qemu-img',) + arguments)

    def created(self, image_format, *options):
        path = self.path('image')
        if os.path.exists(path):
            os.unlink(path)
        self.qemu_img(*(('create', '-q', '-f', image_format) + options +
                        (path, '1M')))
        return path

    def converted(self, path, image_format):
        """The first bytes that QEMU shows of the disk."""
        raw = self.path('converted')
        self.qemu_img('convert', '-f', image_format, '-O', 'raw', path, raw)
        with open(raw, 'rb') as stream:
            return stream.read(len(SECRET))

    def patched(self, path, *changes):
        """The image with other bytes at some offsets."""
        with open(path, 'r+b') as stream:
            for offset, data in changes:
                stream.seek(offset)
                stream.write(data)
        return path

    def read(self, path):
        with open(path, 'rb') as stream:
            return stream.read()


def _made(image_format, *options):
    return lambda maker: maker.created(image_format, *options)


def _patched(image_format, *changes):
    return lambda maker: maker.patched(maker.created(image_format), *changes)


def _raw(head):
    return lambda maker: maker.file('image', head.ljust(MIB, b'\0'))


def _backed(image_format, *options):
    return lambda maker: maker.created(
        image_format, '-F', 'raw', '-b', maker.secret, *options)


def _backed_by_json(maker):
    return maker.created(
        'qcow2', '-u', '-F', 'raw', '-b',
        'json:{"driver": "raw", "file": {"driver": "file", "filename": "%s"}}'
        % maker.secret)


def _with_data_file(raw):
    def make(maker):
        path = maker.created('qcow2', '-o', 'data_file=%s,data_file_raw=%s'
                             % (maker.path('data'), raw))
        os.rename(maker.secret, maker.path('data'))
        return path
    return make


def _description(maker, kind='monolithicFlat', extent='FLAT "%s" 0'):
    """The text of a VMDK whose data is the secret."""
    return ('# Disk DescriptorFile\nversion=1\nCID=fffffffe\n'
            'parentCID=ffffffff\ncreateType="%s"\nRW 2048 %s\n'
            % (kind, extent % maker.secret)).encode('ascii')


def _vmdk_text(kind, before=b'', **extent):
    return lambda maker: maker.file(
        'image', before + _description(maker, kind, **extent))


def _vmdk_without_capacity(maker):
    """QEMU takes the description in such a file for one of its own."""
    return maker.file('image', b'KDMV' + struct.pack(
        '<IIQQQQ', 1, 3, 0, 128, 1, 20).ljust(508, b'\0') +
        _description(maker).ljust(MIB, b'\0'))


def _vmdk_with_a_parent(maker):
    parent = maker.path('parent')
    maker.qemu_img('convert', '-f', 'raw', '-O', 'vmdk', maker.secret, parent)
    return maker.created('vmdk', '-F', 'vmdk', '-b', parent)


def _vmdk_with_another_extent(maker):
    path = maker.created('vmdk')
    at = maker.read(path).index(b'RW 2048 SPARSE')
    return maker.patched(path, (at, b'RW 2048 FLAT "x"\n#'))


def _vhdx_with_a_parent(maker):
    path = maker.created('vhdx')
    data = maker.read(path)
    guid = b'\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b'
    entry = data.index(guid)
    metadata = data.index(b'metadata')
    offset, = struct.unpack_from('<I', data, entry + 16)
    return maker.patched(path, (metadata + offset + 4, b'\x02\0\0\0'))


def _extension(kind, data):
    return struct.pack('>II', kind, len(data)) + data


TABLE = [
    Image('raw', 'raw', _raw(b'#!/bin/sh\n'), True, None),
    Image('raw with LUKS', 'raw', _raw(b'LUKS\xba\xbe\0\x01'), True, None),
    Image('iso', 'iso', _raw(b'\0'), True, None),
    Image('qcow2', 'qcow2', _made('qcow2'), True, None),
    Image('qcow2 of version 2', 'qcow2', _made('qcow2', '-o', 'compat=0.10'),
          True, None),
    Image('qcow2 with large entries', 'qcow2',
          _made('qcow2', '-o', 'extended_l2=on,cluster_size=128k'), True,
          None),
    Image('vmdk', 'vmdk', _made('vmdk'), True, None),
    Image('vmdk for streams', 'vmdk',
          _made('vmdk', '-o', 'subformat=streamOptimized'), True, None),
    Image('vdi', 'vdi', _made('vdi'), True, None),
    Image('vdi, not sparse', 'vdi', _made('vdi', '-o', 'static=on'), True,
          None),
    Image('vhdx', 'vhdx', _made('vhdx'), True, None),
    Image('vhdx, not sparse', 'vhdx', _made('vhdx', '-o', 'subformat=fixed'),
          True, None),
    Image('vhd', 'vhd', _made('vpc'), True, None),
    Image('ploop', 'ploop', _made('parallels'), True, None),

    Image('qcow2 with a backing file', 'qcow2', _backed('qcow2'), False,
          'qcow2'),
    Image('qcow2 of version 2 with a backing file', 'qcow2',
          _backed('qcow2', '-o', 'compat=0.10'), False, 'qcow2'),
    Image('qcow2 backed by a json: name', 'qcow2', _backed_by_json, False,
          'qcow2'),
    Image('qcow2 backed by an nbd: name', 'qcow2',
          _made('qcow2', '-u', '-F', 'raw', '-b', 'nbd:127.0.0.1:1'), False,
          None),
    Image('qcow2 backed by a volume of a vPool', 'qcow2',
          _made('qcow2', '-u', '-F', 'raw', '-b',
                'openvstorage+tcp:127.0.0.1:1/volume'), False, None),
    Image('qcow2 with a data file', 'qcow2', _with_data_file('off'), False,
          None),
    Image('qcow2 with a raw data file', 'qcow2', _with_data_file('on'), False,
          'qcow2'),
    Image('qcow2 with the bit of a raw data file', 'qcow2',
          _patched('qcow2', (88, struct.pack('>Q', 2))), False, None),
    Image('qcow2 with the name of a data file', 'qcow2',
          _patched('qcow2', (112, _extension(0x44415441, b'/etc/hos'))),
          False, None),
    Image('qcow2 with a feature of tomorrow', 'qcow2',
          _patched('qcow2', (72, struct.pack('>Q', 1 << 5))), False, None),
    Image('qcow2 of version 9', 'qcow2',
          _patched('qcow2', (4, struct.pack('>I', 9))), False, None),
    Image('qcow2 with huge clusters', 'qcow2',
          _patched('qcow2', (20, struct.pack('>I', 63))), False, None),
    Image('qcow2, cut', 'qcow2', lambda maker: maker.file(
        'image', b'QFI\xfb\0\0\0\x03\0\0'), False, None),
    Image('qcow', 'qcow2', _made('qcow'), False, None),
    Image('qcow with a backing file', 'qcow2', _backed('qcow'), False,
          'qcow'),
    Image('qed', 'qcow2', _made('qed'), False, None),
    Image('qed with a backing file', 'raw', _backed('qed'), False, 'qed'),

    Image('vmdk, flat', 'vmdk', _made('vmdk', '-o',
                                      'subformat=monolithicFlat'), False,
          None),
    Image('vmdk in pieces', 'vmdk',
          _made('vmdk', '-o', 'subformat=twoGbMaxExtentSparse'), False, None),
    Image('vmdk in flat pieces', 'vmdk',
          _made('vmdk', '-o', 'subformat=twoGbMaxExtentFlat'), False, None),
    Image('vmdk that names a file', 'vmdk', _vmdk_text('monolithicFlat'),
          False, 'vmdk'),
    Image('vmdk that names pieces', 'vmdk', _vmdk_text('twoGbMaxExtentFlat'),
          False, 'vmdk'),
    Image('vmdk of ESX that names a file', 'vmdk',
          _vmdk_text('vmfs', extent='VMFS "%s"'), False, 'vmdk'),
    Image('vmdk of a device', 'vmdk', _vmdk_text('fullDevice'), False, None),
    Image('vmdk that names a file, after comments', 'raw',
          _vmdk_text('monolithicFlat', before=b'#!/bin/sh\n   \r\n#\n\n'),
          False, 'vmdk'),
    Image('vmdk without capacity', 'vmdk', _vmdk_without_capacity, False,
          'vmdk'),
    Image('vmdk with a parent', 'vmdk', _vmdk_with_a_parent, False, 'vmdk'),
    Image('vmdk with another extent', 'vmdk', _vmdk_with_another_extent,
          False, None),
    Image('vmdk of version 3', 'vmdk', _raw(b'COWD'), False, None),

    Image('vdi with a parent', 'vdi', _patched('vdi', (0x1b8, b'parent')),
          False, None),
    Image('vdi with a link', 'vdi', _patched('vdi', (0x1a8, b'link')), False,
          None),
    Image('vhdx with a parent', 'vhdx', _vhdx_with_a_parent, False, None),
    Image('vhdx, cut', 'vhdx', lambda maker: maker.file(
        'image', b'vhdxfile'.ljust(192 << 10, b'\0') + b'regi'), False, None),
    Image('vhd with a parent', 'vhd',
          _patched('vpc', (60, struct.pack('>I', 4))), False, None),

    # Images that are not what they claim
    Image('bochs', 'raw', _raw(b'Bochs Virtual HD Image'), False, None),
    Image('cloop', 'raw', _raw(b'#!/bin/sh\n#V2.0 Format\n'), False, None),
    Image('qcow2 as raw', 'raw', _made('qcow2'), False, None),
    Image('qcow2 as iso', 'iso', _backed('qcow2'), False, 'qcow2'),
    Image('vmdk as ami', 'ami', _made('vmdk'), False, None),
    Image('vdi as raw', 'raw', _made('vdi'), False, None),
    Image('vhdx as raw', 'raw', _made('vhdx'), False, None),
    Image('vhd as raw', 'raw', _made('vpc'), False, None),
    Image('ploop as raw', 'raw', _made('parallels'), False, None),
    Image('raw as qcow2', 'qcow2', _raw(b'\0'), False, None),
    Image('vdi as qcow2', 'qcow2', _made('vdi'), False, None),
]
