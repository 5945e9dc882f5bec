# SPDX-License-Identifier: Apache-2.0

"""Keeps the servers' taps up and connected:
``python -m ovs_testbed.taps SWITCH``, the database of Open vSwitch.

os-vif adds a tap to the bridge, makes it and takes it up. ovs-vswitchd sees it
come, reads its flags, adds "promiscuous" and writes them back. Where os-vif
was in between, the tap is down from then on, and its server has no network.

A soft reboot makes another tap with the same name. Up to 2025.1, Nova leaves
the port of the bridge as it is, and ovs-vswitchd, which moves packets itself
here, goes on with the tap that is gone: the port is made again.
"""

import re
import subprocess
import sys

_LINE = re.compile(r'(?P<index>\d+): (?P<name>tap[\w-]+): '
                   r'<(?P<flags>[\w,-]*)>')
_BRIDGE = 'br-int'
#: what OVN notes itself
_OF_OVN = re.compile(r',? *ovn-[\w-]+="?[^",}]*"?')


class Taps:
    """What is known of the taps.

    :param port: returns the id of the port that a tap has in the switch, or ''
    :param take_up: takes a tap up
    :param renew: makes the port of a tap again
    """

    def __init__(self, port, take_up, renew):
        self._port = port
        self._take_up = take_up
        self._renew = renew
        self._known = {}    # name: the tap's index, and the port's id

    def note(self, line):
        """Do what a line of "ip monitor" calls for."""
        found = _LINE.match(line)
        if not found:
            return
        name, index = found['name'], found['index']
        if 'UP' not in found['flags'].split(','):
            self._take_up(name)
        known_index, known_port = self._known.get(name, (index, ''))
        port = self._port(name)
        if index != known_index and port and port == known_port:
            self._renew(name)
            port = self._port(name)
        self._known[name] = index, port


class Switch:
    """The ports of Open vSwitch."""

    def __init__(self, database):
        self._command = ['ovs-vsctl', '--db=' + database]

    def _ask(self, *words):
        return subprocess.run(self._command + list(words), check=False,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def port(self, name):
        return self._ask('--bare', '--columns=_uuid', 'find', 'interface',
                         'name=' + name)

    def renew(self, name):
        print('connecting %s again' % name, flush=True)
        ids = self._ask('get', 'interface', name, 'external_ids')
        # two transactions: in one the switch would see no change
        self._ask('del-port', _BRIDGE, name)
        self._ask('add-port', _BRIDGE, name, '--', 'set', 'interface', name,
                  'external_ids=' + _OF_OVN.sub('', ids))


def take_up(name):
    print('taking %s up' % name, flush=True)
    # it may be gone by now: then there is nothing to do
    subprocess.run(['ip', 'link', 'set', 'dev', name, 'up'], check=False)


def main():
    switch = Switch(sys.argv[1])
    taps = Taps(switch.port, take_up, switch.renew)
    with subprocess.Popen(['ip', '-oneline', 'monitor', 'link'],
                          stdout=subprocess.PIPE, text=True) as monitor:
        for line in monitor.stdout:
            taps.note(line)


if __name__ == '__main__':
    main()
