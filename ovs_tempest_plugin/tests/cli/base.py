# SPDX-License-Identifier: Apache-2.0

"""The commands cinder and nova, as a user types them."""

import os
import sys

from tempest import config
from tempest.lib.cli import base as cli_base
from tempest.lib.cli import output_parser

from ovs_tempest_plugin.tests import base

CONF = config.CONF


class CliTest(base.BaseTest):

    commands = ('cinder',)

    @classmethod
    def skip_checks(cls):
        super(CliTest, cls).skip_checks()
        for command in cls.commands:
            path = os.path.join(cls.folder(), command)
            cls.skip_without(os.path.exists(path),
                             'there is no %s: set [openvstorage] cli_dir'
                             % path)

    @classmethod
    def resource_setup(cls):
        super(CliTest, cls).resource_setup()
        cls.user = cls.shell(cls.os_primary)
        cls.admin = cls.shell(cls.os_admin)

    @staticmethod
    def folder():
        return CONF.openvstorage.cli_dir or os.path.dirname(sys.executable)

    @classmethod
    def shell(cls, clients):
        """The commands with the credentials of a user."""
        user = clients.credentials
        return cli_base.CLIClient(
            username=user.username, password=user.password,
            tenant_name=user.project_name, uri=CONF.identity.uri_v3,
            user_domain_name=user.user_domain_name,
            project_domain_name=user.project_domain_name,
            cli_dir=cls.folder(),
            insecure=CONF.identity.disable_ssl_certificate_validation)

    @classmethod
    def details(cls, command, action, params=''):
        """The table of properties and values that a command prints."""
        return output_parser.details(command(action, params=params))

    @classmethod
    def listing(cls, command, action, params=''):
        """The rows of the table that a command prints."""
        return output_parser.listing(command(action, params=params))

    def row_of(self, value, rows, column='ID'):
        """The one row that has VALUE in COLUMN."""
        found = [row for row in rows if row[column] == value]
        self.assertEqual(1, len(found), 'rows with %s %s among %s'
                         % (column, value, rows))
        return found[0]
