# SPDX-License-Identifier: Apache-2.0

"""Questions to a service that runs, through the socket in a data folder."""

import http.client
import json
import os
import xmlrpc.client

from ovs_storagedriver import data_folder
from ovs_storagedriver import errors
from ovs_storagedriver import http_server
from ovs_storagedriver import unix_socket

_TIMEOUT = 30


class NotRunning(errors.ServiceError):
    """No service runs for the data folder."""


def vpool_info(folder):
    """Return the answer of vpoolInfo for a DataFolder.

    :raises: errors.ServiceError
    """
    try:
        with open(folder.file(data_folder.IDENTITY),
                  encoding='utf-8') as text:
            guid = json.load(text)['guid']
    except FileNotFoundError:
        raise errors.ServiceError('%s holds no vPool: it has no file %s'
                                  % (folder.path, data_folder.IDENTITY))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise errors.ServiceError(
            '%s cannot be read: %s'
            % (folder.file(data_folder.IDENTITY), error))
    server = xmlrpc.client.ServerProxy(
        'http://localhost' + http_server.PATH,
        transport=_UnixTransport(folder.service_socket))
    try:
        return server.vpoolInfo({'vrouter_cluster_id': guid})
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning('%s is not being served. hint: start '
                         '"ovs-storagedriver serve --data %s"'
                         % (folder.path, folder.path))
    except xmlrpc.client.Fault as fault:
        raise errors.ServiceError('%s: %s' % (folder.path, fault.faultString))
    except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
        raise errors.ServiceError('the service of %s does not answer at %s: '
                                  '%s' % (folder.path,
                                          os.path.basename(
                                              folder.service_socket), error))


class _UnixConnection(http.client.HTTPConnection):

    def __init__(self, path):
        super().__init__('localhost', timeout=_TIMEOUT)
        self._path = path

    def connect(self):
        self.sock = unix_socket.connect(self._path, self.timeout)


class _UnixTransport(xmlrpc.client.Transport):

    def __init__(self, path):
        super().__init__()
        self._path = path

    def make_connection(self, host):
        return _UnixConnection(self._path)
