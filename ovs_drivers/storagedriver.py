# SPDX-License-Identifier: Apache-2.0

"""Client of a storagedriver's XML-RPC port.

Every call carries ``vrouter_cluster_id`` (the vPool's guid), has a time-out,
follows a bounded number of redirects between the vPool's nodes, and asks the
next ``storage_ip`` when one does not answer. The time-out is for all that one
``storage_ip`` leads to. A request that may have been
carried out is repeated only where repeating it does no harm; anywhere else
the caller gets :class:`OutcomeUnknown` and has to look what became of it.

Threads may share a client. A storagedriver closes connections of a host that
opens too many: further calls wait until one of the client's calls has ended.
"""

import collections
import re
import socket
import threading

from ovs_drivers import location
from ovs_drivers import xml_rpc

DEFAULT_TIMEOUT = 30
DEFAULT_CA_FILE = '/etc/openvstorage/tls/ca-cert.pem'
REDIRECTS_MAX = 5
# The embedded storagedriver takes 32 connections from an address.
CALLS_AT_ONCE = 16
# Redirects may lead to any host.
ANY_HOST = '*'


class StorageDriverError(Exception):
    """Anything that keeps a storagedriver from doing what it was asked."""


class Unreachable(StorageDriverError):
    """No storagedriver took the request: nothing was done."""


class OutcomeUnknown(StorageDriverError):
    """The request was sent; whether it was carried out is not known."""


class ReplyLost(OutcomeUnknown):
    """The answer never came."""


class BadAnswer(OutcomeUnknown):
    """The answer is not what the protocol says."""


class TooManyRedirects(StorageDriverError):
    """The nodes send the request in circles."""


class ForbiddenRedirect(StorageDriverError):
    """A request was sent on to a host that is not known to be a node."""


class Fault(StorageDriverError):
    """The storagedriver refused the request as such (a wrong guid, say)."""


class ObjectNotFound(StorageDriverError):
    """xmlrpc_error_code 1: there is no such volume."""


class InvalidOperation(StorageDriverError):
    """xmlrpc_error_code 2: the volume's state does not allow this."""


class SnapshotNotFound(StorageDriverError):
    """xmlrpc_error_code 3: there is no such snapshot."""


class FileExists(StorageDriverError):
    """xmlrpc_error_code 4: the name is taken."""


class InsufficientResources(StorageDriverError):
    """xmlrpc_error_code 5: the vPool has no room for this."""


class PreviousSnapshotNotOnBackend(StorageDriverError):
    """xmlrpc_error_code 6: the snapshot before this one is not safe yet."""


class ObjectStillHasChildren(StorageDriverError):
    """xmlrpc_error_code 7: clones depend on it."""


class SnapshotNameAlreadyExists(StorageDriverError):
    """xmlrpc_error_code 8: the volume has a snapshot of this name."""


class VolumeRestartInProgress(StorageDriverError):
    """xmlrpc_error_code 9: the volume is moving or restarting."""


class VolumeHalted(StorageDriverError):
    """xmlrpc_error_code 10: the volume stopped itself to save its data."""


class UnknownError(StorageDriverError):
    """An xmlrpc_error_code that this client does not know."""


ERRORS = {1: ObjectNotFound, 2: InvalidOperation, 3: SnapshotNotFound,
          4: FileExists, 5: InsufficientResources,
          6: PreviousSnapshotNotOnBackend, 7: ObjectStillHasChildren,
          8: SnapshotNameAlreadyExists, 9: VolumeRestartInProgress,
          10: VolumeHalted}

# How the embedded storagedriver, and the product's XmlRpc++, refuse a call
# that they do not have
_NO_SUCH_CALL = re.compile('there is no such call|unknown method')

VolumeInfo = collections.namedtuple(
    'VolumeInfo', ['volume_id', 'size', 'parent_volume_id',
                   'parent_snapshot_id', 'stored', 'footprint',
                   'is_template', 'vrouter_id', 'halted'])

SnapshotInfo = collections.namedtuple(
    'SnapshotInfo', ['name', 'timestamp', 'in_backend', 'metadata'])

VPoolInfo = collections.namedtuple(
    'VPoolInfo', ['total', 'used', 'free', 'provisioned', 'multiattach',
                  'online_extend'])


class StorageDriver(object):
    """The storagedrivers of one vPool, whichever of them answers.

    It has the calls of the product that scripts and tests want, too; the
    drivers do not need all of them.

    :param tls: the result of xml_rpc.tls_context() for HTTPS
    :param redirect_hosts: where redirects may lead to, beside HOSTS;
                           ANY_HOST for anywhere
    """

    def __init__(self, hosts, port, vpool_guid, timeout=DEFAULT_TIMEOUT,
                 tls=None, redirect_hosts=()):
        if not hosts:
            raise ValueError('hosts is empty: a vPool has at least one')
        self._endpoints = [(location.check_host(host),
                            location.check_port(port)) for host in hosts]
        self._vpool_guid = vpool_guid
        self._timeout = timeout
        self._tls = tls
        self._known_hosts = list(hosts) + list(redirect_hosts)
        self._calls = threading.BoundedSemaphore(CALLS_AT_ONCE)

    # Questions

    def volume_ids(self):
        return self._call('volumesList', True)

    def volume_names(self):
        return [_name_of(path)
                for path in self._call('volumesListByPath', True)]

    def volume_id(self, name):
        """The object id of the volume NAME, or None if there is none."""
        answer = self._call('getVolumeId', True, target_path=_path_of(name))
        return _field(answer, 'volume_id') or None

    def volume_info(self, volume_id):
        answer = self._call('volumeInfo', True, volume_id=volume_id)
        return VolumeInfo(
            volume_id=_field(answer, 'volume_id'),
            size=_number(answer, 'volume_size'),
            parent_volume_id=_field(answer, 'parent_volume_id') or None,
            parent_snapshot_id=_field(answer, 'parent_snapshot_id') or None,
            stored=_number(answer, 'stored'),
            footprint=_number(answer, 'footprint'),
            is_template=_field(answer, 'object_type') == 'TEMPLATE',
            vrouter_id=_field(answer, 'vrouter_id'),
            halted=_flag(_field(answer, 'halted')))

    def snapshots(self, volume_id):
        return self._call('snapshotsList', True, volume_id=volume_id)

    def snapshot_info(self, volume_id, snapshot):
        answer = self._call('snapshotInfo', True, volume_id=volume_id,
                            snapshot_id=snapshot)
        metadata = _field(answer, 'metadata')
        return SnapshotInfo(
            name=_field(answer, 'snapshot_id'),
            timestamp=_field(answer, 'timestamp'),
            in_backend=_flag(_field(answer, 'in_backend')),
            metadata=getattr(metadata, 'data', metadata))

    def is_synced(self, volume_id, snapshot):
        return _flag(self._call('isVolumeSyncedUpToSnapshot', True,
                                volume_id=volume_id, snapshot_id=snapshot))

    def vpool_info(self):
        """Capacity and abilities of the vPool; None where it cannot say.

        The call is the embedded storagedriver's; the original product has
        no such question on this port and answers with a fault.
        """
        try:
            answer = self._call('vpoolInfo', True)
        except Fault:
            return None
        return VPoolInfo(
            total=_number(answer, 'total'), used=_number(answer, 'used'),
            free=_number(answer, 'free'),
            provisioned=_number(answer, 'provisioned'),
            multiattach=_flag(_field(answer, 'multiattach')),
            online_extend=_flag(_field(answer, 'online_extend')))

    # Changes. This client repeats only those that have the same result when
    # they are done twice.

    def create(self, name, size, vrouter_id=None):
        return self._made('volumeCreate', vrouter_id=vrouter_id,
                          target_path=_path_of(name),
                          volume_size=_dimensioned(size))

    def clone(self, name, parent_volume_id, parent_snapshot=None,
              vrouter_id=None):
        return self._made('volumeClone', vrouter_id=vrouter_id,
                          target_path=_path_of(name),
                          parent_volume_id=parent_volume_id,
                          parent_snapshot_id=parent_snapshot or '')

    def resize(self, volume_id, size):
        self._call('resizeObject', True, volume_id=volume_id,
                   volume_size=_dimensioned(size))

    def snapshot_create(self, volume_id, snapshot, metadata=None):
        request = {'volume_id': volume_id, 'snapshot_id': snapshot}
        if metadata is not None:
            request['metadata'] = xml_rpc.Binary(metadata)
        return self._call('snapshotCreate', False, **request)

    def snapshot_destroy(self, volume_id, snapshot):
        self._call('snapshotDestroy', False, volume_id=volume_id,
                   snapshot_id=snapshot)

    def snapshot_restore(self, volume_id, snapshot):
        self._call('snapshotRestore', True, volume_id=volume_id,
                   snapshot_id=snapshot)

    def set_as_template(self, volume_id):
        self._call('setVolumeAsTemplate', True, volume_id=volume_id)

    def unlink(self, name):
        self._call('unlink', False, target_path=_path_of(name))

    def fence(self, name, address=''):
        """End sessions of a volume for good; return how many, None if unable.

        The call is the embedded storagedriver's. It may fail while a request
        of such a session is still carried out, and is to be asked again.

        :param address: of the one peer whose sessions end; '': all peers
        """
        try:
            answer = self._call('fenceVolume', True,
                                volume_name=location.check_name(name),
                                address=address)
        except Fault as fault:
            if _NO_SUCH_CALL.search('%s' % fault):
                return None
            raise
        return _number(answer, 'sessions')

    def migrate(self, volume_id, vrouter_id, force=False):
        self._call('migrateVolume', True, volume_id=volume_id,
                   vrouter_id=vrouter_id, force='true' if force else 'false')

    def _made(self, method, vrouter_id, **request):
        if vrouter_id is not None:
            request['vrouter_id'] = vrouter_id
        return _field(self._call(method, False, **request), 'volume_id')

    # How it is asked.

    def _call(self, method, repeatable, **request):
        """Ask one storagedriver after the other until one answers."""
        request['vrouter_cluster_id'] = self._vpool_guid
        failures = []
        for endpoint in list(self._endpoints):
            try:
                with self._calls:
                    answer = self._follow(endpoint, method, request)
            except (Unreachable, ReplyLost) as error:
                if isinstance(error, ReplyLost) and not repeatable:
                    raise
                failures.append(error)
            else:
                self._prefer(endpoint)
                return answer
        kind = type(failures[-1]) if len(failures) == 1 else (
            ReplyLost if any(isinstance(error, ReplyLost)
                             for error in failures) else Unreachable)
        raise kind('; '.join('%s' % error for error in failures))

    def _prefer(self, endpoint):
        """Ask first, next time, who answered this time."""
        if self._endpoints[0] != endpoint:
            self._endpoints = [endpoint] + [other for other in self._endpoints
                                            if other != endpoint]

    def _follow(self, endpoint, method, request):
        asked = []
        deadline = xml_rpc.Deadline(self._timeout)
        for _try in range(REDIRECTS_MAX + 1):
            asked.append(location.endpoint(*endpoint))
            answer = self._ask(endpoint, method, request, deadline)
            endpoint = _redirect(answer)
            if endpoint is None:
                return _checked(answer, method)
            self._check_known(endpoint[0], method, asked[-1])
        raise TooManyRedirects('%s was redirected %d times: %s'
                               % (method, REDIRECTS_MAX, ', '.join(asked)))

    def _check_known(self, host, method, sender):
        """Make sure that HOST is one of the vPool's: it gets to know all."""
        if ANY_HOST in self._known_hosts:
            return
        address = _addresses(host, socket.AI_NUMERICHOST)
        for known in self._known_hosts:
            if host == known or address & _addresses(known):
                return
        raise ForbiddenRedirect(
            '%s: the storagedriver %s sends it on to %s, which is not known '
            'to belong to the vPool. hint: name it in storage_ip or '
            'xml_rpc_redirect_hosts' % (method, sender, host))

    def _ask(self, endpoint, method, request, deadline):
        where = '%s of the storagedriver %s' % (
            method, location.endpoint(*endpoint))
        try:
            return xml_rpc.call(endpoint[0], endpoint[1], method, request,
                                deadline, self._tls)
        except xml_rpc.NotConnected as error:
            raise Unreachable('%s: %s' % (where, error))
        except xml_rpc.BadAnswer as error:
            raise BadAnswer('%s: %s' % (where, error))
        except xml_rpc.Fault as fault:
            raise Fault('%s: fault %s: %s' % (where, fault.faultCode,
                                              fault.faultString))
        except xml_rpc.NoAnswer as error:
            raise ReplyLost('%s: no answer within %s s: %s'
                            % (where, self._timeout, error))


def from_options(options, timeout=DEFAULT_TIMEOUT):
    """Return the StorageDriver of a vPool, as a section of cinder.conf is.

    :param options: a dict of strings; keys that are none of ours are ignored
    :raises: ValueError, xml_rpc.TlsError
    """
    tls = None
    if options.get('xml_rpc_tls', '').lower() in ('true', 'yes', 'on', '1'):
        tls = xml_rpc.tls_context(
            options.get('xml_rpc_ca_file') or DEFAULT_CA_FILE,
            options.get('xml_rpc_cert_file') or None,
            options.get('xml_rpc_key_file') or None)
    return StorageDriver(
        _words(options['storage_ip']),
        options.get('xml_rpc_port') or location.DEFAULT_XML_RPC_PORT,
        options['vpool_guid'], timeout, tls,
        _words(options.get('xml_rpc_redirect_hosts', '')))


def _words(text):
    return [word.strip() for word in text.split(',') if word.strip()]


def _addresses(host, flags=0):
    """Return the addresses of a host, none if it cannot be found."""
    try:
        found = socket.getaddrinfo(host, None, 0, socket.SOCK_STREAM, 0,
                                   flags)
    except (socket.error, UnicodeError):
        return set()
    return set(entry[4][0] for entry in found)


def _redirect(answer):
    if not isinstance(answer, dict) or 'xmlrpc_redirect_host' not in answer:
        return None
    try:
        return (location.check_host(answer['xmlrpc_redirect_host']),
                location.check_port(answer.get('xmlrpc_redirect_port')))
    except location.LocationError as error:
        raise BadAnswer('a redirect that leads nowhere: %s' % error)


def _checked(answer, method):
    if isinstance(answer, dict) and 'xmlrpc_error_code' in answer:
        code = _number(answer, 'xmlrpc_error_code')
        raise ERRORS.get(code, UnknownError)(
            '%s: error %d: %s' % (method, code,
                                  answer.get('xmlrpc_error_string', '')))
    return answer


def _field(answer, key):
    try:
        return answer[key]
    except (TypeError, KeyError, IndexError):
        raise BadAnswer('an answer without %s: %.200r' % (key, answer))


def _number(answer, key):
    value = _field(answer, key)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise BadAnswer('%s is no number: %.200r' % (key, value))


def _flag(value):
    if value in (True, 'true', 'True', '1', 1):
        return True
    if value in (False, 'false', 'False', '0', 0):
        return False
    raise BadAnswer('neither true nor false: %.200r' % (value,))


def _dimensioned(size):
    """A size in the product's notation: the largest unit that is exact."""
    for unit, factor in (('GiB', 1 << 30), ('MiB', 1 << 20), ('KiB', 1 << 10)):
        if size and size % factor == 0:
            return '%d%s' % (size // factor, unit)
    return '%dB' % size


def _path_of(name):
    return '/%s.raw' % location.check_name(name)


def _name_of(path):
    path = '%s' % path
    if path.startswith('/') and path.endswith('.raw'):
        return path[1:-len('.raw')]
    return path
