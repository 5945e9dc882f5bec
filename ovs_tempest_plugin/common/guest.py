# SPDX-License-Identifier: Apache-2.0

"""A server that tests talk to over SSH, and its disks as it sees them."""

import collections
import socket

from tempest.common.utils.linux import remote_client
from tempest import config
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import login
from ovs_tempest_plugin.common import patterns
from ovs_tempest_plugin.common import waiting

CONF = config.CONF

# virtio-blk tells this many characters of a serial
SERIAL_LENGTH = 20
_LIST_DISKS = ('for d in /sys/block/[vs]d*; do echo "${d##*/} '
               '$(cat $d/size) $(cat $d/serial 2>/dev/null || true)"; done')
_NOTE = '/tmp/ovs-note'
_SSH = 22
_BOOT_ID = 'cat /proc/sys/kernel/random/boot_id'

Disk = collections.namedtuple('Disk', ['name', 'size', 'serial'])


class Guest(object):
    """The system that runs in a server.

    :param server: the server, as Nova's API shows it
    :param access: key and floating IP, from Resources.server()
    """

    def __init__(self, server, access, servers_client):
        self.id = server['id']
        key = access.get('keypair') or {}
        self._address = _address(server, access)
        self._remote = remote_client.RemoteClient(
            self._address, CONF.validation.image_ssh_user,
            CONF.validation.image_ssh_password, key.get('private_key'),
            server=server, servers_client=servers_client)
        self._login = login.Login(self._remote.ssh_client)

    def wait_for_boot(self, last_boot_id=None):
        """Wait for a boot, another one than the one named; return its id."""
        def probe():
            # what was logged in to may be gone without a word
            self._login.forget()
            try:
                # Tempest's client would wait longer after each refusal.
                socket.create_connection((self._address, _SSH), 1).close()
                boot_id = self._run(_BOOT_ID).strip()
            except (lib_exc.SSHTimeout,
                    lib_exc.SSHExecCommandFailed) as error:
                return False, '%s' % error
            except login.ERRORS as error:
                return False, login.explain(error)
            return boot_id != last_boot_id, boot_id

        return waiting.wait_for('server %s to boot' % self.id, probe,
                                CONF.validation.ssh_timeout)

    # Disks

    def disks(self):
        return parse_disks(self._run(_LIST_DISKS))

    def disk_of(self, volume_id):
        """The disk with the serial of the volume, None if there is none."""
        for disk in self.disks():
            if disk.serial == volume_id[:SERIAL_LENGTH]:
                return disk
        return None

    def wait_for_disk(self, volume_id, size):
        """Wait until the guest sees the volume with SIZE bytes."""
        def probe():
            disks = self.disks()
            probe.found = [disk for disk in disks if (disk.serial, disk.size)
                           == (volume_id[:SERIAL_LENGTH], size)]
            return bool(probe.found), disks

        waiting.wait_for('a disk of %d bytes with the serial of volume %s in '
                         'server %s' % (size, volume_id, self.id), probe,
                         CONF.volume.build_timeout)
        return probe.found[0].name

    def wait_for_no_disk(self, volume_id):
        def probe():
            disk = self.disk_of(volume_id)
            return disk is None, disk

        waiting.wait_for('the disk of volume %s to leave server %s'
                         % (volume_id, self.id), probe,
                         CONF.volume.build_timeout)

    def write(self, disk, token, mib=0):
        """Write what TOKEN stands for at that MiB, down to the volume."""
        self._run('%s | sudo dd of=/dev/%s bs=%d seek=%d conv=notrunc,fsync'
                  % (patterns.shell_command(token), disk, patterns.BYTES,
                     mib))

    def md5(self, disk, mib=0):
        """The MD5 of that MiB as the volume has it, not the guest's cache."""
        return self._run('sync; echo 3 | sudo tee /proc/sys/vm/drop_caches '
                         '>/dev/null && sudo dd if=/dev/%s bs=%d skip=%d '
                         'count=1 2>/dev/null | md5sum'
                         % (disk, patterns.BYTES, mib)).split()[0]

    # A note on the root disk

    def leave_note(self, text):
        self._run('echo %s | sudo tee %s >/dev/null; sync' % (text, _NOTE))

    def read_note(self):
        return self._run('cat %s' % _NOTE).strip()

    def _run(self, command):
        return self._remote.exec_command(command)


def parse_disks(text):
    """Read lines of name, sectors of 512 bytes and, maybe, a serial."""
    disks = []
    for line in text.splitlines():
        words = line.split()
        if len(words) in (2, 3):
            disks.append(Disk(words[0], int(words[1]) * 512,
                              words[2] if len(words) == 3 else ''))
    return disks


def _address(server, access):
    if access.get('floating_ip'):
        return access['floating_ip']['ip']
    wanted = CONF.validation.network_for_ssh
    networks = server['addresses']
    addresses = networks.get(wanted) or sum(networks.values(), [])
    for address in addresses:
        if address['version'] == CONF.validation.ip_version_for_ssh:
            return address['addr']
    raise lib_exc.TempestException(
        'server %s has no address of IPv%d: %s'
        % (server['id'], CONF.validation.ip_version_for_ssh, networks))
