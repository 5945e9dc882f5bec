# SPDX-License-Identifier: Apache-2.0

"""The command ``ovs-storagedriver``."""

import importlib.metadata
import logging
import sys

from cliff import app
from cliff import commandmanager

from ovs_storagedriver import commands

DISTRIBUTION = 'devstack-plugin-openvstorage'
DESCRIPTION = (
    'The embedded storagedriver: serves vPools of Open vStorage Edge volumes '
    'from folders of this machine. "serve --data DIR" is all that is needed '
    'to begin; "help serve" has the rest.')


class StorageDriverApp(app.App):
    """Commands that end with the exit code of the error that stopped them."""

    NAME = 'ovs-storagedriver'
    LOG = logging.getLogger('ovs_storagedriver')

    def __init__(self):
        manager = commandmanager.CommandManager('ovs_storagedriver')
        for command in (commands.Check, commands.List, commands.Serve,
                        commands.Status):
            manager.add_command(command.__name__.lower(), command)
        manager.add_command('tls-init', commands.TlsInit)
        super().__init__(DESCRIPTION, _version(), manager,
                         deferred_help=True)
        self.error = None

    def clean_up(self, cmd, result, err):
        self.error = err

    def run(self, argv):
        result = super().run(argv)
        return getattr(self.error, 'exit_code', result)


def _version():
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return 'not installed'


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    # Without a command cliff would begin a dialogue.
    return StorageDriverApp().run(argv or ['--help'])


if __name__ == '__main__':
    sys.exit(main())
