# SPDX-License-Identifier: Apache-2.0

"""Makes the guest image, without mounting anything."""

import os
import shutil
import struct
import tempfile

from harness import apt
from harness import cache
from harness import guest
from harness import run
from harness.guest import debian
from ovs_testbed.guest import rootfs

_HERE = os.path.dirname(os.path.abspath(__file__))
_INIT = os.path.join(_HERE, 'initramfs-init')
_INITRAMFS_MODULES = ('virtio_pci', 'virtio_blk')
_MIB = 1 << 20
_SECTOR = 512
_BOOT_START, _BOOT_SIZE = 1, 24  # MiB
_ROOT_SIZE = 32  # MiB
_MBR = '/usr/lib/SYSLINUX/mbr.bin'
_FAT16, _LINUX = 0x0e, 0x83
_SYSLINUX = """\
SERIAL 0 115200
DEFAULT linux
PROMPT 0
TIMEOUT 1
LABEL linux
  KERNEL vmlinuz
  INITRD initrd
  APPEND console=tty0 console=ttyS0,115200 net.ifnames=0 quiet panic=5 \
no_timer_check mitigations=off random.trust_cpu=on nokaslr edd=off \
tsc=reliable init_on_alloc=0 cryptomgr.notests audit=0 lsm=capability
"""


def path(testbed):
    """Where the image is, by what it is made from."""
    return testbed.cache.path('guest-%s.qcow2' % _key())


def is_there(testbed):
    return os.path.exists(path(testbed))


def _key():
    """Changes with every file that makes the guest."""
    return cache.key_of_files(_HERE, *guest.__path__)


def make(testbed):
    """Download the packages, put the image together."""
    log = testbed.log('guest')
    target = path(testbed)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with tempfile.TemporaryDirectory(
            dir=os.path.dirname(target), prefix='guest-') as work, \
            debian.unpacked([*rootfs.packages(), apt.kernel()], log) as parts:
        boot = _make_boot_partition(work, parts, log)
        root = _make_root_partition(work, parts, log)
        disk = os.path.join(work, 'disk')
        _join(disk, boot, root)
        draft = os.path.join(work, 'qcow2')
        run.run(['qemu-img', 'convert', '-c', '-f', 'raw', '-O', 'qcow2',
                 disk, draft], log=log)
        os.replace(draft, target)
    return '%d MiB' % (os.path.getsize(target) >> 20)


def _make_boot_partition(work, parts, log):
    """A FAT16 file system with syslinux, the kernel and its initramfs."""
    target, initrd, config = (os.path.join(work, name) for name in (
        'boot', 'initrd', 'syslinux.cfg'))
    with open(initrd, 'wb') as stream:
        stream.write(debian.initramfs(parts, _INIT, _INITRAMFS_MODULES))
    with open(config, 'w') as stream:
        stream.write(_SYSLINUX)
    _allocate(target, _BOOT_SIZE)
    run.run(['mkfs.fat', '-F', '16', '-n', 'BOOT', '-h',
             str(_BOOT_START * _MIB // _SECTOR), target], log=log)
    run.run(['syslinux', '--install', target], log=log)
    for source, name in ((parts.kernel(), 'vmlinuz'), (initrd, 'initrd'),
                         (config, 'syslinux.cfg')):
        run.run(['mcopy', '-i', target, source, '::' + name], log=log)
    return target


def _make_root_partition(work, parts, log):
    """An ext4 file system with everything that the guest runs."""
    target = os.path.join(work, 'root')
    tree = os.path.join(work, 'tree')
    rootfs.make_tree(tree, parts, log)
    _allocate(target, _ROOT_SIZE)
    run.run(['mke2fs', '-q', '-t', 'ext4', '-L', 'guest', '-m', '0', '-d',
             tree, target], log=log)
    return target


def _allocate(target, size):
    with open(target, 'wb') as stream:
        stream.truncate(size * _MIB)


def _join(disk, boot, root):
    """Write a disk with a master boot record and two partitions."""
    start = _BOOT_START * _MIB
    second = start + os.path.getsize(boot)
    with open(_MBR, 'rb') as stream:
        code = stream.read(440)
    entries = _entry(True, _FAT16, start, boot) + _entry(
        False, _LINUX, second, root)
    with open(disk, 'wb') as stream:
        stream.write(code.ljust(446, b'\0') + entries.ljust(64, b'\0') +
                     b'\x55\xaa')
        for offset, part in ((start, boot), (second, root)):
            stream.seek(offset)
            with open(part, 'rb') as source:
                shutil.copyfileobj(source, stream)


def _entry(active, kind, start, part):
    """A line of the partition table, addressed by blocks alone."""
    return struct.pack(
        '<B3sB3sII', 0x80 if active else 0, b'\xfe\xff\xff', kind,
        b'\xfe\xff\xff', start // _SECTOR, os.path.getsize(part) // _SECTOR)
