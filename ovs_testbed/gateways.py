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
