# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """The storagedriver does not run."""

    service = 'ovs-sd'
    programs = ('ovs-sd',)
