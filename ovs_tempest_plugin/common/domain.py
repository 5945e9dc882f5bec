# SPDX-License-Identifier: Apache-2.0

"""The disks of a libvirt domain."""

import shlex
import subprocess
from xml.etree import ElementTree

from tempest import config

CONF = config.CONF


class VirshError(Exception):
    """virsh did not say what a domain looks like."""


def disks(name):
    """The <disk> elements of the running domain NAME."""
    command = shlex.split(CONF.openvstorage.virsh) + [
        '--readonly', '--connect', CONF.openvstorage.libvirt_uri, 'dumpxml',
        name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    xml, errors = process.communicate()
    if process.returncode != 0:
        raise VirshError('%s: %s' % (' '.join(command),
                                     errors.decode('utf-8', 'replace')))
    return ElementTree.fromstring(xml).findall('./devices/disk')


def disk_of(name, volume_id):
    """The <disk> with the serial VOLUME_ID, None if there is none."""
    for disk in disks(name):
        if disk.findtext('serial') == volume_id:
            return disk
    return None
