# SPDX-License-Identifier: Apache-2.0

"""Make the guest's initramfs and its root file system."""

import glob
import gzip
import os
import shutil
import subprocess

from harness import errors
from harness import run

_HERE = os.path.dirname(os.path.abspath(__file__))

PACKAGES = (
    'busybox-static', 'dropbear-bin', 'e2fsprogs', 'util-linux', 'dosfstools',
    # the libraries of the programs below
    'libc6', 'libtomcrypt1', 'libtommath1', 'libgmp10', 'zlib1g', 'libcrypt1',
    'libext2fs2', 'libcom-err2', 'libblkid1', 'libuuid1', 'libmount1',
    'libsmartcols1', 'libudev1', 'libselinux1', 'libpcre2-8-0',
)
#: everything else is busybox
_PROGRAMS = (
    'usr/sbin/dropbear', 'usr/bin/dropbearkey', 'sbin/mke2fs', 'sbin/e2fsck',
    'sbin/resize2fs', 'sbin/blkid', 'bin/lsblk', 'sbin/fstrim',
    'sbin/mkfs', 'sbin/mkfs.fat',
)
_LINKS = {'mkfs.ext4': 'mke2fs', 'mkfs.ext3': 'mke2fs',
          'mkfs.ext2': 'mke2fs', 'fsck.ext4': 'e2fsck',
          'mkfs.vfat': 'mkfs.fat'}
_LOADER = 'lib64/ld-linux-x86-64.so.2'
_INITRAMFS_MODULES = ('virtio_pci', 'virtio_blk')
_MODULES = _INITRAMFS_MODULES + (
    'virtio_net', 'virtio_scsi', 'virtio_rng', 'button', 'evdev', 'ata_piix',
    'sr_mod', 'sd_mod', 'isofs', 'vfat', 'nls_cp437', 'nls_ascii',
    'nls_iso8859-1')


def make_initramfs(work, packages, log):
    """Make the archive with what it takes to find the root file system."""
    tree = os.path.join(work, 'initramfs')
    for folder in 'bin', 'dev', 'proc', 'sys', 'root':
        os.makedirs(os.path.join(tree, folder))
    _copy_busybox(tree, packages)
    _copy_modules(tree, packages, _INITRAMFS_MODULES, log)
    shutil.copy(os.path.join(_HERE, 'initramfs-init'),
                os.path.join(tree, 'init'))
    names = subprocess.run(['find', '.', '-print0'], cwd=tree,
                           capture_output=True, check=True).stdout
    archive = subprocess.run(
        ['cpio', '--create', '--format=newc', '--null', '--quiet',
         '--owner=0:0'], cwd=tree, input=names, capture_output=True,
        check=True).stdout
    target = os.path.join(work, 'initrd')
    with gzip.open(target, 'wb', compresslevel=6) as stream:
        stream.write(archive)
    return target


def make_tree(tree, packages, log):
    """Put the root file system together in a folder."""
    shutil.copytree(os.path.join(_HERE, 'root'), tree)
    for folder in ('bin', 'sbin', 'usr/bin', 'usr/sbin', 'lib', 'lib64',
                   'dev', 'proc', 'sys', 'run', 'mnt', 'media', 'root',
                   'tmp', 'var/log', 'var/run', 'home', 'etc/dropbear'):
        os.makedirs(os.path.join(tree, folder), exist_ok=True)
    os.chmod(os.path.join(tree, 'tmp'), 0o1777)
    os.chmod(os.path.join(tree, 'etc', 'shadow'), 0o600)
    for program in _PROGRAMS:
        _copy_program(tree, packages, program)
    for name, target in _LINKS.items():
        os.symlink(target, os.path.join(tree, 'sbin', name))
    _copy_busybox(tree, packages)
    _copy_modules(tree, packages, _MODULES, log)
    # what the name service loads by itself
    for library in 'libnss_files.so.2', 'libnss_dns.so.2':
        _copy_library(tree, packages, library)


def _copy_busybox(tree, packages):
    """Copy busybox, with a link for everything that no program does."""
    busybox = os.path.join(packages, 'bin', 'busybox')
    shutil.copy(busybox, os.path.join(tree, 'bin', 'busybox'))
    there = {name for folder in ('bin', 'sbin', 'usr/bin', 'usr/sbin')
             for name in _listdir(os.path.join(tree, folder))}
    for name in run.run([busybox, '--list']).split():
        if name not in there:
            os.symlink('/bin/busybox', os.path.join(tree, 'bin', name))
    if os.path.isdir(os.path.join(tree, 'sbin')):
        for name in 'init', 'getty', 'reboot', 'poweroff':
            os.symlink('/bin/busybox', os.path.join(tree, 'sbin', name))


def _listdir(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []


def _copy_program(tree, packages, program):
    """Copy a program and the libraries that it names."""
    source = os.path.join(packages, program)
    shutil.copy(source, os.path.join(tree, program))
    _copy_needs(tree, packages, source)
    loader = os.path.join(tree, _LOADER)
    if not os.path.exists(loader):
        shutil.copy(os.path.join(packages, _LOADER), loader)


def _copy_needs(tree, packages, binary):
    for line in run.run(['readelf', '--dynamic', binary]).splitlines():
        if '(NEEDED)' in line:
            _copy_library(tree, packages, line.split('[')[1].rstrip(']'))


def _copy_library(tree, packages, name):
    target = os.path.join(tree, 'lib', name)
    if name.startswith('ld-linux') or os.path.exists(target):
        return
    found = glob.glob(os.path.join(packages, '**', name), recursive=True)
    if not found:
        raise errors.Error('no package of the guest has %s' % name)
    shutil.copy(os.path.realpath(found[0]), target)
    _copy_needs(tree, packages, target)


def _copy_modules(tree, packages, wanted, log):
    """Copy kernel modules with all that they need."""
    source, = glob.glob(os.path.join(packages, 'lib', 'modules', '*'))
    version = os.path.basename(source)
    if not os.path.exists(os.path.join(source, 'modules.dep')):
        run.run(['depmod', '--basedir', packages, version], log=log)
    needs = _read_needs(os.path.join(source, 'modules.dep'))
    for name in wanted:
        path = needs['paths'].get(name.replace('-', '_'))
        # what is no module is built in
        for item in [path] + needs['needs'].get(path, []) if path else []:
            target = os.path.join(tree, 'lib', 'modules', version, item)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(source, item), target)
    for name in 'modules.order', 'modules.builtin':
        shutil.copy(os.path.join(source, name),
                    os.path.join(tree, 'lib', 'modules', version))
    run.run(['depmod', '--basedir', tree, version], log=log)


def _read_needs(path):
    """Read modules.dep: where each module is, and which it needs."""
    paths, needs = {}, {}
    with open(path) as stream:
        for line in stream:
            item, others = line.split(':')
            name = os.path.basename(item).split('.')[0].replace('-', '_')
            paths[name] = item
            needs[item] = others.split()
    return {'paths': paths, 'needs': needs}
