# SPDX-License-Identifier: Apache-2.0

"""The command line of the long form of a suite."""

import argparse
import random


def arguments(description, **counts):
    """Return what the user wants; print the seed, which repeats the run.

    :param counts: the options and their defaults
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in counts.items():
        parser.add_argument('--' + name, type=type(default), default=default,
                            help='default: %(default)s')
    parser.add_argument('--seed', type=int,
                        default=random.SystemRandom().randrange(1 << 30),
                        help='repeats the run that printed it')
    found = parser.parse_args()
    print('seed %d' % found.seed, flush=True)
    return found
