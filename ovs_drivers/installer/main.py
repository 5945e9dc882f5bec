# SPDX-License-Identifier: Apache-2.0

"""Entry point of ``ovs-drivers``."""

import signal
import sys

from ovs_drivers import command_line
from ovs_drivers.installer import commands
from ovs_drivers.installer import probe

_HELP = """\
Installs the Open vStorage Edge drivers into Cinder, Nova and os-brick
(Newton to 2026.2), checks them, and takes them out again.

  ovs-drivers detect      which environments are there
  ovs-drivers diff        what would change
  ovs-drivers install     change it
  ovs-drivers check       is all in place and does it import
  ovs-drivers uninstall   put everything back

Exit codes: 0 done; 1 unexpected error; 2 wrong arguments; 3 no environment
or no interpreter; 4 not writable; 5 unknown layout; 6 changed by another
tool; 7 releases do not match; 8 does not import, put back; 9 another
ovs-drivers runs; 10 (check) not or only partly installed; 11 others than its
owner may write there.
"""

_VERBS = [('detect', commands.Detect()), ('check', commands.Check()),
          ('install', commands.Install()),
          ('uninstall', commands.Uninstall()), ('diff', commands.Diff()),
          ('patch', commands.Patch())]


def main(argv=None):
    """Run a command and return its exit code."""
    parser = command_line.make_parser(
        'ovs-drivers', _HELP, probe.find_version('ovs_drivers') or 'unknown',
        _VERBS)
    arguments = command_line.parse(
        parser, sys.argv[1:] if argv is None else argv)
    # A termination is an error like any other: what was begun is undone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return arguments.command.run(arguments)


if __name__ == '__main__':
    sys.exit(main())
