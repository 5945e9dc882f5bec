# SPDX-License-Identifier: Apache-2.0

"""The disks of the testbed's guest, as its serial console tells them.

It is all that can be known of a guest without a network.
"""

import re

from ovs_tempest_plugin.common import waiting

_LINE = re.compile(r'guest: disk (added|resized|removed): '
                   r'(\w+)(?: (\d+) (\S+))?')
_LOGIN = re.compile(r'login: *$', re.MULTILINE)


def tells_disks(what, show, timeout):
    """Find out whether a guest tells its disks, as soon as it has booted.

    :param what: the guest, in words
    :param show: returns what its console has said
    :param timeout: seconds for the boot
    """
    def probe():
        output = show()
        probe.tells = bool(_LINE.search(output))
        return (probe.tells or bool(_LOGIN.search(output)),
                'the console says %r' % output[-200:])

    waiting.wait_for(
        'the console of %s to tell a disk or to ask for a login (hint: set '
        '[openvstorage] guest_tells_disks to false if it never does)' % what,
        probe, timeout)
    return probe.tells


def disks(output):
    """The size by serial of the disks that are there after all that was said.

    The kernel counts its time from the boot.
    """
    found = {}
    for line in output.splitlines():
        if 'Linux version' in line:
            found = {}
        match = _LINE.search(line)
        if match:
            what, name, size, serial = match.groups()
            found.pop(name, None)
            if what != 'removed':
                found[name] = (serial, int(size))
    return dict(found.values())
