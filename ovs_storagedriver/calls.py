# SPDX-License-Identifier: Apache-2.0

"""The XML-RPC calls of one node of a vPool.

A call belongs to a node: to the owner of the volume that it names, else to
the node in ``vrouter_id``, else to whichever node was asked. Every other node
answers with a redirect. (A call on a volume does not look at ``vrouter_id``:
two reasons to send a caller on could send it in circles.)
"""

import datetime
import logging
import time

from ovs_storagedriver import call_request
from ovs_storagedriver import engine
from ovs_storagedriver import errors
from ovs_storagedriver import names
from ovs_storagedriver import xml_rpc

LOG = logging.getLogger(__name__)

OBJECT_NOT_FOUND = 1
_LBA_BYTES = 512
_LBAS_PER_CLUSTER = 8
_CLUSTERS_PER_SCO = 1024


class Refused(Exception):
    """An answer with one of the product's error codes."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Redirect(Exception):
    """The call belongs to another node."""

    def __init__(self, node):
        super().__init__(node.id)
        self.node = node


class Calls:
    """Carry out what arrives at NODE's XML-RPC port.

    :param vpool: a VPool
    :param asked: the Engine to ask
    :param node: one of its nodes; None for a port that serves all of them
    """

    def __init__(self, vpool, asked, node=None):
        self._vpool = vpool
        self._engine = asked
        self._node = node

    def answer(self, body, local_host):
        """Return the bytes that answer the bytes of a request.

        :param local_host: the address of this host that the caller used
        """
        started = time.monotonic()
        method = 'a call'
        try:
            name, parameters = xml_rpc.parse_request(body)
            call = _CALLS.get(name)
            if call is None:
                raise call_request.MalformedCall('there is no such call')
            method = name
            outcome, answer = self._carry_out(call, parameters, local_host)
            answer = xml_rpc.format_answer(answer)
        except (xml_rpc.BadRequest, call_request.MalformedCall,
                engine.EngineError, errors.ServiceError) as error:
            message = names.printable('%s' % error)
            outcome = 'fault: %s' % message
            answer = xml_rpc.format_fault(message)
        except Exception as error:
            LOG.exception('%s: %s failed', self._who(), method)
            outcome = 'fault'
            answer = xml_rpc.format_fault('internal error (%s); the log of '
                                          'the storagedriver has more'
                                          % type(error).__name__)
        LOG.log(_LEVELS.get(method, logging.INFO), '%s: %s %s (%.1f ms)',
                self._who(), method, outcome,
                1000 * (time.monotonic() - started))
        return answer

    def _carry_out(self, call, parameters, local_host):
        """Return what the log says, and the answer."""
        request = call_request.Request(parameters)
        self._check_vpool(request)
        try:
            answer = call(self, request)
            outcome = 'done'
        except Redirect as redirect:
            outcome = 'belongs to %s' % redirect.node.id
            answer = _redirect(redirect.node, local_host)
        except (Refused, engine.EngineError) as error:
            code = (error.code if isinstance(error, Refused)
                    else error.reason)
            if not code:
                raise
            message = names.printable('%s' % error)
            outcome = 'error %d: %s' % (code, message)
            answer = {'xmlrpc_error_code': code,
                      'xmlrpc_error_string': message}
        return ' '.join(filter(None, (request.subject(), outcome))), answer

    def _who(self):
        return '%s %s' % (self._vpool.name,
                          self._node.id if self._node else 'control')

    # Whose call it is

    def _check_vpool(self, request):
        if request.text('vrouter_cluster_id').lower() != self._vpool.guid:
            raise call_request.MalformedCall(
                'vrouter_cluster_id is not the guid of this vPool')

    def _here(self, request, key='vrouter_id'):
        """Return the node that carries out a call that names no volume."""
        wanted = request.optional_text(key)
        if wanted is None:
            return self._node or self._vpool.nodes[0]
        node = self._vpool.node(wanted)
        if node is None:
            raise call_request.MalformedCall(
                '%s is none of the nodes of this vPool, which are %s'
                % (key, ', '.join(node.id for node in self._vpool.nodes)))
        return self._redirect_unless_mine(node)

    def _mine(self, volume):
        """Return a volume that this node owns, by its id or name."""
        found = self._engine.volume(volume)
        self._redirect_unless_mine(self._vpool.owner(found.owner))
        return found

    def _redirect_unless_mine(self, node):
        if self._node is not None and node is not self._node:
            raise Redirect(node)
        return node

    def _my_volume(self, request):
        volume_id = request.object_id('volume_id')
        if volume_id is None:
            raise Refused(OBJECT_NOT_FOUND,
                          'volume_id is not the id of any volume')
        return self._mine(volume_id)

    # Questions

    def vpool_info(self, request):
        self._here(request)
        return self._vpool.info(self._engine)

    def volumes_list(self, request):
        self._here(request)
        wanted = request.optional_text('vrouter_id')
        return [str(volume.id) for volume in self._engine.volumes()
                if wanted is None or
                self._vpool.owner(volume.owner).id == wanted]

    def volumes_list_by_path(self, request):
        self._here(request)
        return [names.to_path(volume.name)
                for volume in self._engine.volumes()]

    def get_volume_id(self, request):
        return {'volume_id': self._id_of_path(request)}

    def get_object_id(self, request):
        return {'object_id': self._id_of_path(request)}

    def _id_of_path(self, request):
        name = request.name_in_path()
        self._here(request)
        volume = self._engine.find(name)
        return str(volume.id) if volume else ''

    def volume_info(self, request):
        volume = self._my_volume(request)
        parent = str(volume.parent_id) if volume.parent_id else ''
        return {
            'volume_id': str(volume.id),
            '_namespace_': str(volume.id),
            'parent_namespace': parent,
            'parent_volume_id': parent,
            'parent_snapshot_id': names.printable(volume.parent_snapshot),
            'volume_size': '%d' % volume.size,
            'lba_size': '%d' % _LBA_BYTES,
            'lba_count': '%d' % (volume.size // _LBA_BYTES),
            'cluster_multiplier': '%d' % _LBAS_PER_CLUSTER,
            'sco_multiplier': '%d' % _CLUSTERS_PER_SCO,
            # There is no second copy of what is not yet on a back end: the
            # embedded storagedriver's disk is its back end.
            'failover_mode': 'OK_STANDALONE',
            'failover_ip': '',
            'failover_port': '0',
            'halted': 'false',
            'footprint': '%d' % volume.stored,
            'stored': '%d' % volume.stored,
            'object_type': 'TEMPLATE' if volume.is_template else 'VOLUME',
            'vrouter_id': self._vpool.owner(volume.owner).id}

    def snapshots_list(self, request):
        volume = self._my_volume(request)
        return [names.printable(snapshot.name)
                for snapshot in self._engine.snapshots(volume.id)]

    def snapshot_info(self, request):
        name = request.name('snapshot_id')
        volume = self._my_volume(request)
        snapshot = self._engine.snapshot(volume.id, name)
        return {'snapshot_id': names.printable(snapshot.name),
                'timestamp': _time_of(snapshot.created_ns),
                'uuid': str(snapshot.id),
                'stored': '%d' % snapshot.stored,
                'in_backend': snapshot.is_synced,
                'metadata': xml_rpc.Binary(snapshot.metadata)}

    def is_volume_synced_up_to_snapshot(self, request):
        name = request.name('snapshot_id')
        volume = self._my_volume(request)
        return self._engine.is_synced(volume.id, name)

    # Changes

    def volume_create(self, request):
        name, size = request.name_in_path(), request.size('volume_size')
        node = self._here(request)
        volume = self._engine.create(name, size, node.id)
        return {'volume_id': str(volume.id)}

    def volume_clone(self, request):
        name = request.name_in_path()
        parent = request.object_id('parent_volume_id')
        snapshot = request.text('parent_snapshot_id')
        if snapshot:
            request.name('parent_snapshot_id')
        node = self._here(request)
        if parent is None:
            raise Refused(OBJECT_NOT_FOUND,
                          'parent_volume_id is not the id of any volume')
        volume = self._engine.clone(parent, snapshot, name, node.id)
        return {'volume_id': str(volume.id)}

    def unlink(self, request):
        name = request.name_in_path()
        # By its id: the name may be another volume's by now.
        self._engine.remove(self._mine(name).id)
        return ''

    def resize_object(self, request):
        size = request.size('volume_size')
        self._engine.truncate(self._my_volume(request).id, size)
        return ''

    def set_volume_as_template(self, request):
        self._engine.set_template(self._my_volume(request).id)
        return ''

    def fence_volume(self, request):
        """End the sessions of the volume, or those of one peer, for good."""
        name, address = request.name('volume_name'), request.text('address')
        ended = self._engine.fence(self._mine(name).id, address)
        return {'sessions': '%d' % ended}

    def migrate_volume(self, request):
        """Give the volume to vrouter_id; that node carries it out."""
        request.text('vrouter_id')
        request.flag('force')
        volume_id = request.object_id('volume_id')
        node = self._here(request)
        if volume_id is None:
            raise Refused(OBJECT_NOT_FOUND,
                          'volume_id is not the id of any volume')
        self._engine.set_owner(volume_id, node.id)
        return ''

    def snapshot_create(self, request):
        name = request.name('snapshot_id')
        metadata = request.data('metadata')
        volume = self._my_volume(request)
        snapshot = self._engine.snapshot_create(volume.id, name, metadata)
        return names.printable(snapshot.name)

    def snapshot_destroy(self, request):
        name = request.name('snapshot_id')
        self._engine.snapshot_remove(self._my_volume(request).id, name)
        return ''

    def snapshot_restore(self, request):
        name = request.name('snapshot_id')
        self._engine.snapshot_rollback(self._my_volume(request).id, name)
        return ''


def _redirect(node, local_host):
    return {'xmlrpc_redirect_host': (local_host if node.is_everywhere
                                     else node.host),
            'xmlrpc_redirect_port': '%d' % node.xml_rpc_port}


def _time_of(nanoseconds):
    moment = datetime.datetime.fromtimestamp(nanoseconds // 10 ** 9,
                                             datetime.timezone.utc)
    return '%s.%09dZ' % (moment.strftime('%Y-%m-%dT%H:%M:%S'),
                         nanoseconds % 10 ** 9)


_QUESTIONS = {
    'getObjectId': Calls.get_object_id,
    'getVolumeId': Calls.get_volume_id,
    'isVolumeSyncedUpToSnapshot': Calls.is_volume_synced_up_to_snapshot,
    'snapshotInfo': Calls.snapshot_info,
    'snapshotsList': Calls.snapshots_list,
    'volumeInfo': Calls.volume_info,
    'volumesList': Calls.volumes_list,
    'volumesListByPath': Calls.volumes_list_by_path,
    'vpoolInfo': Calls.vpool_info,
}
_CHANGES = {
    'fenceVolume': Calls.fence_volume,
    'migrateVolume': Calls.migrate_volume,
    'resizeObject': Calls.resize_object,
    'setVolumeAsTemplate': Calls.set_volume_as_template,
    'snapshotCreate': Calls.snapshot_create,
    'snapshotDestroy': Calls.snapshot_destroy,
    'snapshotRestore': Calls.snapshot_restore,
    'unlink': Calls.unlink,
    'volumeClone': Calls.volume_clone,
    'volumeCreate': Calls.volume_create,
}
_CALLS = {**_QUESTIONS, **_CHANGES}
_LEVELS = dict.fromkeys(_QUESTIONS, logging.DEBUG)
