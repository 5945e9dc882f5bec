# SPDX-License-Identifier: Apache-2.0

"""The checks, in the order in which they are carried out."""

import hashlib
import json
import os
import pwd
import shutil
import time

from harness import errors
from harness import run
from harness import wait
from hypervisor.builder import prefix as prefixes
from hypervisor.selftest import guest
from hypervisor.selftest import guest_image
from hypervisor.selftest import libvirtd

_MIB = 1 << 20
_SECTOR = 512
_BLOCK = 65536
_BLOCKS = 64            # that the guest writes over and over
_TOOL_SECONDS = 120
_OUTAGE_SECONDS = 3
_MONITOR_SECONDS = 1.0
# A machine that does much else may be slow once, not every time.
_MONITOR_TRIES = 5


class Checks:
    """The base of the checks.

    :param prefix: where QEMU and libvirt are installed
    :param folder: an empty folder for files and logs
    :param storage: a storage.Storage that serves
    :param cache: a folder that keeps the guest's kernel
    """

    def __init__(self, prefix, folder, storage, cache):
        self._prefix = prefix
        self._folder = folder
        self._storage = storage
        self._cache = cache
        self._daemon = None
        self._guest = None

    def close(self):
        """End what is still running."""
        if self._guest:
            self._guest.close()
        if self._daemon:
            self._daemon.__exit__()

    # what is not a check

    def _path(self, name):
        return os.path.join(self._folder, name)

    def _tool(self, name, *arguments):
        return run.run([os.path.join(self._prefix, 'bin', name), *arguments],
                       timeout=_TOOL_SECONDS)

    def _image(self, *arguments):
        return self._tool('qemu-img', *arguments)

    def _random_file(self, name, size):
        """Make a file; return its path and checksum."""
        content = os.urandom(size)
        with open(self._path(name), 'wb') as file:
            file.write(content)
        return self._path(name), hashlib.sha256(content).hexdigest()

    def _read_volume(self, volume):
        """Return what a volume holds, read by another client."""
        path = self._path('read-back')
        self._image('convert', '-U', self._storage.location(volume), path,
                    '-O', 'raw')
        with open(path, 'rb') as file:
            content = file.read()
        os.unlink(path)
        return content

    def _volume_checksum(self, volume, begin, size):
        content = self._read_volume(volume)[begin:begin + size]
        return hashlib.sha256(content).hexdigest()

    def _size(self, location):
        return json.loads(self._image('info', '--output=json',
                                      location))['virtual-size']

    def _write_in_guest(self, serial, begin, size):
        """Let the guest write random data; return its checksum of it."""
        self._guest.ask('dd if=/dev/urandom of=/tmp/data bs=64k count=%d '
                        'iflag=fullblock' % (size // _BLOCK))
        self._guest.ask(
            'dd if=/tmp/data of=$(disk %s) bs=64k seek=%d '
            'conv=fsync,notrunc' % (serial, begin // _BLOCK))
        return self._guest.ask('sha256sum </tmp/data').split()[0]

    def _read_in_guest(self, serial, begin, size):
        """Return the guest's checksum of what it reads from the disk."""
        self._guest.ask('echo 3 >/proc/sys/vm/drop_caches')
        return self._guest.ask(
            'dd if=$(disk %s) bs=64k skip=%d count=%d iflag=fullblock '
            '2>/dev/null | sha256sum' % (serial, begin // _BLOCK,
                                         size // _BLOCK)).split()[0]

    # the checks

    def programs(self):
        """QEMU and libvirt start and know the protocol"""
        version = self._tool('qemu-system-x86_64', '--version')
        if 'openvstorage' not in self._image('--help').split():
            raise errors.Error('qemu-img does not know openvstorage')
        return version.splitlines()[0]

    def images(self):
        """qemu-img create, convert in, convert out, resize"""
        location = self._storage.location('images')
        path, wanted = self._random_file('image', 5 * _MIB + 12288)
        self._image('create', location, '8M')
        _must_be('the size of a new volume', self._size(location), 8 * _MIB)
        self._image('convert', '-n', '-O', 'raw', path, location)
        self._image('convert', location, self._path('out'), '-O', 'raw')
        with open(self._path('out'), 'rb') as file:
            content = file.read()
        _must_be('the checksum of what was written',
                 hashlib.sha256(content[:5 * _MIB + 12288]).hexdigest(),
                 wanted)
        _must_be('what is behind it', content[5 * _MIB + 12288:].strip(b'\0'),
                 b'')
        self._image('resize', location, '16M')
        _must_be('the size after resize', self._size(location), 16 * _MIB)
        _must_be('the checksum after resize', self._volume_checksum(
            'images', 0, 5 * _MIB + 12288), wanted)

    def refusals(self):
        """qemu-img names what it cannot open"""
        for location, words in (
                (self._storage.location('no-such-volume'), 'no-such-volume'),
                ('openvstorage+tcp:127.0.0.1:1/volume', '127.0.0.1')):
            try:
                self._image('info', location)
            except errors.CommandFailed as problem:
                if words not in problem.said:
                    raise errors.Error('the message does not name %s: %s'
                                       % (words, problem.said))
            else:
                raise errors.Error('%s could be opened' % location)

    def daemon(self):
        """libvirtd of the prefix starts and finds this QEMU"""
        self._daemon = libvirtd.PrivateLibvirtd(
            self._prefix, self._folder,
            user=prefixes.Prefix(self._prefix).qemu_user())
        try:
            self._daemon.__enter__()
        except BaseException:
            self._daemon = None
            raise
        emulator = os.path.join(self._prefix, 'bin', 'qemu-system-x86_64')
        text = self._daemon.virsh('domcapabilities', '--virttype', 'qemu',
                                  '--arch', 'x86_64')
        if '<path>%s</path>' % emulator not in text:
            raise errors.Error('libvirtd uses another emulator than %s'
                               % emulator)
        return self._daemon.virsh('version').splitlines()[-1].strip()

    def boot(self):
        """virsh create --validate: a guest boots with a volume"""
        # the cache is private
        image = [shutil.copy(path, self._folder)
                 for path in guest_image.make(self._cache)]
        path, wanted = self._random_file('first', 2 * _MIB)
        location = self._storage.location('first')
        self._image('create', location, '16M')
        self._image('convert', '-n', '-O', 'raw', path, location)
        self._guest = guest.Guest(
            self._daemon, self._folder, image,
            guest.disk_xml(self._storage, 'first', 'vda'))
        try:
            self._guest.start()
        except BaseException:
            self._guest.close()
            self._guest = None
            raise
        _must_be('the checksum in the guest',
                 self._read_in_guest('first', 0, 2 * _MIB), wanted)

    def user(self):
        """QEMU runs as the user that qemu.conf names"""
        name = prefixes.Prefix(self._prefix).qemu_user()
        number = int(name) if name.startswith('+') else pwd.getpwnam(
            name).pw_uid
        path = self._path('var/run/libvirt/qemu/%s.pid' % self._guest.name)
        with open(path) as file:
            found = os.stat('/proc/%d' % int(file.read())).st_uid
        _must_be('the user of QEMU', found, number)
        return name

    def write(self):
        """the guest writes, another client reads it"""
        written = self._write_in_guest('first', 4 * _MIB, 2 * _MIB)
        _must_be('the checksum on the vPool',
                 self._volume_checksum('first', 4 * _MIB, 2 * _MIB), written)
        _must_be('the checksum in the guest',
                 self._read_in_guest('first', 4 * _MIB, 2 * _MIB), written)

    def attach(self):
        """a second volume is attached, used, detached"""
        self._image('create', self._storage.location('second'), '8M')
        xml = self._path('second.xml')
        with open(xml, 'w') as file:
            file.write(guest.disk_xml(self._storage, 'second', 'vdb'))
        self._guest.virsh_here('attach-device', xml, '--live')
        self._guest.ask('wait_for disk second')
        written = self._write_in_guest('second', 0, _MIB)
        self._guest.virsh_here('detach-device', xml, '--live')
        self._guest.ask('wait_for no_disk second')
        wait.until('the disk to leave the domain', lambda: (
            'second' not in self._guest.virsh_here('dumpxml'), 'it is there'),
            30)
        _must_be('the checksum after detach',
                 self._volume_checksum('second', 0, _MIB), written)

    def resize(self):
        """the guest sees a live resize"""
        self._guest.virsh_here('blockresize', 'vda', '%dB' % (32 * _MIB))
        sectors = 32 * _MIB // _SECTOR
        self._guest.ask(
            'disk=$(disk first); wait_for grep -qx %d '
            '/sys/block/${disk##*/}/size' % sectors)
        written = self._write_in_guest('first', 24 * _MIB, _MIB)
        _must_be('the checksum in the new part',
                 self._volume_checksum('first', 24 * _MIB, _MIB), written)

    def snapshot(self):
        """an external snapshot, and back with blockcommit --pivot"""
        before = self._read_in_guest('first', 4 * _MIB, 2 * _MIB)
        overlay = self._path('overlay.qcow2')
        self._guest.virsh_here(
            'snapshot-create-as', '--disk-only', '--no-metadata',
            '--diskspec', 'vda,snapshot=external,driver=qcow2,file='
            + overlay)
        written = self._write_in_guest('first', 8 * _MIB, _MIB)
        old = self._volume_checksum('first', 8 * _MIB, _MIB)
        if old == written:
            raise errors.Error('what was written behind the snapshot went '
                               'to the volume')
        _must_be('the checksum of what was there',
                 self._read_in_guest('first', 4 * _MIB, 2 * _MIB), before)
        self._guest.virsh_here('blockcommit', 'vda', '--active', '--pivot',
                               '--wait')
        if overlay in self._guest.virsh_here('domblklist'):
            raise errors.Error('the domain still uses the snapshot')
        _must_be('the checksum on the vPool',
                 self._volume_checksum('first', 8 * _MIB, _MIB), written)
        _must_be('the checksum in the guest',
                 self._read_in_guest('first', 8 * _MIB, _MIB), written)

    def outage(self):
        """kill -9 of the storagedriver under I/O: nothing is lost"""
        self._guest.ask('write_on $(disk first) %d >/dev/null 2>&1 &'
                        % _BLOCKS)
        self._await_writes(3)
        self._storage.kill()
        died = time.monotonic()
        slowest = self._slowest_monitor_answer()
        while time.monotonic() - died < _OUTAGE_SECONDS:
            # the guest itself must go on, too
            self._guest.ask('true')
        before = self._written()
        self._storage.start()
        self._await_writes(before + 3)
        self._guest.ask('touch /tmp/stop; wait_for test -e /tmp/stopped')
        self._guest.ask('! cat /tmp/failed 2>/dev/null')
        errors = self._guest.disk_errors()
        if errors:
            raise errors.Error('the guest saw: ' + errors[0])
        self._compare_blocks(self._written())
        return 'the monitor answered in %.2f s' % slowest

    def _slowest_monitor_answer(self):
        """Return it for several commands; a Problem if it is too slow."""
        slowest = 0
        for command in ('query-status', 'query-block', 'query-blockstats',
                        'query-named-block-nodes'):
            seconds = min(self._guest.monitor_seconds(command)
                          for _ in range(_MONITOR_TRIES))
            if seconds > _MONITOR_SECONDS:
                raise errors.Error(
                    'the monitor took %.1f s for %s while the storagedriver '
                    'was dead' % (seconds, command))
            slowest = max(slowest, seconds)
        return slowest

    def _written(self):
        return int(self._guest.ask('cat /tmp/written 2>/dev/null || echo 0'))

    def _await_writes(self, count):
        def probe():
            written = self._written()
            return written >= count, '%d written' % written
        wait.until('the guest to write %d blocks' % count, probe, 120)

    def _compare_blocks(self, count):
        """Every block must be the last one that the guest wrote there."""
        content = self._read_volume('first')
        for number in range(max(0, count - _BLOCKS), count):
            begin = number % _BLOCKS * _BLOCK
            line = b'block %d of the self-test\n' % number
            wanted = (line * (_BLOCK // len(line) + 1))[:_BLOCK]
            if content[begin:begin + _BLOCK] != wanted:
                raise errors.Error('block %d was written and is not there'
                                   % number)

    def end(self):
        """everything ends, the vPool is sound"""
        self._guest.virsh_here('destroy')
        self._storage.check()


def _must_be(what, found, wanted):
    if found != wanted:
        raise errors.Error('%s is %s, not %s' % (what, found, wanted))


# name of the method, and what it cannot do without: another one, or root
ORDER = (
    ('programs', None),
    ('images', None),
    ('refusals', None),
    ('daemon', 'root'),
    ('boot', 'daemon'),
    ('user', 'boot'),
    ('write', 'boot'),
    ('attach', 'boot'),
    ('resize', 'boot'),
    ('snapshot', 'boot'),
    ('outage', 'boot'),
    ('end', 'boot'),
)
