# SPDX-License-Identifier: Apache-2.0

"""Keystone, with its paste file."""

from ovs_testbed import cloud
from ovs_testbed.services import keystone


class Service(keystone.Service):

    #: keystonemiddleware asks at the last one
    interfaces = cloud.INTERFACES + ('admin',)

    def configure(self):
        self.copy_from_environment('keystone-paste.ini')
        super().configure()

    def options(self):
        return dict(super().options(), paste_deploy={
            'config_file': self.conf('keystone-paste.ini')})
