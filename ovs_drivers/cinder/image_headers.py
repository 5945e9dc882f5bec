# SPDX-License-Identifier: Apache-2.0

"""The header of a disk image, read without QEMU.

Several formats can name other files, and QEMU follows such a name: a user's
image would then read files of the Cinder host, or open connections from it.
An image is therefore judged here before any program opens it. Each format
that is let in has a check of its own; no other format is let in.
"""

import os
import re
import struct

# QEMU looks at 512 bytes to find out the format.
_PROBED_BYTES = 4096
_SECTOR = 512

_QCOW_MAGIC = b'QFI\xfb'
_QCOW2_KNOWN_FEATURES = 0b11011     # all but the external data file
_QCOW2_EXTERNAL_DATA = 0b100
_QCOW2_RAW_EXTERNAL_DATA = 0b10     # among the autoclear features
_QCOW2_DATA_FILE_NAME = 0x44415441
_QCOW2_CLUSTER_BITS_MAX = 21

_VMDK_TEXT = re.compile(br'(?:#[^\n]*\n|[ \r]*\n)*version=')
_VMDK_KINDS = (b'monolithicSparse', b'streamOptimized')
_VMDK_AT_END = 0xffffffffffffffff
_VMDK_DESCRIPTION_BYTES = 20 * _SECTOR
_VMDK_DESCRIPTION_BYTES_MAX = 1 << 20
_VMDK_EXTENT = re.compile(br'^[ \t]*(?:RW|RDONLY|NOACCESS)[ \t]+\d+[ \t]+'
                          br'(\w+)', re.MULTILINE)
_VMDK_CREATE_TYPE = re.compile(br'createType[ \t]*=[ \t]*"?(\w+)')

_VDI_SIGNATURE = b'\x7f\x10\xda\xbe'
_VHD_FIXED, _VHD_DYNAMIC = 2, 3

_VHDX_TABLES = (192 * 1024, 256 * 1024)
_VHDX_METADATA = (b'\x06\xa2\x7c\x8b\x90\x47\x9a\x4b'
                  b'\xb8\xfe\x57\x5f\x05\x0f\x88\x6e')
_VHDX_PARAMETERS = (b'\x37\x67\xa1\xca\x36\xfa\x43\x4d'
                    b'\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b')
_VHDX_PARENT = (b'\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45'
                b'\xab\xf7\xd3\xd8\x48\x34\xab\x0c')
_VHDX_HAS_PARENT = 0b10
_VHDX_ENTRIES_MAX = 2047


class UnsafeImage(ValueError):
    """The image is not of one file, or not of a format that is let in."""


def check(path):
    """The format of the image, in QEMU's words, if nothing forbids it.

    :raises: UnsafeImage with the reason
    """
    with open(path, 'rb') as stream:
        image_format = probe(stream.read(_PROBED_BYTES))
        if image_format not in _CHECKS:
            raise UnsafeImage('images of the format %s are not taken'
                              % image_format)
        try:
            _CHECKS[image_format](_Reader(stream))
        except struct.error:
            raise UnsafeImage('its %s header is cut off' % image_format)
    return image_format


def probe(head):
    """The format that QEMU sees in the first bytes of a file."""
    if head.startswith(_QCOW_MAGIC):
        return 'qcow' if head[4:8] == b'\0\0\0\x01' else 'qcow2'
    for image_format, offset, magics in _MAGICS:
        if head[offset:].startswith(magics):
            return image_format
    return 'vmdk' if _VMDK_TEXT.match(head) else 'raw'


_MAGICS = (
    ('vmdk', 0, (b'KDMV', b'COWD')),
    ('vdi', 64, (_VDI_SIGNATURE,)),
    ('vhdx', 0, (b'vhdxfile',)),
    ('vpc', 0, (b'conectix',)),
    ('parallels', 0, (b'WithoutFreeSpace', b'WithouFreSpacExt')),
    ('luks', 0, (b'LUKS\xba\xbe',)),
    ('qed', 0, (b'QED\0',)),
    ('bochs', 0, (b'Bochs Virtual HD Image',)),
    ('cloop', 0, (b'#!/bin/sh\n#V2.0 Format\n',)),
)


class _Reader(object):
    """Numbers and bytes at offsets of a file."""

    def __init__(self, stream):
        self._stream = stream

    def bytes(self, offset, count):
        try:
            self._stream.seek(offset)
            return self._stream.read(count)
        except (IOError, OverflowError, ValueError):
            return b''      # no file has such an offset

    def unpack(self, layout, offset):
        return struct.unpack(layout, self.bytes(offset,
                                                struct.calcsize(layout)))

    def number(self, layout, offset):
        return self.unpack(layout, offset)[0]

    def sector_from_end(self, count):
        """The offset of one of the last sectors; 1 is the last."""
        self._stream.seek(0, os.SEEK_END)
        sectors = -(-self._stream.tell() // _SECTOR)
        return max(0, sectors - count) * _SECTOR


def _check_nothing(_reader):
    """Such an image has no place for the name of a file."""


def _check_qcow2(reader):
    version = reader.number('>I', 4)
    if version not in (2, 3):
        raise UnsafeImage('qcow2 of version %d is not known' % version)
    if reader.number('>Q', 8):
        raise UnsafeImage('its qcow2 header names a backing file')
    header_bytes = 72
    if version == 3:
        _check_qcow2_features(*reader.unpack('>QQQ', 72))
        header_bytes = reader.number('>I', 100)
    _check_qcow2_extensions(reader, header_bytes)


def _check_qcow2_features(incompatible, _compatible, autoclear):
    if (incompatible & _QCOW2_EXTERNAL_DATA or
            autoclear & _QCOW2_RAW_EXTERNAL_DATA):
        raise UnsafeImage('its qcow2 header names an external data file')
    if incompatible & ~_QCOW2_KNOWN_FEATURES:
        raise UnsafeImage('its qcow2 header has features that are not '
                          'known: %#x' % incompatible)


def _check_qcow2_extensions(reader, offset):
    cluster_bits = reader.number('>I', 20)
    if cluster_bits > _QCOW2_CLUSTER_BITS_MAX:
        raise UnsafeImage('its qcow2 clusters are larger than 2 MiB')
    while offset < 1 << cluster_bits:
        kind, length = reader.unpack('>II', offset)
        if kind == 0:
            return
        if kind == _QCOW2_DATA_FILE_NAME:
            raise UnsafeImage('its qcow2 header names an external data file')
        offset += 8 + (length + 7) // 8 * 8


def _check_vmdk(reader):
    if reader.bytes(0, 4) != b'KDMV':
        raise UnsafeImage('its VMDK is not one sparse extent with its own '
                          'description: it can have data in other files')
    headers = [0]
    if reader.number('<Q', 56) == _VMDK_AT_END:
        headers.append(reader.sector_from_end(2))
    for header in headers:
        capacity, _grain, start, sectors = reader.unpack('<QQQQ', header + 12)
        if not capacity:
            raise UnsafeImage('its VMDK header has no capacity: its data is '
                              'in other files')
        _check_vmdk_description(reader, start * _SECTOR, sectors * _SECTOR)
    # QEMU looks for a parent here, whatever the header says.
    _check_vmdk_description(reader, _SECTOR, _VMDK_DESCRIPTION_BYTES)


def _check_vmdk_description(reader, offset, size):
    if not offset:
        return
    text = reader.bytes(offset, min(size, _VMDK_DESCRIPTION_BYTES_MAX))
    if b'parentFileNameHint' in text:
        raise UnsafeImage('its VMDK description names a parent')
    kind = _VMDK_CREATE_TYPE.search(text)
    if kind and kind.group(1) not in _VMDK_KINDS:
        raise UnsafeImage('a VMDK of the kind %s can have data in other files'
                          % kind.group(1).decode('ascii', 'replace'))
    if _VMDK_EXTENT.findall(text) not in ([], [b'SPARSE']):
        raise UnsafeImage('its VMDK description names other extents')


def _check_vdi(reader):
    link_and_parent = reader.bytes(0x1a8, 32)
    if link_and_parent.strip(b'\0'):
        raise UnsafeImage('its VDI header names a parent')


def _check_vpc(reader):
    for footer in (0, reader.sector_from_end(1)):
        if (reader.bytes(footer, 8) == b'conectix' and
                reader.number('>I', footer + 60) not in (_VHD_FIXED,
                                                         _VHD_DYNAMIC)):
            raise UnsafeImage('its VHD is a difference to a parent')


def _check_vhdx(reader):
    for table in _VHDX_TABLES:
        if reader.bytes(table, 4) != b'regi':
            continue
        for entry in _entries(table + 16, reader.number('<I', table + 8)):
            if reader.bytes(entry, 16) == _VHDX_METADATA:
                _check_vhdx_metadata(reader, reader.number('<Q', entry + 16))


def _check_vhdx_metadata(reader, metadata):
    for entry in _entries(metadata + 32, reader.number('<H', metadata + 10)):
        item = reader.bytes(entry, 16)
        place = metadata + reader.number('<I', entry + 16)
        if item == _VHDX_PARENT or (
                item == _VHDX_PARAMETERS and
                reader.number('<I', place + 4) & _VHDX_HAS_PARENT):
            raise UnsafeImage('its VHDX is a difference to a parent')


def _entries(first, count):
    """Offsets of the entries of a VHDX table."""
    if count > _VHDX_ENTRIES_MAX:
        raise UnsafeImage('its VHDX tables have more than %d entries'
                          % _VHDX_ENTRIES_MAX)
    return range(first, first + count * 32, 32)


_CHECKS = {'raw': _check_nothing, 'luks': _check_nothing,
           'parallels': _check_nothing, 'qcow2': _check_qcow2,
           'vmdk': _check_vmdk, 'vdi': _check_vdi, 'vpc': _check_vpc,
           'vhdx': _check_vhdx}
