# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """The API of Neutron does not run."""

    service = 'neutron'
    programs = ('neutron-api',)
