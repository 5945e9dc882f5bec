# SPDX-License-Identifier: Apache-2.0

"""bin/test: makes what the project's tests need, runs them, counts."""

import argparse
import asyncio
import signal
import sys

from tests.runner import legs
from tests.runner import prepare
from tests.runner import runs

_HELP = '''\
Runs the project's own tests, all of them or the layers named. Everything they
need is made first: Debian packages (apt, with sudo unless root), and Python
environments in a cache folder, which later runs use again.
'''
_ENDING = '''\
layers:
%s

environment:
  OVS_CACHE     the cache folder (~/.cache/devstack-plugin-openvstorage)
  OVS_PYTHON27  a Python 2.7; without it one on the PATH or in pyenv is taken,
                and where there is none it is made

The logs are in .cache/test, the results in .cache/test/junit as JUnit XML.

exit codes: 0 all passed, 1 a test failed or none was run, 2 wrong arguments,
or the machine cannot be prepared, 130 stopped
'''


def list_layers():
    """Return a line for each layer: its name and what it is."""
    return '\n'.join('  %-13s %s' % (name, what)
                     for name, what, _ in legs.LAYERS)


def parse(argv):
    parser = argparse.ArgumentParser(
        prog='bin/test', description=_HELP, epilog=_ENDING % list_layers(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('layers', nargs='*', metavar='LAYER[:LEG]',
                        help='a layer, or one leg of it')
    parser.add_argument('--list', action='store_true',
                        help='print the layers')
    parser.add_argument('--repeat', type=int, default=1, metavar='N',
                        help='run each leg N times, and print how often it '
                             'passed')
    arguments = parser.parse_args(argv)
    if arguments.repeat < 1:
        parser.error('--repeat %d: give a number from 1' % arguments.repeat)
    return arguments


def chosen(names):
    """Return layer and leg for each leg that is named; without names, for
    all but those that want to be named."""
    unknown = set(names)
    found = []
    for layer, _, its in legs.LAYERS:
        for leg in its:
            fitting = {layer, '%s:%s' % (layer, leg.name)}.intersection(names)
            unknown -= fitting
            if fitting or not names and not leg.only_named:
                found.append((layer, leg))
    if unknown:
        raise prepare.Failure("there is no layer '%s'; bin/test --list names "
                              'them' % min(unknown))
    return found


def main(argv=None):
    """Run the tests; return the exit status."""
    arguments = parse(argv)
    if arguments.list:
        print(list_layers())
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        these = chosen(arguments.layers)
        prepare.prepare()
        return asyncio.run(runs.run(these, arguments.repeat))
    except prepare.Failure as failure:
        print('bin/test: %s' % failure, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print('bin/test: stopped', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
