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
"""Starts and stops a process of a testbed for the plugin's scripts.

``python -m ovs_testbed.process FOLDER start|stop SERVICE [WORD...]``
"""

import os
import sys

from ovs_testbed import errors
from ovs_testbed import supervisor
from ovs_testbed import testbed as testbeds


def main(folder, verb, service, *command):
    testbed = testbeds.load(os.path.basename(folder),
                            os.path.dirname(folder))
    keeper = supervisor.Supervisor(testbed)
    try:
        if verb == 'start':
            keeper.start(supervisor.Program(
                service, list(command), umask='022', env={
                    'PATH': os.environ['PATH'], 'HOME': '/root',
                    'LANG': 'C.UTF-8'}))
        else:
            keeper.stop(service)
    except (errors.TestbedError, OSError) as error:
        sys.exit('ERROR %s %s: %s' % (verb, service, error))


if __name__ == '__main__':
    main(*sys.argv[1:])
