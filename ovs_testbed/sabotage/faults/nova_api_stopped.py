# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """The API of Nova does not run."""

    service = 'nova'
    programs = ('n-api',)
