# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Frozen):
    """The message queue is frozen."""

    program = 'rabbitmq'
