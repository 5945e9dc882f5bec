# SPDX-License-Identifier: Apache-2.0

"""One login over SSH for many commands."""


class Login(object):
    """Keeps the connection that Tempest's client makes for each command.

    To an emulated guest the exchange of keys is more work than most of what
    it is asked to do.

    :param client: the tempest.lib.common.ssh.Client; it uses the kept
                   connection from now on
    """

    def __init__(self, client):
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
            self._connection = self._log_in()
            # paramiko would wait an hour for a guest that is gone
            self._connection.get_transport().channel_timeout = self._timeout
        return _Lent(self._connection)

    def _is_active(self):
        transport = self._connection.get_transport()
        return transport is not None and transport.is_active()


class _Lent(object):
    """A connection that its user closes in vain."""

    def __init__(self, connection):
        self.get_transport = connection.get_transport

    def close(self):
        pass
