# SPDX-License-Identifier: Apache-2.0

"""One login over SSH for many commands."""

import errno

import paramiko
from tempest.lib import exceptions as lib_exc

#: The errors of a try to log in.
ERRORS = (paramiko.SSHException, EOFError, IOError)
_NO_KEY = ('the guest runs, but has not learned the key: it has neither a '
           'config drive nor a metadata service, or its image reads the other '
           'one; the console of the server says more')
_NO_SERVER = ('the guest is there, and runs no SSH server: see the console '
              'of the server')
_NO_ANSWER = ('the guest has not booted (see the console of the server), has '
              'another address, or its security group keeps SSH out')


class LoginFailed(lib_exc.SSHTimeout):
    message = '%(user)s cannot log in to %(host)s over SSH: %(answer)s'


def explain(error):
    """Say what a guest has answered to a try to log in, and a hint."""
    # paramiko tries each address of a name, and keeps the errors apart
    for each in getattr(error, 'errors', {}).values():
        error = each
    text = '%s' % error or type(error).__name__
    return '%s; hint: %s' % (text, _hint(error))


def _hint(error):
    if isinstance(error, paramiko.AuthenticationException):
        return _NO_KEY
    if isinstance(error, (paramiko.SSHException, EOFError)):
        return _NO_SERVER
    return (_NO_SERVER if error.errno == errno.ECONNREFUSED else _NO_ANSWER)


class Login(object):
    """Keeps the connection that Tempest's client makes for each command.

    To an emulated guest the exchange of keys is more work than most of what
    it is asked to do. If the client gives up, one more try shows what the
    guest answers: the client only says that the time was over.

    :param client: the tempest.lib.common.ssh.Client; it uses the kept
                   connection from now on
    """

    def __init__(self, client):
        self._client = client
        self._log_in = client._get_ssh_connection
        self._timeout = client.channel_timeout
        self._connection = None
        client._get_ssh_connection = self._lend

    def forget(self):
        """Close the connection, if there is one: the next command logs in."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _lend(self):
        if self._connection is None or not self._is_active():
            self.forget()
            self._connection = self._connect()
            # paramiko would wait an hour for a guest that is gone
            self._connection.get_transport().channel_timeout = self._timeout
        return _Lent(self._connection)

    def _connect(self):
        try:
            return self._log_in()
        except lib_exc.SSHTimeout:
            pass
        try:
            return self._try_once()
        except ERRORS as error:
            raise LoginFailed(user=self._client.username,
                              host=self._client.host, answer=explain(error))

    def _try_once(self):
        client, ssh = self._client, paramiko.SSHClient()
        ssh.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        try:
            ssh.connect(client.host, port=client.port, pkey=client.pkey,
                        username=client.username, password=client.password,
                        look_for_keys=False, allow_agent=False,
                        timeout=self._timeout)
        except ERRORS:
            ssh.close()
            raise
        return ssh

    def _is_active(self):
        transport = self._connection.get_transport()
        return transport is not None and transport.is_active()


class _Lent(object):
    """A connection that its user closes in vain."""

    def __init__(self, connection):
        self.get_transport = connection.get_transport

    def close(self):
        pass
