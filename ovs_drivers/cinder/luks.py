# SPDX-License-Identifier: Apache-2.0

"""LUKS volumes: formatted here, opened by QEMU with the same key.

The header stands in front of the payload, so the volume on the vPool is
larger than Cinder's by the header, and the guest sees Cinder's size. The
header says nothing of the payload's size: it is made in a small file and
written to the front of the volume.
"""

import binascii
import contextlib
import os
import tempfile

from cinder.db import api as db
from cinder import exception
from cinder.image import image_utils
from oslo_config import cfg

try:
    from castellan import key_manager
    from os_brick import encryptors
except ImportError:
    key_manager = encryptors = None

CONF = cfg.CONF
_PAYLOAD_BYTES = 1024 * 1024


def is_encrypted(volume):
    return bool(volume.encryption_key_id)


@contextlib.contextmanager
def key_file(context, volume):
    """A file of the service's own with the volume's passphrase."""
    encryption = _encryption(context, volume)
    key = key_manager.API(CONF).get(context, encryption['encryption_key_id'])
    # As Nova and os-brick do with a key
    passphrase = binascii.hexlify(key.get_encoded())
    with tempfile.NamedTemporaryFile(prefix='luks_') as stream:
        stream.write(passphrase)
        stream.flush()
        yield stream.name


@contextlib.contextmanager
def header_file(context, volume, qemu_img):
    """A raw file that holds a new header for the volume, and its size."""
    encryption = _encryption(context, volume)
    try:
        cipher = image_utils.decode_cipher(encryption['cipher'],
                                           encryption['key_size'])
    except ValueError:
        raise exception.VolumeBackendAPIException(
            data='the cipher %s of the volume type is not of the form '
                 'CIPHER-MODE-IV' % encryption['cipher'])
    with key_file(context, volume) as key:
        with image_utils.temporary_file() as path:
            qemu_img.create_luks(path, _PAYLOAD_BYTES, cipher, key)
            size = os.path.getsize(path) - _PAYLOAD_BYTES
            with open(path, 'r+b') as stream:
                stream.truncate(size)
            yield path, size


def _encryption(context, volume):
    if not hasattr(image_utils, 'decode_cipher'):
        raise exception.VolumeBackendAPIException(
            data='encrypted volumes need Cinder Queens or later: before '
                 'that QEMU cannot open them for Nova')
    encryption = db.volume_encryption_metadata_get(context, volume.id)
    provider = (encryption or {}).get('provider')
    provider = encryptors.LEGACY_PROVIDER_CLASS_TO_FORMAT_MAP.get(provider,
                                                                  provider)
    if provider != encryptors.LUKS:
        raise exception.VolumeBackendAPIException(
            data='the encryption provider %s of the volume type is not '
                 'supported: only luks is' % provider)
    if not encryption.get('cipher') or not encryption.get('key_size'):
        raise exception.VolumeBackendAPIException(
            data='the encryption of the volume type needs a cipher and a '
                 'key_size')
    return encryption
