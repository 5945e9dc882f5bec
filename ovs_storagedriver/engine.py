# SPDX-License-Identifier: Apache-2.0

"""The engine's requests, as calls that outlive its restarts.

Any number of threads may ask at once. A request whose reply is lost because
the engine died is sent again to the next one: each of them may be carried
out twice (what is made carries an id that is chosen here, what is removed
may be gone).
"""

import collections
import contextlib
import errno
import threading
import time
import uuid

from ovs_storagedriver import engine_connection
from ovs_storagedriver import errors
from ovs_storagedriver import wire

EngineError = engine_connection.EngineError
Operation = engine_connection.Operation

# How long one request may take: a clone may first have to sync a snapshot.
ANSWER_SECONDS = 120
_RECONNECT_SECONDS = 0.05
_IDLE_CONNECTIONS_MAX = 8
_PAGE = 1000
_TEMPLATE = 1

VolumeEntry = collections.namedtuple(
    'VolumeEntry', ['id', 'name', 'size', 'is_template', 'owner'])
Volume = collections.namedtuple(
    'Volume', VolumeEntry._fields + (
        'parent_id', 'parent_snapshot', 'stored', 'snapshots', 'clones',
        'connections'))
SnapshotEntry = collections.namedtuple(
    'SnapshotEntry', ['id', 'name', 'created_ns', 'size', 'is_synced'])
Snapshot = collections.namedtuple(
    'Snapshot', SnapshotEntry._fields + ('stored', 'clones', 'metadata'))
StoreStat = collections.namedtuple(
    'StoreStat', ['total', 'used', 'free', 'volumes'])


class EngineDown(errors.ServiceError):
    """The engine does not answer."""


class Engine:
    """The engine behind a control socket.

    :param path: the socket
    :param patience: seconds to go on trying while the engine is away
    """

    def __init__(self, path, patience=0):
        self._path = path
        self._patience = patience
        self._lock = threading.Lock()
        self._idle = []

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def close(self):
        """Close the connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    # Volumes; each is given by its uuid.UUID or its name

    def create(self, name, size, owner):
        fields = (wire.text(name) + wire.u64(size) + uuid.uuid4().bytes +
                  wire.text(owner))
        return _volume(self._ask(Operation.VOLUME_CREATE, fields))

    def remove(self, volume):
        self._remove(Operation.VOLUME_REMOVE, wire.ref(volume))

    def truncate(self, volume, size):
        self._ask(Operation.VOLUME_TRUNCATE,
                  wire.ref(volume) + wire.u64(size))

    def volume(self, volume):
        return _volume(self._ask(Operation.VOLUME_INFO, wire.ref(volume)))

    def find(self, volume):
        """Return the volume, or None if there is none."""
        try:
            return self.volume(volume)
        except EngineError as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def volumes(self):
        """Return an entry per volume, in the order of their names."""
        entries, more = [], True
        while more:
            after = entries[-1].name if entries else ''
            reply = self._ask(Operation.VOLUME_LIST,
                              wire.text(after) + wire.u32(_PAGE))
            more = reply.flag()
            page = [_volume_entry(reply) for _n in range(reply.u32())]
            entries += page
            more = more and bool(page)
        return entries

    def clone(self, parent, snapshot, name, owner):
        """Make the volume NAME; SNAPSHOT "" clones a template itself."""
        fields = (wire.ref(parent) + wire.text(snapshot) + wire.text(name) +
                  uuid.uuid4().bytes + wire.text(owner))
        return _volume(self._ask(Operation.VOLUME_CLONE, fields))

    def set_template(self, volume):
        self._ask(Operation.VOLUME_SET_TEMPLATE, wire.ref(volume))

    def set_owner(self, volume, owner):
        self._ask(Operation.VOLUME_SET_OWNER,
                  wire.ref(volume) + wire.text(owner))

    def fence(self, volume, address):
        """End the volume's sessions for good; return how many there were.

        :param address: of the one peer whose sessions end; "": all peers
        """
        fields = (wire.ref(volume) + wire.NO_UUID.bytes +
                  wire.text(address))
        return self._ask(Operation.VOLUME_FENCE, fields).u32()

    # Snapshots

    def snapshot_create(self, volume, snapshot, metadata):
        fields = (wire.ref(volume) + wire.text(snapshot) +
                  uuid.uuid4().bytes + wire.blob(metadata))
        return _snapshot(self._ask(Operation.SNAPSHOT_CREATE, fields))

    def snapshot_remove(self, volume, snapshot):
        self._remove(Operation.SNAPSHOT_REMOVE,
                     wire.ref(volume) + wire.text(snapshot))

    def snapshot_rollback(self, volume, snapshot):
        self._ask(Operation.SNAPSHOT_ROLLBACK,
                  wire.ref(volume) + wire.text(snapshot))

    def snapshots(self, volume):
        """Return an entry per snapshot, oldest first."""
        reply = self._ask(Operation.SNAPSHOT_LIST, wire.ref(volume))
        reply.u64()
        return [_snapshot_entry(reply) for _n in range(reply.u32())]

    def snapshot(self, volume, snapshot):
        return _snapshot(self._ask(Operation.SNAPSHOT_INFO,
                                   wire.ref(volume) + wire.text(snapshot)))

    def is_synced(self, volume, snapshot):
        fields = wire.ref(volume) + wire.text(snapshot) + wire.u32(0)
        return self._ask(Operation.SNAPSHOT_SYNCED, fields).flag()

    # The store

    def stat(self):
        reply = self._ask(Operation.STORE_STAT)
        return StoreStat(reply.u64(), reply.u64(), reply.u64(), reply.u32())

    # How it is asked

    def _remove(self, operation, fields):
        try:
            self._ask(operation, fields)
        except EngineError as error:
            # The first one did it and could not say so any more.
            if error.errno != errno.ENOENT or not error.may_be_repeated:
                raise

    def _ask(self, operation, fields=b''):
        """Ask until the engine answers or the patience is over."""
        deadline = time.monotonic() + self._patience
        reply_was_lost = False
        while True:
            try:
                with self._connection() as connection:
                    return connection.ask(operation, fields)
            except EngineError as error:
                error.may_be_repeated = reply_was_lost
                raise
            except TimeoutError:
                raise EngineDown('the engine has not answered for %d s'
                                 % ANSWER_SECONDS)
            except OSError as error:
                reply_was_lost |= isinstance(error,
                                             engine_connection.ReplyLost)
                # Idle connections belonged to the engine that is gone.
                self.close()
                if time.monotonic() > deadline:
                    raise EngineDown('the engine does not answer (%s); the '
                                     'log of the service says why' % error)
                time.sleep(_RECONNECT_SECONDS)
            except engine_connection.NotTheEngine as error:
                raise EngineDown('what answers on %s is not the engine that '
                                 'belongs to this service: %s'
                                 % (self._path, error))

    @contextlib.contextmanager
    def _connection(self):
        """Lend a connection; keep it unless it broke."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = engine_connection.EngineConnection(self._path,
                                                            ANSWER_SECONDS)
        usable = False
        try:
            yield connection
            usable = True
        except EngineError:
            usable = True
            raise
        finally:
            self._take_back(connection, usable)

    def _take_back(self, connection, usable):
        with self._lock:
            keep = usable and len(self._idle) < _IDLE_CONNECTIONS_MAX
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()


def _volume_entry(reply):
    return VolumeEntry(reply.uuid(), reply.text(), reply.u64(),
                       bool(reply.u8() & _TEMPLATE), reply.text())


def _volume(reply):
    entry = _volume_entry(reply)
    parent = reply.uuid()
    return Volume(*entry, None if parent == wire.NO_UUID else parent,
                  reply.text(), reply.u64(), reply.u32(), reply.u32(),
                  reply.u32())


def _snapshot_entry(reply):
    return SnapshotEntry(reply.uuid(), reply.text(), reply.u64(),
                         reply.u64(), reply.flag())


def _snapshot(reply):
    return Snapshot(*_snapshot_entry(reply), reply.u64(), reply.u32(),
                    reply.blob())
