# SPDX-License-Identifier: Apache-2.0

"""Programs with commands, as ``git`` has them, of the standard library only.

``PROGRAM COMMAND --help`` and ``PROGRAM help COMMAND`` print the docstring of
the command.
"""

import argparse
import inspect


class Command(object):
    """A command of a program."""

    def add_arguments(self, parser):
        """Add the command's own arguments."""

    def run(self, arguments):
        """Do the work and return the exit code; None is 0."""
        raise NotImplementedError


def make_parser(program, description, version, commands):
    """Return the ArgumentParser of a program.

    :param commands: pairs of a name and a Command
    """
    layout = {'formatter_class': argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(program, description=description,
                                     **layout)
    parser.add_argument('--version', action='version',
                        version='%s %s' % (program, version))
    subparsers = parser.add_subparsers(title='commands', metavar='COMMAND')
    for name, command in commands:
        text = inspect.getdoc(command)
        child = subparsers.add_parser(
            name, description=text, help=text.partition('\n')[0].rstrip('.'),
            **layout)
        command.add_arguments(child)
        child.set_defaults(command=command)
    return parser


def parse(parser, words):
    """Return the arguments; without any, print the help."""
    words = list(words)
    if words[:1] == ['help']:
        words = words[1:] + ['--help']
    return parser.parse_args(words or ['--help'])
