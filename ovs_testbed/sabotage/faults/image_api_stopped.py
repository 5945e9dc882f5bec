# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """The API of Glance does not run."""

    service = 'glance'
    programs = ('g-api',)
