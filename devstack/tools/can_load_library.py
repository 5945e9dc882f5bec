# SPDX-License-Identifier: Apache-2.0

"""Find out whether the drivers can load the library, from the folder that is
named or from those that the drivers know."""

import sys

from ovs_drivers import edge

if __name__ == '__main__':
    edge.load_library((sys.argv[1],) + edge.LIBRARY_FOLDERS)
