# SPDX-License-Identifier: Apache-2.0

"""Cinder lets a service alone detach a volume that a server has, since
https://bugs.launchpad.net/nova/+bug/2004555."""

from ovs_testbed.sabotage import roles


class Fault(roles.Removed):
    """The role "service" of the user "nova" is removed."""

    user = 'nova'
    role = 'service'
