# SPDX-License-Identifier: Apache-2.0

"""The guest's kernel and root file system, from Debian's packages.

Nothing is installed, mounted or run as root: packages are fetched with apt,
and what is needed is taken out of them.
"""

import glob
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile

from harness import apt
from harness import errors
from harness import files
from hypervisor.selftest import cpio

_BUSYBOX_PACKAGE = 'busybox-static'
_MODULES = ('virtio', 'virtio_ring', 'virtio_pci_modern_dev',
            'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk')
_INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'init.sh')


def make(cache):
    """Return (kernel, initramfs), made if the cache does not have them."""
    with open(_INIT, 'rb') as file:
        init = file.read()
    folder = os.path.join(cache, 'guest-' + _name(init))
    if not os.path.isdir(folder):
        with files.draft_folder(folder) as draft:
            _make(draft, init)
    return (os.path.join(folder, 'vmlinuz'),
            os.path.join(folder, 'initramfs'))


def _name(init):
    return hashlib.sha256(repr((init, _MODULES)).encode()).hexdigest()[:16]


def _make(folder, init):
    """Write vmlinuz and initramfs into a folder."""
    archive = cpio.Archive()
    for name in ('bin', 'dev', 'modules'):
        archive.add_folder(name)
    archive.add_character_device('dev/console', 5, 1)
    archive.add_file('init', init, 0o755)
    with _Packages() as packages:
        archive.add_file('bin/busybox', packages.read(
            _BUSYBOX_PACKAGE, r'\./bin/busybox')['busybox'], 0o755)
        wanted = r'\./(boot/vmlinuz-.*|.*/(%s)\.ko)' % '|'.join(_MODULES)
        found = packages.read(apt.kernel(), wanted)
    for name in sorted(found):
        if name.startswith('vmlinuz'):
            _write(os.path.join(folder, 'vmlinuz'), found[name])
        else:
            archive.add_file('modules/' + name, found[name])
    missing = [name for name in _MODULES if name + '.ko' not in found]
    if missing:
        raise errors.Error('the kernel package has no modules %s'
                           % ' '.join(missing))
    _write(os.path.join(folder, 'initramfs'),
           gzip.compress(archive.content(), 6))


def _write(path, content):
    with open(path, 'wb') as file:
        file.write(content)
    os.chmod(path, 0o644)


class _Packages:
    """Files of packages that are fetched but not installed."""

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix='ovs-selftest-packages-')
        # apt fetches as a user of its own, who must get in there
        os.chmod(self._folder, 0o755)
        return self

    def __exit__(self, *error):
        shutil.rmtree(self._folder)

    def read(self, package, wanted):
        """Return {base name: content} of a package's files."""
        apt.fetch([package], self._folder, None)
        path, = glob.glob(os.path.join(self._folder, package + '_*.deb'))
        tar = subprocess.run(['dpkg-deb', '--fsys-tarfile', path],
                             stdout=subprocess.PIPE, check=True)
        with tarfile.open(fileobj=io.BytesIO(tar.stdout)) as archive:
            return {os.path.basename(member.name):
                    archive.extractfile(member).read()
                    for member in archive
                    if member.isfile() and re.fullmatch(wanted, member.name)}
