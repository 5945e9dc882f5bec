# SPDX-License-Identifier: Apache-2.0

import unittest

from tempest.lib.common import ssh

from ovs_tempest_plugin.common import login


class Transport(object):

    def __init__(self):
        self.active = True

    def is_active(self):
        return self.active


class Connection(object):

    def __init__(self):
        self.transport = Transport()

    def get_transport(self):
        return self.transport

    def close(self):
        self.transport.active = False


class Client(object):
    """Uses connections as Tempest's client does."""

    channel_timeout = 60

    def __init__(self):
        self.made = []

    def _get_ssh_connection(self):
        self.made.append(Connection())
        return self.made[-1]

    def exec_command(self):
        connection = self._get_ssh_connection()
        transport = connection.get_transport()
        assert transport.is_active()
        connection.close()
        return transport


class LoginTestCase(unittest.TestCase):

    def setUp(self):
        super(LoginTestCase, self).setUp()
        self.client = Client()
        self.login = login.Login(self.client)

    def test_tempests_client_has_what_is_replaced(self):
        client = ssh.Client('127.0.0.1', 'user')
        of_tempest = client._get_ssh_connection
        login.Login(client)
        self.assertNotEqual(of_tempest, client._get_ssh_connection)

    def test_one_for_all_commands(self):
        transports = set(self.client.exec_command() for _each in range(3))
        self.assertEqual(1, len(transports))
        self.assertEqual(60, transports.pop().channel_timeout)

    def test_another_after_the_guest_has_closed_it(self):
        self.client.exec_command().active = False
        self.client.exec_command()
        self.assertEqual(2, len(self.client.made))

    def test_another_after_it_was_forgotten(self):
        self.login.forget()
        first = self.client.exec_command()
        self.login.forget()
        self.assertFalse(first.active)
        self.assertIsNot(first, self.client.exec_command())
