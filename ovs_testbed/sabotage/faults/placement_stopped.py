# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """Placement does not run."""

    service = 'placement'
    programs = ('placement-api',)
