# SPDX-License-Identifier: Apache-2.0

import socket
import threading
import unittest

import paramiko
from tempest.lib.common import ssh
from tempest.lib import exceptions as lib_exc

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


class Refusing(paramiko.ServerInterface):
    """A guest that lets in who has a key, and has no key itself."""

    def get_allowed_auths(self, username):
        return 'publickey'


class FailureTestCase(unittest.TestCase):
    """What is said of a login that fails, of real connections."""

    def listen(self):
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(('127.0.0.1', 0))
        listener.listen(5)
        return listener

    def serve(self, answer):
        """Give each connection to ANSWER; return the port."""
        listener = self.listen()
        listener.settimeout(30)

        def work():
            # one for Tempest's client, one for the last try
            for _each in range(2):
                answer(listener.accept()[0])

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)
        return listener.getsockname()[1]

    def refuse_key(self, connection):
        transport = paramiko.Transport(connection)
        self.addCleanup(transport.close)
        transport.add_server_key(paramiko.ECDSAKey.generate())
        transport.start_server(event=threading.Event(), server=Refusing())

    def failure(self, port, **key):
        """The error of a login to that port of this host."""
        client = ssh.Client('127.0.0.1', 'cirros', timeout=0, port=port,
                            **key)
        login.Login(client)
        with self.assertRaises(lib_exc.SSHTimeout) as caught:
            client.exec_command('true')
        text = '%s' % caught.exception
        self.assertIn('cirros cannot log in to 127.0.0.1 over SSH', text)
        self.assertNotIn('secret', text)
        return text

    def test_a_guest_without_the_key(self):
        key = paramiko.RSAKey.generate(2048)
        text = self.failure(self.serve(self.refuse_key), pkey=key)
        self.assertIn('Authentication failed', text)
        self.assertIn('; hint: the guest runs, but has not learned', text)

    def test_a_guest_without_passwords(self):
        text = self.failure(self.serve(self.refuse_key), password='secret')
        self.assertIn('Bad authentication type', text)
        self.assertIn("'publickey'", text)
        self.assertIn('metadata service', text)

    def test_a_guest_without_an_ssh_server(self):
        listener = self.listen()
        port = listener.getsockname()[1]
        listener.close()
        text = self.failure(port, password='secret')
        self.assertIn('Connection refused; hint: the guest is there', text)

    def test_a_server_of_another_kind(self):
        text = self.failure(self.serve(lambda connection: connection.close()),
                            password='secret')
        self.assertIn('hint: the guest is there, and runs no SSH server',
                      text)

    def test_no_answer(self):
        text = login.explain(socket.timeout('timed out'))
        self.assertIn('timed out; hint: the guest has not booted', text)
        self.assertIn('security group', text)

    def test_a_guest_that_comes_at_the_last_moment(self):
        client = Client()
        kept = login.Login(client)
        kept._log_in = self.give_up
        kept._try_once = Connection
        self.assertTrue(client.exec_command().is_active)

    @staticmethod
    def give_up():
        raise lib_exc.SSHTimeout(host='h', user='u', password='p')
