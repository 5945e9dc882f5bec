# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A guest in a libvirt domain, and a conversation with its shell."""

import os
import re
import select
import socket
import time
from xml.sax import saxutils

from hypervisor.selftest import waiting

_BOOT_SECONDS = 240
_COMMAND_SECONDS = 120
# What the kernel writes when a disk fails it.
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


class Guest:
    """A guest without a disk of its own: kernel and initramfs.

    :param daemon: a PrivateLibvirtd
    :param folder: an existing folder for its console and its socket
    :param image: (kernel, initramfs)
    """

    def __init__(self, daemon, folder, image, disk):
        self.name = 'openvstorage-selftest-%d' % os.getpid()
        self.console = os.path.join(folder, 'console.log')
        self._daemon = daemon
        self._folder = folder
        self._image = image
        self._disk = disk
        self._channel = None
        self._received = b''
        self._number = 0

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
        self._channel = socket.socket(socket.AF_UNIX)
        self._channel.connect(path)
        self._read_until(rb'ready\n', _BOOT_SECONDS, 'the guest to boot')

    def close(self):
        if self._channel:
            self._channel.close()

    def virsh(self, command, *arguments):
        return self._daemon.virsh(command, *arguments)

    def virsh_here(self, command, *arguments):
        """The same for a command whose first argument is the domain."""
        return self.virsh(command, self.name, *arguments)

    def ask(self, command, seconds=_COMMAND_SECONDS):
        """Return what a command in the guest prints; it must succeed."""
        self._number += 1
        self._channel.sendall(b'%d %s\n' % (self._number, command.encode()))
        text, code = self._read_until(
            rb'end %d (\d+)\n' % self._number, seconds,
            'the guest to do: ' + command)
        if code != b'0':
            raise waiting.Problem('in the guest "%s" ended with code %s: %s'
                                  % (command, code.decode(), text))
        return text.strip()

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

    def _read_until(self, pattern, seconds, what):
        """Return (text before, first group) of what the guest says."""
        deadline = time.monotonic() + seconds
        while True:
            # a serial line ends lines as it likes
            clean = self._received.replace(b'\r', b'')
            match = re.search(pattern, clean)
            if match:
                self._received = clean[match.end():]
                return (clean[:match.start()].decode(errors='replace'),
                        match.group(1) if match.groups() else None)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._channel], [], [],
                                              left)[0]:
                raise waiting.Problem(
                    'waited %d s for %s; it said %r'
                    % (seconds, what, clean.decode(errors='replace')[-200:]))
            received = self._channel.recv(65536)
            if not received:
                raise waiting.Problem('the guest ended while waiting for %s'
                                      % what)
            self._received += received
