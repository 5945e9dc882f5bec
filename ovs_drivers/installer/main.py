# SPDX-License-Identifier: Apache-2.0

"""Entry point of ``ovs-drivers``."""

import argparse
import signal
import sys

from cliff import app
from cliff import commandmanager

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
or no interpreter; 4 not writable; 5 unknown layout; 6 changed by somebody
else; 7 releases do not match; 8 does not import, put back; 9 another
ovs-drivers is at work; 10 (check) not or only partly installed; 11 others
than its owner may write there.
"""

_VERBS = {'detect': commands.Detect, 'check': commands.Check,
          'install': commands.Install, 'uninstall': commands.Uninstall,
          'diff': commands.Diff, 'patch': commands.Patch}


class Installer(app.App):
    """The application."""

    def __init__(self):
        manager = commandmanager.CommandManager('ovs_drivers.commands')
        for name, verb in _VERBS.items():
            manager.add_command(name, verb)
        super(Installer, self).__init__(
            description=_HELP, command_manager=manager, deferred_help=True,
            version=probe.find_version('ovs_drivers') or 'unknown')

    def build_option_parser(self, description, version, argparse_kwargs=None):
        """Keep the line breaks of the help."""
        kwargs = dict(argparse_kwargs or {},
                      formatter_class=argparse.RawDescriptionHelpFormatter)
        return super(Installer, self).build_option_parser(
            description, version, kwargs)


def main(argv=None):
    """Run a command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    # A termination is an error like any other: what was begun is undone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return Installer().run(arguments or ['--help'])


if __name__ == '__main__':
    sys.exit(main())
