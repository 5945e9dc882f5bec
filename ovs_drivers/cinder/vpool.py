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
  volume, a *mark*, whose name says what is to go. The delete of a clone
  carries out what it made possible; :meth:`VPool.sweep` tries all marks.
"""

import contextlib
import time
import uuid

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
_COPY_PREFIX = 'revert.'
_MARK_BYTES = 4096
# A mark's name holds, beside the prefix, the object id of the volume (36
# characters and a dot) and the name of what is to go.
NAME_BYTES_MAX = (location.NAME_BYTES_MAX - len(_SNAPSHOT_MARK) - 37)
_POLL_SECONDS = 0.2


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

    def is_template(self, name):
        """Whether there is a template of this name."""
        with _errors_of('volume %s' % name):
            info = self._info(name)
            return info is not None and info.is_template

    def size(self, name):
        with _errors_of('volume %s' % name):
            return self._edge.size(name)

    def is_blank(self, name):
        """Whether all of the volume is known to read as zeros.

        The original product, which cannot tell its capacity either, counts
        as stored only what has reached its back end.
        """
        with _errors_of('volume %s' % name):
            info = self._xml_rpc.volume_info(self._id(name))
            return (info.stored == 0 and not info.parent_volume_id and
                    self._xml_rpc.vpool_info() is not None)

    def volumes(self):
        """Names of the volumes, without those that Cinder deleted."""
        with _errors_of('list of volumes'):
            names = self._xml_rpc.volume_names()
        deleted = set(_marked(name)[1] for name in names
                      if name.startswith(_VOLUME_MARK))
        return [name for name in names
                if not name.startswith(MARK_PREFIX) and name not in deleted]

    def snapshots(self, name):
        """Names of the snapshots, without our own and the deleted ones."""
        with _errors_of('snapshots of %s' % name):
            volume_id = self._id(name)
            marks = set(self._xml_rpc.volume_names())
            return [snapshot for snapshot in self._xml_rpc.snapshots(volume_id)
                    if not snapshot.startswith(CLONE_SNAPSHOT_PREFIX) and
                    _mark_of(_SNAPSHOT_MARK, volume_id, snapshot) not in marks]

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

    def delete(self, name):
        """Remove the volume, now or when its last clone goes."""
        with _errors_of('delete volume %s' % name):
            info = self._info(name)
            if info is None:
                self._drop_clone_snapshots(name)
                return
            if not self._delete_or_mark(
                    _mark_of(_VOLUME_MARK, info.volume_id, name),
                    self._unlink, name, info):
                LOG.info('Volume %s has clones; it goes with the last of '
                         'them', name)
                return
        if info.parent_volume_id:
            self._try_to_collect(info)

    def keep(self, name):
        """Forget that the volume was to go: Cinder still uses it.

        A delete can fail, also after its mark was left, and the operator
        may make the volume available again.
        """
        with _errors_of('volume %s' % name):
            self._unmark(_mark_of(_VOLUME_MARK, self._id(name), name))

    def _delete_or_mark(self, mark, remove, *arguments):
        """Remove something; if it has clones, mark it. False if marked."""
        if remove(*arguments):
            return True
        try:
            self._mark(mark)
            # The last clone may have gone between the two.
            if not remove(*arguments):
                return False
        except Exception:
            # The caller hears of a failure; it may go on using the thing.
            with excutils.save_and_reraise_exception():
                self._try(self._unmark, mark)
        self._unmark(mark)
        return True

    def clone_volume(self, source, name):
        """Make the volume NAME with what SOURCE holds at this moment."""
        snapshot = CLONE_SNAPSHOT_PREFIX + name
        self.snapshot(source, snapshot)
        try:
            self.clone_snapshot(source, snapshot, name)
        except Exception:
            with excutils.save_and_reraise_exception():
                self._try(self._drop_clone_snapshot, source, name)

    def clone_snapshot(self, source, snapshot, name):
        """Make the volume NAME with what the snapshot holds."""
        self._clone('clone %s of snapshot %s of %s'
                    % (name, snapshot, source), source, snapshot, name)

    def clone_template(self, template, name):
        """Make the volume NAME with what the template holds."""
        self._clone('clone %s of template %s' % (name, template), template,
                    None, name)

    def _clone(self, what, source, snapshot, name):
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
                left = max(1, int(deadline - time.time()))
                try:
                    self._edge.snapshot_create(name, snapshot, left)
                    return
                except edge.Exists:
                    if self._edge.snapshot_is_synced(name, snapshot):
                        return
                    problem = 'it is not safe on the back end in time'
                except edge.Busy as busy:
                    # The snapshot before this one has to be safe first.
                    problem = '%s' % busy
                # The product can only be asked again.
                if time.time() > deadline:
                    raise VPoolError('snapshot %s of volume %s: %s'
                                     % (snapshot, name, problem))
                time.sleep(_POLL_SECONDS)

    def delete_snapshot(self, name, snapshot):
        """Remove the snapshot, now or when its last clone goes."""
        with _errors_of('delete snapshot %s of %s' % (snapshot, name)):
            volume_id = self._xml_rpc.volume_id(name)
            if volume_id is not None and not self._delete_or_mark(
                    _mark_of(_SNAPSHOT_MARK, volume_id, snapshot),
                    self._destroy, volume_id, snapshot):
                LOG.info('Snapshot %s of volume %s has clones; it goes with '
                         'the last of them', snapshot, name)

    def rollback(self, name, snapshot):
        """Give the volume back what it held at the snapshot.

        :raises: HasClones if a newer snapshot, which would go, has clones
        """
        with _errors_of('roll back %s to snapshot %s' % (name, snapshot)):
            self._xml_rpc.snapshot_restore(self._id(name), snapshot)

    def copy_of_snapshot(self, name, snapshot):
        """Make a volume of its own with what the snapshot holds."""
        copy = '%s%s.%s' % (_COPY_PREFIX, snapshot, uuid.uuid4())
        self.clone_snapshot(name, snapshot, copy)
        return copy

    def drop_copies(self, snapshot):
        """Remove the copies of a snapshot that a stopped service left."""
        prefix = '%s%s.' % (_COPY_PREFIX, snapshot)
        for name in self.volumes():
            if name.startswith(prefix):
                self.delete(name)

    # What Cinder deleted while clones still needed it

    def sweep(self):
        """Carry out all the deletes that have become possible.

        A failure is left for the next sweep: the mark stays.
        """
        marks = self._marks()
        while marks:
            # Snapshots come first: their volumes can only go after them.
            done = [mark for mark in sorted(marks) if self._carry_out(mark)]
            marks = self._marks() if done else []

    def _try_to_collect(self, info):
        """Carry out the deletes for which the clone INFO was the last one.

        Only what it stood on can have become possible, from its parent
        upwards.
        """
        try:
            while info and info.parent_volume_id:
                marks = self._marks()
                parent_id = info.parent_volume_id
                self._carry_out_if_marked(marks, _mark_of(
                    _SNAPSHOT_MARK, parent_id, info.parent_snapshot_id or ''))
                marked = [mark for mark in marks
                          if mark.startswith(_VOLUME_MARK + parent_id)]
                info = (self._xml_rpc.volume_info(parent_id) if marked
                        else None)
                if not marked or not self._carry_out(marked[0]):
                    return
        except (VPoolError, storagedriver.StorageDriverError) as error:
            LOG.warning('What waits for this delete is left for the next '
                        'sweep: %s', error)

    def _carry_out_if_marked(self, marks, mark):
        if mark in marks:
            self._carry_out(mark)

    def _marks(self):
        with _errors_of('list of volumes'):
            return [name for name in self._xml_rpc.volume_names()
                    if name.startswith(MARK_PREFIX)]

    def _carry_out(self, mark):
        try:
            with _errors_of(mark):
                volume_id, name = _marked(mark)
                if mark.startswith(_SNAPSHOT_MARK):
                    gone = self._destroy(volume_id, name)
                else:
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
            self._mark(_mark_of(_SNAPSHOT_MARK, info.parent_volume_id,
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

    def _drop_clone_snapshots(self, name):
        """Remove what is left of a clone that was cut short.

        Its source is not known: Cinder clones images and cached images
        without noting it.
        """
        snapshot = CLONE_SNAPSHOT_PREFIX + name
        for volume_id in self._xml_rpc.volume_ids():
            try:
                if snapshot in self._xml_rpc.snapshots(volume_id):
                    self._destroy(volume_id, snapshot)
            except storagedriver.ObjectNotFound:
                continue

    def _try(self, step, *arguments):
        """A step of cleaning up; sweep() or the next delete does it else."""
        try:
            with _errors_of('clean up after a failure'):
                step(*arguments)
        except VPoolError as error:
            LOG.warning('Left for later: %s', error)


def _mark_of(prefix, volume_id, name):
    return '%s%s.%s' % (prefix, volume_id, name)


def _marked(mark):
    """The object id and the name that a mark holds."""
    prefix = (_SNAPSHOT_MARK if mark.startswith(_SNAPSHOT_MARK)
              else _VOLUME_MARK)
    volume_id, _dot, name = mark[len(prefix):].partition('.')
    return volume_id, name
