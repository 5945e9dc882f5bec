# SPDX-License-Identifier: Apache-2.0

from ovs_testbed import services
from ovs_testbed.sabotage import fault

_STUCK = ("UPDATE cinder.volumes SET status='detaching', updated_at="
          "UTC_TIMESTAMP() - INTERVAL 1 HOUR WHERE display_name='sabotage' "
          "AND NOT deleted")


class Fault(fault.Fault):
    """A volume stays in "detaching" for an hour."""

    cause = '^volume .*: detaching for 36.. s; of project '
    hint = 'openstack volume set --state '

    def put_in(self):
        self.shell('openstack volume create --size 1 --type myvpool01 '
                   'sabotage')
        services.load(self.testbed)['database'].client(
            'mariadb', '--execute', _STUCK)

    def undo(self):
        self.shell('openstack volume delete --force sabotage')
