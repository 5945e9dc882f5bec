# SPDX-License-Identifier: Apache-2.0

"""Keeps the servers' taps up: ``python -m ovs_testbed.taps``.

os-vif adds a tap to the bridge, makes it and takes it up. ovs-vswitchd sees it
come, reads its flags, adds "promiscuous" and writes them back. Where os-vif
was in between, the tap is down from then on, and its server has no network.
"""

import re
import subprocess

_LINE = re.compile(r'\d+: (tap[\w-]+): <([\w,-]*)>')


def down_tap(line):
    """The tap that a line of "ip monitor" tells to be down, if it does."""
    found = _LINE.match(line)
    if found and 'UP' not in found[2].split(','):
        return found[1]
    return None


def main():
    with subprocess.Popen(['ip', '-oneline', 'monitor', 'link'],
                          stdout=subprocess.PIPE, text=True) as monitor:
        for line in monitor.stdout:
            name = down_tap(line)
            if name:
                print('taking %s up' % name, flush=True)
                # it may be gone by now: then there is nothing to do
                subprocess.run(['ip', 'link', 'set', 'dev', name, 'up'],
                               check=False)


if __name__ == '__main__':
    main()
