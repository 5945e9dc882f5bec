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
  carries out what it made possible; :meth:`VPool.sweep` tries all marks. A
  mark is final: what it names is refused to whoever would use it, so that
  any cinder-volume may carry it out at any time.
* While data is copied over a volume, a snapshot holds what it had before.
"""

import collections
import contextlib
import time

from cinder import exception
from oslo_log import log as logging
from oslo_utils import excutils

from ovs_drivers.cinder import locks
from ovs_drivers.cinder import names
from ovs_drivers import edge
from ovs_drivers import location
from ovs_drivers import storagedriver

LOG = logging.getLogger(__name__)

_NOTE_BYTES = 4096      # of an empty volume whose name is all that matters
_POLL_SECONDS = 0.2
# The last moment to ask for a fence once more: an answer can take half a
# minute, and Cinder's API waits for a minute.
_FENCE_SECONDS = 35


class VPoolError(exception.VolumeBackendAPIException):
    """The vPool did not do what it was asked."""

    def __init__(self, text):
        super(VPoolError, self).__init__(data=text)


class NotFound(VPoolError):
    """There is no such volume or snapshot."""


class NameTaken(VPoolError):
    """The name belongs to something else."""


class Deleted(VPoolError):
    """Cinder deleted it; it is only there for its clones."""


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
        """Names of the volumes, without our own and the deleted ones."""
        found = self._names()
        deleted = set(mark.name for mark in names.marks(found)
                      if not mark.is_snapshot)
        return [name for name in found
                if not names.is_reserved(name) and name not in deleted]

    def snapshots(self, name):
        """Names of the snapshots, without our own and the deleted ones."""
        with _errors_of('snapshots of %s' % name):
            volume_id = self._id(name)
            notes = set(self._xml_rpc.volume_names())
            return [snapshot for snapshot in self._xml_rpc.snapshots(volume_id)
                    if not names.is_internal(snapshot) and
                    names.snapshot_mark(volume_id, snapshot) not in notes]

    def make_usable(self, name):
        """Make sure that the volume may be used, and holds what it should.

        :raises: Deleted if it is to go with its last clone
        """
        with _errors_of('volume %s' % name):
            self._usable_id(name)

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
                self._usable_id(name)

    def extend(self, name, size):
        """Make the volume larger; smaller is refused."""
        with _errors_of('extend volume %s' % name):
            now = self._edge.size(name)
            if size < now:
                raise Shrinking('extend volume %s: it has %d bytes, %d are '
                                'fewer' % (name, now, size))
            if size > now:
                self._usable_id(name)
                self._edge.truncate(name, size)

    def delete(self, name, owner=None):
        """Remove the volume, now or when its last clone goes.

        :param owner: whom a label of the volume names
        """
        with _errors_of('delete volume %s' % name):
            info = self._info(name)
            if info is None:
                self._drop_clone_snapshots(name)
                return
            if not self._delete_or_mark(
                    names.volume_mark(info.volume_id, name),
                    self._unlink, name, info):
                LOG.info('Volume %s has clones; it goes with the last of '
                         'them', name)
                return
            if owner:
                self._try(self._remove_note,
                          names.label(info.volume_id, owner))
        if info.parent_volume_id:
            self._try_to_collect(info)

    def _delete_or_mark(self, mark, remove, *arguments):
        """Remove something; if it has clones, mark it. False if marked."""
        if remove(*arguments):
            return True
        try:
            self._note(mark)
            # The last clone may have gone between the two.
            if not remove(*arguments):
                return False
        except Exception:
            # The caller hears of a failure; it may go on using the thing.
            with excutils.save_and_reraise_exception():
                self._try(self._remove_note, mark)
        self._remove_note(mark)
        return True

    def clone_volume(self, source, name):
        """Make the volume NAME with what SOURCE holds at this moment."""
        snapshot = names.CLONE_SNAPSHOT + name
        self.snapshot(source, snapshot)
        try:
            self._clone('clone %s of %s' % (name, source), source, snapshot,
                        name)
        except Exception:
            with excutils.save_and_reraise_exception():
                self._try(self._drop_clone_snapshot, source, name)

    def clone_snapshot(self, source, snapshot, name):
        """Make the volume NAME with what the snapshot holds."""
        what = 'clone %s of snapshot %s of %s' % (name, snapshot, source)
        with _errors_of(what):
            self._refuse_deleted(
                names.snapshot_mark(self._id(source), snapshot))
        self._clone(what, source, snapshot, name)

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
                self._usable_id(name)
            except storagedriver.OutcomeUnknown:
                if not self._is_clone(name, parent, snapshot):
                    raise

    # Snapshots

    def snapshot(self, name, snapshot):
        """Take a snapshot and wait until it is safe on the back end."""
        deadline = time.time() + self._snapshot_timeout
        with _errors_of('snapshot %s of volume %s' % (snapshot, name)):
            self._usable_id(name)
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
            if volume_id is None or self._destroy(volume_id, snapshot):
                return
            self._drop_copies(volume_id)
            if not self._delete_or_mark(
                    names.snapshot_mark(volume_id, snapshot), self._destroy,
                    volume_id, snapshot):
                LOG.info('Snapshot %s of volume %s has clones; it goes with '
                         'the last of them', snapshot, name)

    # Reverting

    def rollback(self, name, snapshot):
        """Give the volume back what it held at the snapshot.

        :raises: HasClones if a newer snapshot, which would go, has clones
        """
        with _errors_of('roll back %s to snapshot %s' % (name, snapshot)):
            volume_id = self._usable_id(name)
            self._refuse_deleted(names.snapshot_mark(volume_id, snapshot))
            self._xml_rpc.snapshot_restore(volume_id, snapshot)

    def copy_back(self, name, snapshot, write):
        """Write what the snapshot holds over the volume.

        Until all of it is written, a snapshot of the volume holds what was
        there before: a failure gives it back, and so does the next use of
        the volume, if cinder-volume was stopped.

        :param write: called with the names of a source and of a target
        """
        self.snapshot(name, names.BEFORE_REVERT)
        with _errors_of('revert %s to snapshot %s' % (name, snapshot)):
            volume_id = self._id(name)
            copy = names.new_copy_of(volume_id)
            try:
                self.clone_snapshot(name, snapshot, copy)
                write(copy, name)
                self._destroy(volume_id, names.BEFORE_REVERT)
            except Exception:
                with excutils.save_and_reraise_exception():
                    self._try(self._undo_revert, volume_id)
        self._try(self.delete, copy)

    def _undo_revert(self, volume_id):
        """Give a volume back what it held before a revert that was cut."""
        try:
            self._xml_rpc.snapshot_info(volume_id, names.BEFORE_REVERT)
        except storagedriver.SnapshotNotFound:
            return
        LOG.warning('A revert of the volume with the object id %s was not '
                    'finished: it gets back what it held before', volume_id)
        self._xml_rpc.snapshot_restore(volume_id, names.BEFORE_REVERT)
        self._drop_copies(volume_id)
        self._destroy(volume_id, names.BEFORE_REVERT)

    def _drop_copies(self, volume_id):
        """Remove the copies that reverts of the volume have left."""
        for name in self._names():
            if name.startswith(names.copies_of(volume_id)):
                self.delete(name)

    # What Cinder deleted while clones still needed it

    def sweep(self):
        """Carry out all the deletes that have become possible.

        A failure is left for the next sweep: the mark stays.
        """
        found = self._names()
        self._drop_labels(found)
        marks = names.marks(found)
        while marks:
            # Snapshots come first: their volumes can only go after them.
            done = [mark for mark in sorted(marks)
                    if self._carry_out(mark, found)]
            found = self._names() if done else []
            marks = names.marks(found)

    def _try_to_collect(self, info):
        """Carry out the deletes for which the clone INFO was the last one.

        Only what it stood on can have become possible, from its parent
        upwards.
        """
        try:
            while info and info.parent_volume_id:
                found = self._names()
                parent_id = info.parent_volume_id
                of_parent = [mark for mark in names.marks(found)
                             if mark.volume_id == parent_id]
                for mark in of_parent:
                    if mark.is_snapshot and mark.name == (
                            info.parent_snapshot_id):
                        self._carry_out(mark, found)
                marked = [mark for mark in of_parent if not mark.is_snapshot]
                info = (self._xml_rpc.volume_info(parent_id) if marked
                        else None)
                if not marked or not self._carry_out(marked[0], found):
                    return
        except (VPoolError, storagedriver.StorageDriverError) as error:
            LOG.warning('What waits for this delete is left for the next '
                        'sweep: %s', error)

    def _carry_out(self, mark, found):
        """Remove what the mark names; False if that has to wait.

        :param found: all names on the vPool
        """
        try:
            with _errors_of(mark.text):
                if mark.is_snapshot:
                    gone = self._destroy(mark.volume_id, mark.name)
                else:
                    gone = self._remove_marked(mark, found)
                if gone:
                    self._remove_note(mark.text)
                return gone
        except VPoolError as error:
            LOG.warning('What Cinder deleted before could not be removed '
                        'from the vPool this time: %s', error)
            return False

    def _remove_marked(self, mark, found):
        """Remove a volume, under its lock, if it is still the marked one."""
        lock = _lock_of(mark, names.labels(found))
        with locks.attempt(lock) as held:
            if not held or self._xml_rpc.volume_id(mark.text) is None:
                return False
            info = self._info(mark.name)
            if info is None or info.volume_id != mark.volume_id:
                # It is gone; another volume may have its name.
                return True
            gone = self._unlink(mark.name, info)
        if gone:
            locks.forget(lock)
        return gone

    # Who owns a volume

    def labels(self):
        """Owners that labels name, by the object id of the volume."""
        owners = collections.defaultdict(list)
        for label in names.labels(self._names()):
            owners[label.volume_id].append(label.owner)
        return owners

    def object_id(self, name):
        with _errors_of('volume %s' % name):
            return self._id(name)

    def add_owner(self, name, owner):
        with _errors_of('label volume %s' % name):
            self._note(names.label(self._id(name), owner))

    def remove_owner(self, name, owner):
        with _errors_of('label of volume %s' % name):
            self._remove_note(names.label(self._id(name), owner))

    def _drop_labels(self, found):
        """Remove the labels of volumes that are gone."""
        labels = names.labels(found)
        if labels:
            with _errors_of('labels of volumes'):
                there = set(self._xml_rpc.volume_ids())
                for label in labels:
                    if label.volume_id not in there:
                        self._remove_note(label.text)

    # Who has a volume open

    def fence(self, name, address):
        """End the sessions of the volume that come from ADDRESS, for good.

        :param address: '' for all of them
        """
        what = 'end the sessions of volume %s' % name
        deadline = time.time() + _FENCE_SECONDS
        with _errors_of(what):
            while True:
                try:
                    ended = self._xml_rpc.fence(name, address)
                    break
                except storagedriver.ObjectNotFound:
                    return
                except (storagedriver.Fault,
                        storagedriver.OutcomeUnknown) as error:
                    # A request of such a session is still carried out; the
                    # call has waited for it.
                    if time.time() > deadline:
                        raise VPoolError(
                            '%s: %s. hint: detach it again when its requests '
                            'have ended' % (what, error))
                time.sleep(_POLL_SECONDS)
        if ended is None:
            LOG.warning('The storagedriver cannot end the sessions of volume '
                        '%s: make sure that its last host is down', name)
        else:
            LOG.info('%d sessions of volume %s from %s have been ended',
                     ended, name, address or 'everywhere')

    # Steps

    def _names(self):
        with _errors_of('list of volumes'):
            return self._xml_rpc.volume_names()

    def _note(self, text):
        """Leave a note: an empty volume of this name."""
        try:
            self._edge.create(text, _NOTE_BYTES)
        except edge.Exists:
            pass

    def _remove_note(self, text):
        try:
            self._xml_rpc.unlink(text)
        except storagedriver.ObjectNotFound:
            pass

    def _usable_id(self, name):
        """The object id of a volume that Cinder did not delete."""
        volume_id = self._id(name)
        self._refuse_deleted(names.volume_mark(volume_id, name))
        self._undo_revert(volume_id)
        return volume_id

    def _refuse_deleted(self, mark):
        if self._xml_rpc.volume_id(mark) is not None:
            raise Deleted('Cinder deleted it; it goes with the last of its '
                          'clones. hint: delete it again, or, to go on using '
                          'it, remove the volume %s from the vPool' % mark)

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
        if (info.parent_snapshot_id or '').startswith(names.CLONE_SNAPSHOT):
            # Nobody would know of the parent's snapshot once the clone is
            # gone, if we are stopped just then.
            self._note(names.snapshot_mark(info.parent_volume_id,
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
            self._destroy(source_id, names.CLONE_SNAPSHOT + name)

    def _drop_clone_snapshots(self, name):
        """Remove what is left of a clone that was cut short.

        Its source is not known: Cinder clones images and cached images
        without noting it.
        """
        snapshot = names.CLONE_SNAPSHOT + name
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


def _lock_of(mark, labels):
    """What the lock of the marked volume is named after."""
    owners = [label.owner for label in labels
              if label.volume_id == mark.volume_id and
              label.owner != names.NOBODY]
    return (owners or [names.cinder_id(mark.name) or mark.volume_id])[0]
