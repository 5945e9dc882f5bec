# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """The message queue does not run."""

    service = 'messaging'
    programs = ('rabbitmq',)
