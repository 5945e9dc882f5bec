# SPDX-License-Identifier: Apache-2.0

"""The guest's kernel and root file system, from Debian's packages."""

import os
import shutil

from harness import apt
from harness import cache as caches
from harness import files
from harness import guest
from harness.guest import debian

_INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'init.sh')
_MODULES = ('virtio_pci', 'virtio_blk')


def make(cache):
    """Return (kernel, initramfs), made if the cache does not have them."""
    folder = os.path.join(cache, 'guest-' + _key())
    kernel, initramfs = (os.path.join(folder, name)
                         for name in ('vmlinuz', 'initramfs'))
    if not os.path.isdir(folder):
        with files.draft_folder(folder) as draft, debian.unpacked(
                ['busybox-static', apt.kernel()]) as parts:
            shutil.copy(parts.kernel(), os.path.join(draft, 'vmlinuz'))
            with open(os.path.join(draft, 'initramfs'), 'wb') as stream:
                stream.write(debian.initramfs(parts, _INIT, _MODULES))
    return kernel, initramfs


def _key():
    """Changes with the script and with what puts the guest together."""
    with open(_INIT) as stream:
        return caches.key_of(stream.read() +
                             caches.key_of_files(*guest.__path__))
