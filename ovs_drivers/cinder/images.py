# SPDX-License-Identifier: Apache-2.0

"""Glance images on their way into and out of a vPool's volumes.

Cinder fetches and uploads; qemu-img converts straight between the file and
the volume, with the format always named, so that what a user has written into
an image or a volume never chooses how it is read. An image that can point to
other files is refused by its header, before any program opens it, and once
more by what qemu-img says of it.
"""

import contextlib

from cinder import exception
from cinder.image import image_utils
from oslo_config import cfg

from ovs_drivers.cinder import image_headers

try:
    from cinder.volume import volume_utils
except ImportError:
    from cinder.volume import utils as volume_utils
try:
    from cinder.image import accelerator
except ImportError:
    accelerator = None      # Cinder before Train

CONF = cfg.CONF
if accelerator:
    CONF.import_opt('allow_compression_on_image_upload',
                    'cinder.common.config')
# Glance's names of formats, and qemu-img's.
_QEMU_FORMATS = {'vhd': 'vpc', 'ploop': 'parallels', 'luks': 'raw',
                 'ami': 'raw', 'aki': 'raw', 'ari': 'raw', 'iso': 'raw'}

_VMDK_OF_ONE_FILE = ('monolithicSparse', 'streamOptimized')
_CURE = ('hint: make it an image of one file ("qemu-img convert"), and upload '
         'that')


@contextlib.contextmanager
def fetched(context, image_service, image_id, room, qemu_img):
    """A checked local copy of the image: its path and its format.

    :param room: how many bytes of a disk fit into it
    """
    image_meta = image_service.show(context, image_id)
    _check_conversion_allowed(image_meta, upload=False)
    with _local_copy(context, image_service, image_id, image_meta) as path:
        found = _checked_format(path, image_id, image_meta)
        info = qemu_img.info(path, found)
        _check_one_file(info, image_id)
        _check_size(info['virtual-size'], room, image_id)
        yield path, found


def upload(context, image_service, image_meta, volume, qemu_img, location):
    """Make the volume the data of the image."""
    _check_conversion_allowed(image_meta, upload=True)
    with image_utils.temporary_file() as path:
        qemu_img.read_volume(location, path,
                             _qemu_format(image_meta['disk_format']))
        # The file has the image's format already, so Cinder uploads it as
        # it is.
        arguments = {'volume_format': image_meta['disk_format'],
                     'run_as_root': False}
        if hasattr(volume_utils, 'upload_volume') and volume.volume_type:
            volume_utils.upload_volume(context, image_service, image_meta,
                                       path, volume, **arguments)
        else:
            image_utils.upload_volume(context, image_service, image_meta,
                                      path, **arguments)


def _check_conversion_allowed(image_meta, upload):
    check = getattr(image_utils, 'check_image_conversion_disable', None)
    if check:
        check(image_meta['disk_format'], 'raw', image_meta['id'],
              upload=upload)


@contextlib.contextmanager
def _local_copy(context, image_service, image_id, image_meta):
    """A copy to read: Cinder's own for this request, or a new one."""
    copies = image_utils.TemporaryImages.for_image_service(image_service)
    path = copies.get(context, image_id)
    unpack = _unpacker(image_meta)
    if path and not unpack:
        yield path
        return
    with image_utils.temporary_file() as path:
        image_utils.fetch(context, image_service, image_id, path, None, None)
        if unpack:
            unpack(path, image_id)
        yield path


def _unpacker(image_meta):
    """Return the function that unpacks the image in its place, or None."""
    container = image_meta.get('container_format')
    if container == 'compressed':
        return _decompress
    if container == 'ovf' and image_meta.get('disk_format') == 'vhd':
        return _coalesce
    return None


def _decompress(path, image_id):
    if not (accelerator and CONF.allow_compression_on_image_upload):
        raise _unacceptable(
            image_id, 'this Cinder takes no compressed images. hint: set '
                      'allow_compression_on_image_upload (from Train on)')
    if not accelerator.is_gzip_compressed(path):
        raise _unacceptable(image_id, 'its compression is not gzip')
    accelerator.ImageAccel(path, path).decompress_img(run_as_root=False)


def _coalesce(path, _image_id):
    """Make one VHD of XenServer's archive of them."""
    image_utils.replace_xenserver_image_with_coalesced_vhd(path)


def _checked_format(path, image_id, image_meta):
    """The format of the image, as its header has it and Glance says."""
    try:
        found = image_headers.check(path)
    except image_headers.UnsafeImage as unsafe:
        raise _unacceptable(image_id, '%s. %s' % (unsafe, _CURE))
    found = _qemu_format(found)
    if found != _qemu_format(image_meta['disk_format']):
        raise _unacceptable(
            image_id, 'the image says that its format is %s, its data has '
                      'the format %s' % (image_meta['disk_format'], found))
    return found


def _check_size(size, room, image_id):
    # Not info.virtual_size of Cinder before Train: it does not understand
    # how today's qemu-img writes a size.
    if size > room:
        raise _unacceptable(image_id, 'its disk has %d bytes, the volume has '
                                      'room for %d' % (size, room))


def _check_one_file(info, image_id):
    """Refuse an image that has several files by QEMU's own word."""
    details = info.get('format-specific', {}).get('data', {})
    for where, key in ((info, 'backing-filename'),
                       (info, 'full-backing-filename'),
                       (details, 'data-file'), (details, 'data-file-raw')):
        if where.get(key):
            raise _unacceptable(image_id, 'it has a %s. %s' % (key, _CURE))
    if info['format'] == 'vmdk':
        kind = details.get('create-type')
        if kind not in _VMDK_OF_ONE_FILE or len(details['extents']) != 1:
            raise _unacceptable(image_id, 'a VMDK of the kind %s can have '
                                          'data in other files. %s'
                                          % (kind, _CURE))


def _unacceptable(image_id, reason):
    return exception.ImageUnacceptable(image_id=image_id, reason=reason)


def _qemu_format(disk_format):
    return _QEMU_FORMATS.get(disk_format, disk_format)
