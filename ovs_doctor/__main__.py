# SPDX-License-Identifier: Apache-2.0

"""``python3 -m ovs_doctor``, from a checkout."""

import sys

from ovs_doctor import main

sys.exit(main.main())
