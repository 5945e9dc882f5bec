# SPDX-License-Identifier: Apache-2.0

"""Ask whether a storagedriver of a vPool answers; say why not.

The vPool's options come from standard input, as OPTION=VALUE.
"""

import sys

from ovs_drivers import storagedriver


def main():
    options = dict(line.rstrip('\n').split('=', 1) for line in sys.stdin)
    try:
        storagedriver.from_options(options, timeout=5).volume_ids()
    except (storagedriver.StorageDriverError, ValueError) as error:
        print('%s: %s' % (type(error).__name__, error))
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
