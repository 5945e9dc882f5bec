# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Frozen):
    """nova-conductor is frozen."""

    program = 'n-cond'
