# SPDX-License-Identifier: Apache-2.0

"""Content to put into images, and what its checksums have to be."""

import hashlib
import io
import os

_CHUNK = 1 << 20


def random_file(size):
    """An open file with SIZE bytes that no other file has."""
    return io.BytesIO(os.urandom(size))


def md5_of_volume(content, size):
    """The MD5 of a volume of SIZE bytes that begins with CONTENT."""
    digest = hashlib.md5(content)
    zeros = b'\0' * _CHUNK
    left = size - len(content)
    while left > 0:
        digest.update(zeros[:left])
        left -= _CHUNK
    return digest.hexdigest()
