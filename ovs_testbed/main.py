# SPDX-License-Identifier: Apache-2.0

"""The command ``ovs-testbed``."""

import logging
import os
import signal
import sys

from cliff import app
from cliff import commandmanager

from ovs_testbed import commands
from ovs_testbed import release

DESCRIPTION = (
    'A running OpenStack with the Open vStorage Edge drivers on it, on this '
    'machine, without a change to its own services. "up" makes one, "check" '
    'tests it, "down" removes it.')
_COMMANDS = {'up': commands.Up, 'down': commands.Down,
             'status': commands.Status, 'check': commands.Check,
             'logs': commands.Logs, 'openrc': commands.Openrc,
             'shell': commands.Shell, 'doctor': commands.Doctor,
             'releases': commands.Releases, 'clean': commands.Clean,
             'upgrade': commands.Upgrade, 'restart': commands.Restart,
             'request': commands.Request}


class TestbedApp(app.App):
    """The application."""

    NAME = 'ovs-testbed'
    LOG = logging.getLogger('ovs_testbed')

    def __init__(self):
        manager = commandmanager.CommandManager('ovs_testbed')
        for name, command in _COMMANDS.items():
            manager.add_command(name, command)
        super().__init__(DESCRIPTION, release.DEFAULT, manager,
                         deferred_help=True)

    def configure_logging(self):
        """The libraries' words belong into no summary."""
        super().configure_logging()
        for name in 'keystoneauth', 'openstack', 'urllib3', 'stevedore':
            logging.getLogger(name).setLevel(logging.ERROR)


def main(argv=None):
    # servers of this machine are reached without a proxy
    os.environ['no_proxy'] = os.environ['NO_PROXY'] = '127.0.0.1,localhost'
    os.umask(0o022)
    # a background job begins with Ctrl-C ignored; CI ends a job with TERM
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, signal.default_int_handler)
    argv = sys.argv[1:] if argv is None else argv
    # Without a command cliff would begin a dialogue.
    return TestbedApp().run(argv or ['--help'])


if __name__ == '__main__':
    sys.exit(main())
