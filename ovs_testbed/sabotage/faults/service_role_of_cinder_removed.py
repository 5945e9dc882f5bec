# SPDX-License-Identifier: Apache-2.0

from ovs_testbed.sabotage import roles


class Fault(roles.Removed):
    """The role "service" of the user "cinder" is removed."""

    user = 'cinder'
    role = 'service'
