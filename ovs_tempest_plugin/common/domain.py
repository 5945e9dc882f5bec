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
