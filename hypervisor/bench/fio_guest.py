# SPDX-License-Identifier: Apache-2.0

"""fio in a guest with two virtio disks: a raw file and a volume.

The guest is the self-test's, started without libvirt, with what Nova asks
for: cache=none, native AIO for the file, one iothread.
"""

import os
import shutil
import subprocess

import fio_image

from harness import errors
from harness import wait
from hypervisor.selftest import guest_image
from hypervisor.selftest import shell

_SECONDS = 2            # of a measurement
# A KVM that is there but does not run a guest is found out after this.
_KVM_BOOT_SECONDS = 30
_TCG_BOOT_SECONDS = 240


class Guest(shell.Shell):
    """A guest that runs.

    :param program: qemu-system-x86_64
    :param folder: an existing folder for its files
    :param cache: a folder that keeps kernel and fio
    :param disks: {serial: options of -blockdev}
    """

    def __init__(self, program, folder, cache, disks):
        super().__init__()
        self._program, self._folder, self._disks = program, folder, disks
        self._process = None
        self._kernel, initramfs = guest_image.make(cache)
        self._initramfs = os.path.join(folder, 'initramfs')
        with open(self._initramfs, 'wb') as joined:
            for part in fio_image.make(cache), initramfs:
                with open(part, 'rb') as file:
                    shutil.copyfileobj(file, joined)

    def __enter__(self):
        """Start it, with KVM if that works."""
        if os.access('/dev/kvm', os.R_OK | os.W_OK):
            try:
                self._start('kvm', _KVM_BOOT_SECONDS)
                return self
            except errors.Error as problem:
                print('\n/dev/kvm is there, but does not run a guest: %s'
                      % problem)
                self.__exit__()
        self._start('tcg', _TCG_BOOT_SECONDS)
        return self

    def __exit__(self, *_):
        self.close()
        self._process.kill()
        self._process.wait()

    def _start(self, accelerator, seconds):
        self.accelerator = accelerator
        path = os.path.join(self._folder, accelerator)
        log = path + '.log'
        with open(log, 'wb') as said:
            self._process = subprocess.Popen(
                self._command(accelerator, path),
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        wait.until('QEMU to start', lambda: (
            os.path.exists(path), 'it does not listen'), 60,
            lambda: self._check_running(log), log)
        self.connect(path, seconds)

    def _check_running(self, log):
        if self._process.poll() is not None:
            with open(log, errors='replace') as said:
                raise errors.Error('QEMU: ' + said.read().strip())

    def _command(self, accelerator, path):
        command = [
            self._program, '-nodefaults', '-display', 'none', '-no-reboot',
            '-machine', 'pc', '-accel', accelerator, '-m', '512',
            '-cpu', 'host' if accelerator == 'kvm' else 'max',
            '-kernel', self._kernel, '-initrd', self._initramfs,
            '-append', 'console=ttyS0 panic=-1 quiet',
            '-serial', 'file:%s.console' % path,
            '-serial', 'unix:%s,server=on,wait=off' % path,
            '-object', 'iothread,id=iothread1']
        for serial, options in self._disks.items():
            command += [
                '-blockdev', 'node-name=%s,cache.direct=on,cache.no-flush=off,'
                '%s' % (serial, options),
                '-device', 'virtio-blk-pci,drive=%s,serial=%s,'
                'iothread=iothread1' % (serial, serial)]
        return command


class Target:
    """A disk in the guest, as edge/bench/bench.py measures."""

    def __init__(self, name, guest, serial):
        self.name, self._guest = name, guest
        self._device = guest.ask('disk ' + serial)

    def seconds(self, size, kind, depth, count):
        """Return the seconds of COUNT requests, from those of less time."""
        said = self._guest.ask(
            'fio --name=bench --filename=%s --ioengine=libaio --direct=1 '
            '--thread --rw=%s --bs=%d --iodepth=%d --time_based --runtime=%d '
            '--randrepeat=1 --output-format=terse --terse-version=3' % (
                self._device, ('' if size >= 65536 else 'rand') + kind, size,
                depth, _SECONDS))
        fields = said.splitlines()[-1].split(';')
        # "terse output" in fio's manual: operations per second
        return count / float(fields[7 if kind == 'read' else 48])
