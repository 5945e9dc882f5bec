# SPDX-License-Identifier: Apache-2.0

"""A guest in a libvirt domain."""

import os
import re
import time
from xml.sax import saxutils

from hypervisor.selftest import shell

# Lines of the kernel about a disk that fails.
_DISK_ERRORS = re.compile(r'I/O error|critical .* error|timed out',
                          re.IGNORECASE)

_DOMAIN = '''<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initramfs}</initrd>
    <cmdline>console=ttyS0 panic=-1 quiet</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>{prefix}/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='{console}'/><target port='0'/></serial>
    <serial type='unix'><source mode='bind' path='{socket}'/>
      <target port='1'/></serial>
    <memballoon model='none'/>
{disk}
  </devices>
</domain>
'''
_DISK = '''<disk type='network' device='disk'>
  <driver name='qemu' type='raw' cache='none'/>
  <source protocol='openvstorage' name='{volume}' snapshot-timeout='120'>
    <host name='{host}' port='{port}' transport='tcp'/>
  </source>
  <target dev='{target}' bus='virtio'/>
  <serial>{volume}</serial>
</disk>
'''


def disk_xml(storage, volume, target):
    return _DISK.format(volume=saxutils.escape(volume), host=storage.host,
                        port=storage.port, target=target)


class Guest(shell.Shell):
    """A guest without a disk of its own: kernel and initramfs.

    :param daemon: a PrivateLibvirtd
    :param folder: an existing folder for its console and its socket
    :param image: (kernel, initramfs)
    """

    def __init__(self, daemon, folder, image, disk):
        super().__init__()
        self.name = 'openvstorage-selftest-%d' % os.getpid()
        self.console = os.path.join(folder, 'console.log')
        self._daemon = daemon
        self._folder = folder
        self._image = image
        self._disk = disk

    def start(self):
        """Create the domain; return when its shell answers."""
        path = os.path.join(self._folder, 'serial')
        xml = os.path.join(self._folder, 'domain.xml')
        with open(xml, 'w') as file:
            file.write(_DOMAIN.format(
                name=self.name, kernel=self._image[0],
                initramfs=self._image[1], prefix=self._daemon.prefix,
                console=self.console, socket=path, disk=self._disk))
        self.virsh('create', '--validate', xml)
        self.connect(path)

    def virsh(self, command, *arguments):
        return self._daemon.virsh(command, *arguments)

    def virsh_here(self, command, *arguments):
        """The same for a command whose first argument is the domain."""
        return self.virsh(command, self.name, *arguments)

    def monitor_seconds(self, command):
        """Return how long QEMU's monitor takes to answer a command."""
        started = time.monotonic()
        self.virsh_here('qemu-monitor-command', '{"execute":"%s"}' % command)
        return time.monotonic() - started

    def disk_errors(self):
        """Return the lines in which the guest's kernel blames a disk."""
        with open(self.console, errors='replace') as file:
            return [line.strip() for line in file
                    if _DISK_ERRORS.search(line)]
