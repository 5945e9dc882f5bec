# SPDX-License-Identifier: Apache-2.0

"""Make the guest's root file system."""

import os
import shutil

from harness import apt
from harness import run

_HERE = os.path.dirname(os.path.abspath(__file__))

_PACKAGES = (
    'busybox-static', 'dropbear-bin', 'e2fsprogs', 'util-linux', 'dosfstools',
    # the libraries of the programs below
    'libc6', 'libtomcrypt1', 'libtommath1', 'libgmp10', 'zlib1g', 'libcrypt1',
    'libcom-err2', 'libblkid1', 'libuuid1', 'libmount1', 'libsmartcols1',
    'libudev1', 'libselinux1', 'libpcre2-8-0', 'libtinfo6', 'libcap2',
)
#: by the names that Debian 12 and 13 give it
_EXT2 = ('libext2fs2', 'libext2fs2t64')
#: everything else is busybox
_PROGRAMS = (
    'usr/sbin/dropbear', 'usr/bin/dropbearkey', 'sbin/mke2fs', 'sbin/e2fsck',
    'sbin/resize2fs', 'sbin/blkid', 'bin/lsblk', 'sbin/fstrim',
    'sbin/mkfs', 'sbin/mkfs.fat',
)
_LINKS = {'mkfs.ext4': 'mke2fs', 'mkfs.ext3': 'mke2fs',
          'mkfs.ext2': 'mke2fs', 'fsck.ext4': 'e2fsck',
          'mkfs.vfat': 'mkfs.fat'}
_MODULES = (
    'virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_scsi', 'virtio_rng',
    'button', 'evdev', 'ata_piix', 'sr_mod', 'sd_mod', 'isofs', 'vfat',
    'nls_cp437', 'nls_ascii', 'nls_iso8859-1')


def packages():
    """Return the packages that the file system is made of."""
    return [*_PACKAGES, apt.first_known(_EXT2)]


def make_tree(tree, parts, log):
    """Put the root file system together in a folder."""
    shutil.copytree(os.path.join(_HERE, 'root'), tree)
    for folder in ('bin', 'sbin', 'usr/bin', 'usr/sbin', 'lib', 'lib64',
                   'dev', 'proc', 'sys', 'run', 'mnt', 'media', 'root',
                   'tmp', 'var/log', 'var/run', 'home', 'etc/dropbear'):
        os.makedirs(os.path.join(tree, folder), exist_ok=True)
    os.chmod(os.path.join(tree, 'tmp'), 0o1777)
    os.chmod(os.path.join(tree, 'etc', 'shadow'), 0o600)
    for program in _PROGRAMS:
        for target, source in parts.program(program).items():
            _copy(source, os.path.join(tree, target))
    for name, target in _LINKS.items():
        os.symlink(target, os.path.join(tree, 'sbin', name))
    # what the name service loads by itself
    for library in 'libnss_files.so.2', 'libnss_dns.so.2':
        _copy(parts.library(library), os.path.join(tree, 'lib', library))
    _copy_busybox(tree, parts)
    _copy_modules(tree, parts, log)


def _copy(source, target):
    if not os.path.exists(target):
        shutil.copy(source, target)


def _copy_busybox(tree, parts):
    """Copy busybox, with a link for everything that no program does."""
    busybox = parts.path('bin/busybox')
    _copy(busybox, os.path.join(tree, 'bin', 'busybox'))
    there = {name for folder in ('bin', 'sbin', 'usr/bin', 'usr/sbin')
             for name in os.listdir(os.path.join(tree, folder))}
    for name in set(run.output([busybox, '--list']).split()) - there:
        os.symlink('/bin/busybox', os.path.join(tree, 'bin', name))
    for name in 'init', 'getty', 'reboot', 'poweroff':
        os.symlink('/bin/busybox', os.path.join(tree, 'sbin', name))


def _copy_modules(tree, parts, log):
    """Copy kernel modules with all that they need."""
    home = parts.modules_folder()
    target = os.path.join(tree, 'lib', 'modules', os.path.basename(home))
    for path, content in parts.modules(_MODULES).items():
        os.makedirs(os.path.join(target, os.path.dirname(path)),
                    exist_ok=True)
        with open(os.path.join(target, path), 'wb') as stream:
            stream.write(content)
    for name in 'modules.order', 'modules.builtin':
        shutil.copy(os.path.join(home, name), target)
    run.run(['depmod', '--basedir', tree, os.path.basename(home)], log=log)
