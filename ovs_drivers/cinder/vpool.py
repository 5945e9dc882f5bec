# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What a vPool can do for Cinder, in calls that may all be repeated.

The product has rules that Cinder does not know: a volume or snapshot with
clones cannot be removed, nothing can be renamed, the reply of a call can be
lost. This module lives with them, and keeps what it has to remember on the
vPool itself, so that it does not matter when cinder-volume is restarted, or
which of several cinder-volumes goes on:

* A clone of a volume is a clone of a snapshot ``clone-NAME`` that is taken
  for it alone, and goes when the clone goes.
* What Cinder deleted while clones still needed it is remembered by an empty
  volume, a *mark*, whose name says what is to go. Each delete of a clone
  carries out what has become possible (:meth:`VPool.sweep`).
"""

import contextlib
import time

from cinder import exception
from oslo_log import log as logging
from oslo_utils import excutils

from ovs_drivers import edge
from ovs_drivers import location
from ovs_drivers import storagedriver

LOG = logging.getLogger(__name__)

CLONE_SNAPSHOT_PREFIX = 'clone-'
MARK_PREFIX = 'cinder-deleted.'
_VOLUME_MARK = MARK_PREFIX + 'volume.'
_SNAPSHOT_MARK = MARK_PREFIX + 'snapshot.'
_MARK_BYTES = 4096
# A mark's name holds the name of what is to go beside the prefix, for a
# snapshot also the object id of its volume (36 characters and a dot).
NAME_BYTES_MAX = (location.NAME_BYTES_MAX - len(_SNAPSHOT_MARK) - 37)
_BUSY_POLL_SECONDS = 0.2


class VPoolError(exception.VolumeBackendAPIException):
    """The vPool did not do what it was asked."""

    def __init__(self, text):
        super(VPoolError, self).__init__(data=text)


class NotFound(VPoolError):
    """There is no such volume or snapshot."""


class NameTaken(VPoolError):
    """The name belongs to something else."""


class HasClones(VPoolError):
    """Clones depend on it."""


class Shrinking(VPoolError):
    """A volume can only grow."""


_KINDS = (
    (NotFound, (edge.NotFound, storagedriver.ObjectNotFound,
                storagedriver.SnapshotNotFound)),
    (NameTaken, (edge.Exists, storagedriver.FileExists,
                 storagedriver.SnapshotNameAlreadyExists)),
    (HasClones, (edge.HasClones, storagedriver.ObjectStillHasChildren)),
    (Shrinking, (edge.Shrinking,)),
)


@contextlib.contextmanager
def _errors_of(what):
    """Turn the errors of both ports into those of this module."""
    try:
        yield
    except (edge.EdgeError, storagedriver.StorageDriverError,
            location.LocationError) as error:
        for kind, causes in _KINDS:
            if isinstance(error, causes):
                raise kind('%s: %s' % (what, error))
        raise VPoolError('%s: %s' % (what, error))


class VPool(object):
    """One vPool, by its edge port and its XML-RPC port."""

    def __init__(self, edge_port, xml_rpc, snapshot_timeout):
        self._edge = edge_port
        self._xml_rpc = xml_rpc
        self._snapshot_timeout = snapshot_timeout

    # Questions

    def check(self):
        """Make sure that both ports answer, and for the same vPool."""
        with _errors_of('xml_rpc_port'):
            by_xml_rpc = set(self._xml_rpc.volume_names())
        with _errors_of('edge_port'):
            by_edge = set(self._edge.volumes())
        if by_edge and by_xml_rpc and not by_edge & by_xml_rpc:
            raise VPoolError('edge_port and xml_rpc_port show no volume in '
                             'common: they belong to different vPools')

    def answering_host(self):
        with _errors_of('edge_port'):
            return self._edge.answering_host()

    def info(self):
        """Capacity and abilities, or None where the vPool cannot say."""
        with _errors_of('capacity'):
            return self._xml_rpc.vpool_info()

    def exists(self, name):
        with _errors_of('volume %s' % name):
            return self._xml_rpc.volume_id(name) is not None

    def size(self, name):
        with _errors_of('volume %s' % name):
            return self._edge.size(name)

    def is_blank(self, name):
        """Whether all of the volume is known to read as zeros."""
        with _errors_of('volume %s' % name):
            info = self._xml_rpc.volume_info(self._id(name))
        return info.stored == 0 and not info.parent_volume_id

    def volumes(self):
        """Names of the volumes, without those that Cinder deleted."""
        with _errors_of('list of volumes'):
            names = self._xml_rpc.volume_names()
        marks = set(name for name in names if name.startswith(MARK_PREFIX))
        return [name for name in names if name not in marks and
                _VOLUME_MARK + name not in marks]

    def snapshots(self, name):
        """Names of the snapshots, without our own and the deleted ones."""
        with _errors_of('snapshots of %s' % name):
            volume_id = self._id(name)
            marks = set(self._xml_rpc.volume_names())
            return [snapshot for snapshot in self._xml_rpc.snapshots(volume_id)
                    if not snapshot.startswith(CLONE_SNAPSHOT_PREFIX) and
                    _snapshot_mark(volume_id, snapshot) not in marks]

    # Volumes

    def create(self, name, size):
        """Make an empty volume; the same again is no error."""
        with _errors_of('create volume %s' % name):
            try:
                self._edge.create(name, size)
            except edge.Exists:
                if self._edge.size(name) != size:
                    raise NameTaken('create volume %s: the vPool has a '
                                    'volume of this name and another size'
                                    % name)

    def extend(self, name, size):
        """Make the volume larger; smaller is refused."""
        with _errors_of('extend volume %s' % name):
            now = self._edge.size(name)
            if size < now:
                raise Shrinking('extend volume %s: it has %d bytes, %d are '
                                'fewer' % (name, now, size))
            if size > now:
                self._edge.truncate(name, size)

    def delete(self, name, source=None):
        """Remove the volume, now or when its last clone goes.

        :param source: the volume that it was to be a clone of: if making
                       the clone was cut short, its snapshot goes as well
        """
        with _errors_of('delete volume %s' % name):
            info = self._info(name)
            if info is None:
                if source:
                    self._drop_clone_snapshot(source, name)
                return
            if not self._unlink(name, info):
                self._mark(_VOLUME_MARK + name)
                # The last clone may have gone between the two.
                if not self._unlink(name, info):
                    LOG.info('Volume %s has clones; it goes with the last '
                             'of them', name)
                    return
                self._unmark(_VOLUME_MARK + name)
        if info.parent_volume_id:
            self._try_to_sweep()

    def clone_volume(self, source, name):
        """Make the volume NAME with what SOURCE holds at this moment."""
        snapshot = CLONE_SNAPSHOT_PREFIX + name
        self.snapshot(source, snapshot)
        try:
            self.clone_snapshot(source, snapshot, name)
        except Exception:
            with excutils.save_and_reraise_exception():
                self._try_to_drop_clone_snapshot(source, name)

    def clone_snapshot(self, source, snapshot, name):
        """Make the volume NAME with what the snapshot holds."""
        what = 'clone %s of snapshot %s of %s' % (name, snapshot, source)
        with _errors_of(what):
            parent = self._id(source)
            try:
                self._xml_rpc.clone(name, parent, snapshot)
            except storagedriver.FileExists:
                if not self._is_clone(name, parent, snapshot):
                    raise NameTaken('%s: the vPool has another volume of '
                                    'this name' % what)
            except storagedriver.OutcomeUnknown:
                if not self._is_clone(name, parent, snapshot):
                    raise

    # Snapshots

    def snapshot(self, name, snapshot):
        """Take a snapshot and wait until it is safe on the back end."""
        deadline = time.time() + self._snapshot_timeout
        with _errors_of('snapshot %s of volume %s' % (snapshot, name)):
            while True:
                try:
                    self._edge.snapshot_create(name, snapshot,
                                               self._snapshot_timeout)
                except edge.Exists:
                    pass
                except edge.Busy:
                    # The snapshot before this one has to be safe first; the
                    # product can only be asked again.
                    if time.time() > deadline:
                        raise
                    time.sleep(_BUSY_POLL_SECONDS)
                    continue
                return

    def delete_snapshot(self, name, snapshot):
        """Remove the snapshot, now or when its last clone goes."""
        with _errors_of('delete snapshot %s of %s' % (snapshot, name)):
            volume_id = self._xml_rpc.volume_id(name)
            if volume_id is None or self._destroy(volume_id, snapshot):
                return
            mark = _snapshot_mark(volume_id, snapshot)
            self._mark(mark)
            # The last clone may have gone between the two.
            if self._destroy(volume_id, snapshot):
                self._unmark(mark)
            else:
                LOG.info('Snapshot %s of volume %s has clones; it goes with '
                         'the last of them', snapshot, name)

    def rollback(self, name, snapshot):
        """Give the volume back what it held at the snapshot.

        :raises: HasClones if a newer snapshot, which would go, has clones
        """
        with _errors_of('roll back %s to snapshot %s' % (name, snapshot)):
            self._xml_rpc.snapshot_restore(self._id(name), snapshot)

    # What Cinder deleted while clones still needed it

    def sweep(self):
        """Carry out the deletes that have become possible.

        A failure is left for the next sweep: the mark stays.
        """
        with _errors_of('list of volumes'):
            marks = [name for name in self._xml_rpc.volume_names()
                     if name.startswith(MARK_PREFIX)]
        progress = True
        while marks and progress:
            # Snapshots come first: their volumes can only go after them.
            done = [mark for mark in sorted(marks) if self._carry_out(mark)]
            progress = bool(done)
            if progress:
                with _errors_of('list of volumes'):
                    marks = [name for name in self._xml_rpc.volume_names()
                             if name.startswith(MARK_PREFIX)]

    def _try_to_sweep(self):
        try:
            self.sweep()
        except VPoolError as error:
            LOG.warning('What waits for this delete is left for the next '
                        'sweep: %s', error)

    def _carry_out(self, mark):
        try:
            with _errors_of(mark):
                if mark.startswith(_SNAPSHOT_MARK):
                    volume_id, _dot, snapshot = (
                        mark[len(_SNAPSHOT_MARK):].partition('.'))
                    gone = self._destroy(volume_id, snapshot)
                else:
                    name = mark[len(_VOLUME_MARK):]
                    info = self._info(name)
                    gone = info is None or self._unlink(name, info)
                if gone:
                    self._unmark(mark)
                return gone
        except VPoolError as error:
            LOG.warning('What Cinder deleted before could not be removed '
                        'from the vPool this time: %s', error)
            return False

    def _mark(self, mark):
        try:
            self._edge.create(mark, _MARK_BYTES)
        except edge.Exists:
            pass

    def _unmark(self, mark):
        try:
            self._xml_rpc.unlink(mark)
        except storagedriver.ObjectNotFound:
            pass

    # Steps

    def _id(self, name):
        volume_id = self._xml_rpc.volume_id(name)
        if volume_id is None:
            raise NotFound('the vPool has no volume %s' % name)
        return volume_id

    def _info(self, name):
        volume_id = self._xml_rpc.volume_id(name)
        if volume_id is None:
            return None
        try:
            return self._xml_rpc.volume_info(volume_id)
        except storagedriver.ObjectNotFound:
            return None

    def _is_clone(self, name, parent, snapshot):
        info = self._info(name)
        return info is not None and (
            (info.parent_volume_id, info.parent_snapshot_id) ==
            (parent, snapshot))

    def _unlink(self, name, info):
        """Remove a volume; False if it has clones."""
        if (info.parent_snapshot_id or '').startswith(CLONE_SNAPSHOT_PREFIX):
            # Nobody would know of the parent's snapshot once the clone is
            # gone, if we are stopped just then.
            self._mark(_snapshot_mark(info.parent_volume_id,
                                      info.parent_snapshot_id))
        try:
            self._xml_rpc.unlink(name)
        except storagedriver.ObjectNotFound:
            pass
        except storagedriver.ObjectStillHasChildren:
            return False
        except storagedriver.OutcomeUnknown:
            if self._xml_rpc.volume_id(name) is not None:
                raise
        return True

    def _destroy(self, volume_id, snapshot):
        """Remove a snapshot; False if it has clones."""
        try:
            self._xml_rpc.snapshot_destroy(volume_id, snapshot)
        except (storagedriver.ObjectNotFound, storagedriver.SnapshotNotFound):
            pass
        except storagedriver.ObjectStillHasChildren:
            return False
        except storagedriver.OutcomeUnknown:
            if snapshot in self._xml_rpc.snapshots(volume_id):
                raise
        return True

    def _drop_clone_snapshot(self, source, name):
        source_id = self._xml_rpc.volume_id(source)
        if source_id is not None:
            self._destroy(source_id, CLONE_SNAPSHOT_PREFIX + name)

    def _try_to_drop_clone_snapshot(self, source, name):
        try:
            with _errors_of('snapshot for clone %s of %s' % (name, source)):
                self._drop_clone_snapshot(source, name)
        except VPoolError as error:
            LOG.warning('The snapshot for a clone that failed is left; it '
                        'goes when the clone is deleted: %s', error)


def _snapshot_mark(volume_id, snapshot):
    return '%s%s.%s' % (_SNAPSHOT_MARK, volume_id, snapshot)
