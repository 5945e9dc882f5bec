# SPDX-License-Identifier: Apache-2.0

"""The disks of the testbed's guest, as its serial console tells them.

It is all that can be known of a guest without a network.
"""

import re

_LINE = re.compile(r'guest: disk (added|resized|removed): '
                   r'(\w+)(?: (\d+) (\S+))?')


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
