# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Frozen):
    """cinder-scheduler is frozen."""

    program = 'c-sch'
