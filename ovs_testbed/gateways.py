# SPDX-License-Identifier: Apache-2.0

"""Gives OVN's routers their gateways: ``python -m ovs_testbed.gateways DB``.

Pike's networking-ovn names the host of a router's gateway by an option of the
port, "redirect-chassis". OVN no longer reads that: it has a table of them.
"""

import json
import subprocess
import sys

_OPTION = 'redirect-chassis'


def missing(line):
    """Yield the ports and hosts that a line of "ovsdb-client monitor" has."""
    for _row, action, port, options in json.loads(line)['data']:
        chassis = dict(options[1]).get(_OPTION) if options else None
        if chassis and action in ('initial', 'insert', 'new'):
            yield port, chassis


def main():
    database = sys.argv[1]
    with subprocess.Popen(
            ['ovsdb-client', '--format=json', 'monitor', database,
             'OVN_Northbound', 'Logical_Router_Port', 'name,options'],
            stdout=subprocess.PIPE, text=True) as monitor:
        for line in monitor.stdout:
            for port, chassis in missing(line):
                print('gateway of %s: %s' % (port, chassis), flush=True)
                # the port may be gone by now: then there is nothing to do
                subprocess.run(['ovn-nbctl', '--db=' + database,
                                'lrp-set-gateway-chassis', port, chassis],
                               check=False)


if __name__ == '__main__':
    main()
