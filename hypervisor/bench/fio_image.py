# SPDX-License-Identifier: Apache-2.0

"""fio and its libraries for the guest, from Debian's packages.

A second archive for the guest's first root file system, not compressed: an
emulated processor unpacks slowly.
"""

import os
import re

from harness import files
from harness import run
from harness.guest import cpio
from harness.guest import debian


def make(cache):
    """Return the path of the archive, made if the cache does not have it."""
    path = os.path.join(cache, 'fio.cpio')
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        with debian.unpacked(_packages()) as parts, files.draft(
                path, 0o644) as stream:
            stream.write(_archive(parts))
    return path


def _packages():
    """fio and all libraries that it may need."""
    text = run.output(
        ['apt-cache', 'depends', '--recurse', '--no-pre-depends',
         '--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks',
         '--no-replaces', '--no-enhances', 'fio'])
    found = re.findall(r'^(lib\S+|zlib1g)$', text, re.MULTILINE)
    return ['fio'] + sorted(set(found))


def _archive(parts):
    archive = cpio.Archive()
    for folder in 'bin', 'lib', 'lib64':
        archive.add_folder(folder)
    for path, source in parts.program('bin/fio').items():
        with open(source, 'rb') as stream:
            archive.add_file(path, stream.read(), 0o755)
    return archive.content()
