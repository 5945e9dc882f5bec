# SPDX-License-Identifier: Apache-2.0

"""The processes of a testbed, a row each."""

import time

from ovs_doctor import procfs
from ovs_testbed import sandbox

COLUMNS = ('service', 'state', 'pid', 'memory MiB', 'up for s', 'log')


def rows(testbed):
    """The rows of the table, and one for all together."""
    box = sandbox.Sandbox(testbed)
    known = box.supervisor.all()
    shares = {}
    for pid in box.processes():
        shares[pid] = memory(pid)
    table = []
    for name, info in sorted(known.items()):
        pid = info['pid']
        members = procfs.family(pid) if pid else []
        table.append((
            name, info['statename'].lower(), pid or '',
            _mib(sum(shares.get(member, 0) for member in members)),
            int(time.time() - info['start']) if pid else '',
            testbed.log(name)))
    table.append(('all %d processes' % len(shares),
                  'TLS ' + testbed.tls, '', _mib(sum(shares.values())), '',
                  testbed.path('log')))
    return table


def memory(pid):
    """A process's share of memory in bytes: what it alone uses, and its part
    of what it uses with others."""
    try:
        with open('/proc/%d/smaps_rollup' % pid) as stream:
            for line in stream:
                if line.startswith('Pss:'):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _mib(size):
    return round(size / (1 << 20))
