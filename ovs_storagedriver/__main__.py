# SPDX-License-Identifier: Apache-2.0

import sys

from ovs_storagedriver import main

if __name__ == '__main__':
    sys.exit(main.main())
