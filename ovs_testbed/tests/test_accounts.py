# SPDX-License-Identifier: Apache-2.0

import json
import os
from unittest import mock

from ovs_testbed import accounts
from ovs_testbed.tests import support


class AccountsTest(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        for name in 'connect', 'Catalog':
            patch = mock.patch('ovs_testbed.cloud.' + name)
            setattr(self, name.lower(), patch.start())
            self.addCleanup(patch.stop)
        accounts.make(self.testbed)
        with open(accounts.path(self.testbed)) as stream:
            self.accounts = json.load(stream)

    def test_every_worker_has_its_own(self):
        """A user, another one and an administrator, no two in a project."""
        roles = [account['roles'] for account in self.accounts]
        self.assertEqual(2 * accounts.WORKERS, roles.count(['member']))
        self.assertEqual(accounts.WORKERS, roles.count(['admin', 'member']))
        self.assertEqual(3 * accounts.WORKERS, len({
            account['project_name'] for account in self.accounts}))

    def test_they_are_made_as_the_file_says(self):
        made = {(call.args[0], call.args[1], tuple(call.args[3])) for call in
                self.catalog.return_value.make_user.call_args_list}
        self.assertEqual(made, {
            (account['username'], account['password'],
             tuple(account['roles'])) for account in self.accounts})

    def test_the_role_of_users_that_tempest_makes(self):
        self.catalog.return_value.role.assert_called_with('reader')

    def test_nobody_else_reads_the_passwords(self):
        self.assertEqual(0o600, os.stat(accounts.path(
            self.testbed)).st_mode & 0o777)
