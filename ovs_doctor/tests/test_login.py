# SPDX-License-Identifier: Apache-2.0

"""Where the administrator's login is found."""

import os
import pwd
from unittest import mock

from harness import files
from ovs_doctor import login
from ovs_doctor.tests import hosts


class LoginTestCase(hosts.DevStackTestCase):

    def find(self, **variables):
        with mock.patch.dict(os.environ, variables):
            return login.find(self.host())

    def test_variables_of_openrc_go_first(self):
        found = self.find(
            OS_AUTH_URL='http://here/v3', OS_USERNAME='me', OS_PASSWORD='x',
            OS_TENANT_NAME='admin', OS_ENDPOINT_TYPE='internalURL',
            OS_CACERT='/ca', OS_REGION_NAME='')
        self.assertEqual({
            'auth_url': 'http://here/v3', 'username': 'me', 'password': 'x',
            'project_name': 'admin', 'interface': 'internal',
            'cacert': '/ca'}, found)

    def test_the_entry_of_devstack(self):
        self.clouds['devstack'] = {'auth': hosts.KEYSTONE}
        found = self.find()
        self.assertEqual(('admin', 'RegionOne'),
                         (found['username'], found['region_name']))

    def test_the_entry_that_is_named(self):
        self.clouds['mine'] = {
            'auth': dict(hosts.KEYSTONE, username='me'), 'verify': False}
        found = self.find(OS_CLOUD='mine')
        self.assertEqual(('me', 'true'),
                         (found['username'], found['insecure']))

    def test_the_only_entry(self):
        self.clouds = {'mine': {'auth': dict(hosts.KEYSTONE, username='me')}}
        self.assertEqual('me', self.find()['username'])
        self.clouds['other'] = self.clouds['mine']
        self.assertNotEqual('me', self.find()['username'])

    def test_a_service_with_its_own_password(self):
        os.unlink(self.path('etc/clouds.yaml'))
        found = self.find()
        self.assertEqual(('nova', 'internal'),
                         (found['username'], found['interface']))
        os.unlink(self.path('etc/nova/nova.conf'))
        self.assertEqual('cinder', self.find()['username'])
        os.unlink(self.conf)
        self.assertIsNone(self.find())

    def test_an_entry_without_a_password(self):
        self.clouds = {'default': {'auth': {'token': 'x'}}, 'admin': None}
        self.assertEqual('nova', self.find()['username'])

    def test_the_file_of_the_user_of_sudo(self):
        os.unlink(self.path('etc/clouds.yaml'))
        self.patch(login, '_PATHS', ('~/clouds.yaml',))
        files.write(self.path('home/clouds.yaml'), '')
        self.patch(pwd, 'getpwnam', lambda name: mock.Mock(
            pw_dir=self.path('home')))
        found = self.find(SUDO_USER='stack')
        self.assertEqual('admin', found['username'])

    def test_the_file_that_is_named(self):
        os.rename(self.path('etc/clouds.yaml'), self.path('mine.yaml'))
        self.assertEqual('admin', self.find(
            OS_CLIENT_CONFIG_FILE=self.path('mine.yaml'))['username'])
