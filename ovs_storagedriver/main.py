# SPDX-License-Identifier: Apache-2.0

"""The command ``ovs-storagedriver``."""

import importlib.metadata
import logging
import sys

from ovs_drivers import command_line
from ovs_storagedriver import commands

LOG = logging.getLogger(__name__)

DISTRIBUTION = 'devstack-plugin-openvstorage'
DESCRIPTION = (
    'The embedded storagedriver: serves vPools of Open vStorage Edge volumes\n'
    'from folders of this machine. "serve --data DIR" is all that is needed\n'
    'to begin; "help serve" has the rest.')
FILE_LOG_FORMAT = '[%(asctime)s] %(levelname)-8s %(name)s %(message)s'

_COMMANDS = [('serve', commands.Serve()), ('status', commands.Status()),
             ('list', commands.List()), ('check', commands.Check()),
             ('tls-init', commands.TlsInit())]


def _parser():
    parser = command_line.make_parser('ovs-storagedriver', DESCRIPTION,
                                      _version(), _COMMANDS)
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument('-v', '--verbose', action='store_true',
                        help='log each call, also those that only ask, and '
                             'each request to the engine')
    volume.add_argument('-q', '--quiet', action='store_true',
                        help='log warnings and errors only')
    parser.add_argument('--log-file', metavar='FILE',
                        help='write the whole log into this file, too')
    parser.add_argument('--debug', action='store_true',
                        help='show where in the code an error arose')
    return parser


def _version():
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return 'not installed'


def _set_up_log(arguments):
    handlers = [logging.StreamHandler()]
    handlers[0].setLevel(logging.DEBUG if arguments.verbose else
                         logging.WARNING if arguments.quiet else logging.INFO)
    if arguments.log_file:
        handlers.append(logging.FileHandler(arguments.log_file))
        handlers[1].setFormatter(logging.Formatter(FILE_LOG_FORMAT))
    logging.basicConfig(level=logging.DEBUG, format='%(message)s',
                        handlers=handlers, force=True)


def main(argv=None):
    """Run a command and return its exit code."""
    arguments = command_line.parse(_parser(),
                                   sys.argv[1:] if argv is None else argv)
    _set_up_log(arguments)
    try:
        return arguments.command.run(arguments) or 0
    except Exception as error:
        LOG.error('%s', error, exc_info=arguments.debug)
        return getattr(error, 'exit_code', 1)


if __name__ == '__main__':
    sys.exit(main())
