# SPDX-License-Identifier: Apache-2.0

"""The ports of a testbed: a block of its own.

Everything listens on 127.0.0.1 in the network namespace of the testbed, so
that two never collide; the APIs are at the same ports of this machine's own
127.0.0.1 too, and there they may. A block is taken by making the namespace
that carries its number: that can succeed only once on a machine.
"""

import os
import re
import socket
import subprocess

from harness import errors

#: below the range that Linux gives out for outgoing connections
BLOCKS = range(20000, 32000, 100)
NAMESPACES = '/run/netns'

#: what is reachable from outside of the testbed
OUTSIDE = {'keystone': 0, 'glance': 1, 'placement': 2, 'neutron': 3,
           'nova': 4, 'cinder': 5, 'barbican': 6}
_INSIDE = {'database': 10, 'messaging': 11, 'messaging-peers': 12,
           'messaging-names': 13, 'ovn-northbound': 14, 'ovn-southbound': 15}
#: the first vPool's; each further one has those that are higher by 10
_VPOOL = {'edge': 20, 'xml-rpc': 21}


class Ports:
    """The number of each port by its name."""

    def __init__(self, base):
        self.base = base
        self._offsets = dict(OUTSIDE, **_INSIDE, **_VPOOL)

    def __getitem__(self, name):
        return self.base + self._offsets[name]

    def outside(self):
        return {name: self[name] for name in OUTSIDE}


def claim(base=None):
    """Take a free block of ports, or the one that begins with ``base``."""
    if base:
        _check_base(base)
        taken = taken_ports(base)
        if taken:
            raise errors.Error(taken_message(taken),
                               hint='stop what listens there, or take '
                                    'another --base-port')
        if not _take(base):
            raise errors.Error(
                'the ports from %d on belong to another testbed' % base,
                hint='take another --base-port, or none')
        return base
    for base in BLOCKS:
        if not os.path.exists(os.path.join(NAMESPACES, namespace(base))) \
                and not taken_ports(base) and _take(base):
            return base
    raise errors.Error('no block of ports is free',
                       hint='"ip netns list" shows the testbeds of '
                            'this machine; take one down')


def _check_base(base):
    if not 1024 <= base <= 65400:
        raise errors.Error('%d cannot be the first of a hundred ports'
                           % base, hint='take one from 1024 to 65400')


def namespace(base):
    return 'ovs-testbed-%d' % base


def taken_blocks():
    """The network namespaces of all testbeds of this machine."""
    if not os.path.isdir(NAMESPACES):
        return []
    return sorted(name for name in os.listdir(NAMESPACES)
                  if re.fullmatch(r'ovs-testbed-\d+', name))


def _take(base):
    made = subprocess.run(['ip', 'netns', 'add', namespace(base)],
                          capture_output=True, text=True)
    if made.returncode and 'File exists' not in made.stderr:
        raise errors.Error(
            'a network namespace cannot be made: %s' % made.stderr.strip(),
            hint='a testbed needs root and the right to make namespaces; a '
                 'container has to be privileged')
    return made.returncode == 0


def taken_ports(base):
    """The ports of a block that are taken on this machine."""
    return [port for port in Ports(base).outside().values() if _taken(port)]


def _taken(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            return True
    return False


def taken_message(taken):
    return '; '.join('port %d is taken by %s' % (port, owner(port))
                     for port in taken)


def owner(port):
    """Name the listener on a port of this machine, as far as "ss" can."""
    answer = subprocess.run(
        ['ss', '-Hltnp', 'sport = :%d' % port], capture_output=True,
        text=True).stdout.split('users:')
    return answer[1].strip() if len(answer) > 1 else 'an unknown process'
