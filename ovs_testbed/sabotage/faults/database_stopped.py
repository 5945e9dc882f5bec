# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import fault


class Fault(fault.Stopped):
    """The database does not run."""

    service = 'database'
    programs = ('mariadbd',)
