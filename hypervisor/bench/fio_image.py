# SPDX-License-Identifier: Apache-2.0

"""fio and its libraries for the guest, from Debian's packages.

A second archive for the guest's first root file system, not compressed: an
emulated processor unpacks slowly. Nothing is installed: packages are fetched
with apt and unpacked into a folder, in which the dynamic loader says which
libraries fio needs.
"""

import os
import re
import tempfile

from harness import apt
from harness import errors
from harness import files
from harness import run
from hypervisor.selftest import cpio

_LIBRARIES = ('lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu')
_LOADER = 'lib64/ld-linux-x86-64.so.2'


def make(cache):
    """Return the path of the archive, made if the cache does not have it."""
    path = os.path.join(cache, 'fio.cpio')
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='ovs-fio-') as root:
            # apt fetches as a user of its own, who must get in there
            os.chmod(root, 0o755)
            apt.fetch_and_unpack(_packages(), root, root, None)
            content = _archive(root)
        with files.draft(path, 0o644) as stream:
            stream.write(content)
    return path


def _packages():
    """fio and all libraries that it may need."""
    text = run.output(
        ['apt-cache', 'depends', '--recurse', '--no-pre-depends',
         '--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks',
         '--no-replaces', '--no-enhances', 'fio'])
    found = re.findall(r'^(lib\S+|zlib1g)$', text, re.MULTILINE)
    return ['fio'] + sorted(set(found))


def _libraries(root, program):
    """Return the files that the loader would load, by name."""
    text = run.output(
        ['/' + _LOADER, '--library-path',
         ':'.join(os.path.join(root, folder) for folder in _LIBRARIES),
         '--list', program])
    missing = re.findall(r'^\s*(\S+) => not found', text, re.MULTILINE)
    if missing:
        raise errors.Error('fio has no %s' % ' '.join(missing))
    return dict(re.findall(r'^\s*(\S+) => (\S+)', text, re.MULTILINE))


def _archive(root):
    archive = cpio.Archive()
    for folder in ('bin', 'lib64', 'lib', _LIBRARIES[0]):
        archive.add_folder(folder)
    program = os.path.join(root, 'usr/bin/fio')
    archive.add_file('bin/fio', _read(program), 0o755)
    libraries = _libraries(root, program)
    loader = libraries.pop('/' + _LOADER, '/' + _LOADER)
    archive.add_file(_LOADER, _read(loader), 0o755)
    for name, path in libraries.items():
        archive.add_file('%s/%s' % (_LIBRARIES[0], name), _read(path))
    return archive.content()


def _read(path):
    with open(path, 'rb') as file:
        return file.read()
