# SPDX-License-Identifier: Apache-2.0

"""Starts and stops a process of a testbed for the plugin's scripts.

``python -m ovs_testbed.process FOLDER start|stop SERVICE [WORD...]``
"""

import os
import sys

from harness import errors
from ovs_testbed import supervisor
from ovs_testbed import testbeds


def main(folder, verb, service, *command):
    testbed = testbeds.load(os.path.basename(folder),
                            os.path.dirname(folder))
    supervisord = supervisor.Supervisor(testbed)
    try:
        if verb == 'start':
            supervisord.start(supervisor.Program(
                service, list(command), umask='022', env={
                    'PATH': os.environ['PATH'], 'HOME': '/root',
                    'LANG': 'C.UTF-8'}))
        else:
            supervisord.stop(service)
    except (errors.Error, OSError) as error:
        sys.exit('ERROR %s %s: %s' % (verb, service, error))


if __name__ == '__main__':
    main(*sys.argv[1:])
