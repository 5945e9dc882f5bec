# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import roles


class Fault(roles.Removed):
    """The role "admin" of the user "glance" is removed."""

    user = 'glance'
