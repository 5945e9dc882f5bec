# SPDX-License-Identifier: Apache-2.0

"""A vPool and a domain for the tests of what libvirt does to running disks."""

import json
import os
import subprocess
import time
from xml.etree import ElementTree

import documents

SECONDS = 60


class Failure(Exception):
    """A tool of QEMU failed; the text is what it printed."""


class VPool:
    """An engine, with what users do to its volumes by hand."""

    def __init__(self, prefix, engine):
        self._bin = os.path.join(prefix, 'bin')
        self.host, self.port = engine.address

    def location(self, volume):
        return 'openvstorage+tcp:%s:%d/%s' % (self.host, self.port, volume)

    def source(self, volume, more=''):
        return ("<source protocol='openvstorage' name='%s'>"
                "<host name='%s' port='%d'/>%s</source>"
                % (volume, self.host, self.port, more))

    def qemu_img(self, *arguments):
        return self._run('qemu-img', *arguments)

    def create(self, volume, size='16M'):
        self.qemu_img('create', '-f', 'raw', self.location(volume), size)
        return volume

    def size(self, volume):
        return json.loads(self.qemu_img(
            'info', '-f', 'raw', '--output', 'json',
            self.location(volume)))['virtual-size']

    def has(self, volume, pattern, offset, size='64k'):
        """Say whether the volume has that pattern there."""
        return self.image_has('raw', self.location(volume), pattern, offset,
                              size)

    def image_has(self, driver, image, pattern, offset, size='64k'):
        output = self._run('qemu-io', '-r', '-U', '-f', driver, '-c',
                           'read -P %d %s %s' % (pattern, offset, size), image)
        return 'Pattern verification failed' not in output

    def encrypted_has(self, volume, key, pattern, offset, size='64k'):
        """The same of what an encrypted volume holds; KEY is a file's path."""
        output = self._run(
            'qemu-io', '-r', '-U', '--object', 'secret,id=key,file=%s' % key,
            '-c', 'read -P %d %s %s' % (pattern, offset, size),
            '--image-opts', 'driver=luks,key-secret=key,'
            'file.driver=openvstorage,file.transport=tcp,file.host=%s,'
            'file.port=%d,file.volume=%s' % (self.host, self.port, volume))
        return 'Pattern verification failed' not in output

    def _run(self, program, *arguments):
        done = subprocess.run(
            [os.path.join(self._bin, program), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=SECONDS)
        # qemu-io ends with 1 when a pattern is not there
        if done.returncode != 0 and 'Pattern' not in done.stdout:
            raise Failure(done.stdout)
        return done.stdout


class Guest:
    """A domain that runs no operating system; its disks are on a SCSI bus.

    SCSI disks are unplugged without the guest's consent.
    """

    def __init__(self, daemon, prefix, folder, name='openvstorage-guest'):
        self.daemon, self.folder, self.name = daemon, folder, name
        self.emulator = os.path.join(prefix, 'bin', 'qemu-system-x86_64')

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def create(self, *disks):
        self.daemon.virsh('create', '--validate', '--paused', self.file(
            'domain.xml',
            documents.domain(self.name, self.emulator, *disks)))

    def destroy(self):
        if self.name in self.daemon.virsh('list', '--name').split('\n'):
            self.daemon.virsh('destroy', self.name)

    def virsh(self, command, *arguments):
        return self.daemon.virsh(command, self.name, *arguments)

    def attach(self, disk):
        self.virsh('attach-device', self.file('disk.xml', disk), '--live')

    def disk(self, target='sda'):
        """Return the live XML of a disk as an element."""
        domain = ElementTree.fromstring(self.virsh('dumpxml'))
        return domain.find("devices/disk/target[@dev='%s']/.." % target)

    def targets(self):
        return [line.split()[0]
                for line in self.virsh('domblklist').split('\n') if line]

    def qmp(self, command, **arguments):
        text = self.virsh('qemu-monitor-command', json.dumps(
            {'execute': command, 'arguments': arguments}))
        return json.loads(text)['return']

    def secrets(self):
        """Return the names of the secrets that QEMU holds."""
        return {item['name']
                for item in self.qmp('qom-list', path='/objects')
                if item['type'] == 'child<secret>'}

    def wait_for_jobs(self):
        deadline = time.monotonic() + SECONDS
        while 'None' not in self.virsh('domjobinfo'):
            assert time.monotonic() < deadline, self.virsh('domjobinfo')
            time.sleep(0.05)

    def write(self, pattern, offset, size='64k', disk=0):
        """Write as the disk of that number does it for the guest.

        QEMU says nothing of what became of it: look at the volume.
        """
        self.io('write -P %d %s %s' % (pattern, offset, size), disk)
        self.io('flush', disk)

    def io(self, command, disk=0):
        """Carry out a command of qemu-io on the disk of that number."""
        self.virsh('qemu-monitor-command', '--hmp',
                   'qemu-io -d scsi0-0-0-%d "%s"' % (disk, command))


def scsi_disk(source, target='sda', lun=0, driver="type='raw' cache='none'"):
    return documents.disk(
        source, "<target dev='%s' bus='scsi'/>" % target,
        driver="<driver name='qemu' %s/>" % driver,
        more="<address type='drive' controller='0' bus='0' target='0' "
             "unit='%d'/>" % lun)
