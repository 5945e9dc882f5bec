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
