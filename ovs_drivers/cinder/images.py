# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Glance images on their way into and out of a vPool's volumes.

Cinder fetches, inspects and uploads; qemu-img converts straight between the
file and the volume, with the format always named, so that what a user has
written into an image or a volume never chooses how it is read.
"""

import contextlib

from cinder import exception
from cinder.image import image_utils

try:
    from cinder.volume import volume_utils
except ImportError:
    from cinder.volume import utils as volume_utils

# What Glance calls a format and qemu-img calls otherwise.
_QEMU_FORMATS = {'vhd': 'vpc', 'ploop': 'parallels', 'luks': 'raw',
                 'ami': 'raw', 'aki': 'raw', 'ari': 'raw', 'iso': 'raw'}

_VMDK_OF_ONE_FILE = ('monolithicSparse', 'streamOptimized')


@contextlib.contextmanager
def fetched(context, image_service, image_id, volume_size, room, qemu_img):
    """A verified local copy of the image: its path and its format.

    :param volume_size: the size of the volume in GiB
    :param room: how many bytes of a disk fit into it
    """
    image_meta = image_service.show(context, image_id)
    if _needs_unpacking(image_meta):
        # Cinder knows how; it needs a file of its own for that.
        with image_utils.temporary_file() as path:
            image_utils.fetch_to_raw(context, image_service, image_id, path,
                                     '1M', size=volume_size,
                                     run_as_root=False)
            yield path, 'raw'
        return
    _check_conversion_allowed(image_meta, upload=False)
    with _local_copy(context, image_service, image_id) as path:
        found = _checked_format(path, image_id, image_meta)
        info = qemu_img.info(path, found)
        _check_size(info['virtual-size'], room, image_id)
        _check_extents(info, image_id)
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


def _needs_unpacking(image_meta):
    return (image_meta.get('container_format') == 'compressed' or
            (image_meta.get('container_format') == 'ovf' and
             image_meta.get('disk_format') == 'vhd'))


def _check_conversion_allowed(image_meta, upload):
    check = getattr(image_utils, 'check_image_conversion_disable', None)
    if check:
        check(image_meta['disk_format'], 'raw', image_meta['id'],
              upload=upload)


@contextlib.contextmanager
def _local_copy(context, image_service, image_id):
    """The copy that Cinder has fetched for this request, or a new one."""
    copies = image_utils.TemporaryImages.for_image_service(image_service)
    path = copies.get(context, image_id)
    if path:
        yield path
        return
    with image_utils.TemporaryImages.fetch(image_service, context,
                                           image_id) as path:
        yield path


def _checked_format(path, image_id, image_meta):
    info = image_utils.qemu_img_info(path, run_as_root=False)
    found = 'raw' if info.file_format == 'luks' else info.file_format
    claimed = _qemu_format(image_meta['disk_format'])
    if found != claimed:
        raise exception.ImageUnacceptable(
            image_id=image_id,
            reason='the image says that its format is %s, its data has the '
                   'format %s' % (image_meta['disk_format'], found))
    return found


def _check_size(size, room, image_id):
    # Not info.virtual_size of Cinder before Train: it does not understand
    # how today's qemu-img writes a size.
    if size > room:
        raise exception.ImageUnacceptable(
            image_id=image_id,
            reason='its disk has %d bytes, the volume has room for %d'
                   % (size, room))


def _check_extents(info, image_id):
    """Refuse a VMDK that is spread over other files.

    Cinder does so since Train.
    """
    if hasattr(image_utils, 'check_vmdk_image') or info['format'] != 'vmdk':
        return
    kind = info['format-specific']['data']['create-type']
    if kind not in _VMDK_OF_ONE_FILE:
        raise exception.ImageUnacceptable(
            image_id=image_id, reason='a VMDK of the kind %s can have data '
                                      'in other files' % kind)


def _qemu_format(disk_format):
    return _QEMU_FORMATS.get(disk_format, disk_format)
