# SPDX-License-Identifier: Apache-2.0

"""The calls of Cinder's driver on a vPool; all of them may be repeated.

The product has rules that Cinder does not know: a volume or snapshot with
clones cannot be removed, nothing can be renamed, the reply of a call can be
lost. This module lives with them, and keeps what it has to remember on the
vPool itself, so that it does not matter when cinder-volume is restarted, or
which of several cinder-volumes goes on:

* A clone of a volume is a clone of a snapshot ``clone-NAME`` that is taken
  for it alone, and goes when the clone goes.
* An empty volume, a *mark*, stands for a volume or snapshot that Cinder
  deleted while clones still needed it; the mark's name names it. The delete
  of a clone carries out the marks that it made possible; :meth:`VPool.sweep`
  tries all marks. A mark is final: the driver refuses every use of a marked
  volume or snapshot, so that any cinder-volume may carry the mark out at any
  time.
* While the driver copies data over a volume, a snapshot holds the old data.
"""

import collections
import time

from oslo_log import log as logging
from oslo_utils import excutils

from ovs_drivers.cinder import errors
from ovs_drivers.cinder import sweeping
from ovs_drivers import edge
from ovs_drivers import marks
from ovs_drivers import storagedriver

LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.2
# The last moment to ask for a fence once more: an answer can take half a
# minute, and Cinder's API waits for a minute.
_FENCE_SECONDS = 35


class VPool(sweeping.Sweeper):
    """One vPool, by its edge port and its XML-RPC port."""

    def __init__(self, edge_port, xml_rpc, snapshot_timeout):
        super(VPool, self).__init__(edge_port, xml_rpc)
        self._snapshot_timeout = snapshot_timeout

    # Questions

    def check(self):
        """Make sure that both ports answer, and for the same vPool."""
        with errors.translated('xml_rpc_port'):
            by_xml_rpc = set(self._xml_rpc.volume_names())
        with errors.translated('edge_port'):
            by_edge = set(self._edge.volumes())
        if by_edge and by_xml_rpc and not by_edge & by_xml_rpc:
            raise errors.VPoolError(
                'edge_port and xml_rpc_port show no volume in common: they '
                'belong to different vPools. hint: give two ports of one '
                'vPool')

    @property
    def host(self):
        """The host that locations name: the one that has answered last."""
        return self._edge.host

    def info(self):
        """Capacity and abilities, or None where the vPool cannot say."""
        with errors.translated('capacity'):
            return self._xml_rpc.vpool_info()

    def is_template(self, name):
        """Return true if there is a template of this name."""
        with errors.translated('volume %s' % name):
            info = self._info(name)
            return info is not None and info.is_template

    def size(self, name):
        with errors.translated('volume %s' % name):
            return self._edge.size(name)

    def is_blank(self, name):
        """Return true if all of the volume is known to read as zeros.

        The original product, which cannot tell its capacity either, counts
        as stored only what has reached its back end.
        """
        with errors.translated('volume %s' % name):
            info = self._xml_rpc.volume_info(self._id(name))
            return (info.stored == 0 and not info.parent_volume_id and
                    self._xml_rpc.vpool_info() is not None)

    def volumes(self):
        """Names of the volumes, without our own and the deleted ones."""
        found = self._names()
        deleted = set(mark.name for mark in marks.marks_in(found)
                      if not mark.is_snapshot)
        return [name for name in found
                if not marks.is_reserved(name) and name not in deleted]

    def snapshots(self, name):
        """Names of the snapshots, without our own and the deleted ones."""
        with errors.translated('snapshots of %s' % name):
            volume_id = self._id(name)
            notes = set(self._xml_rpc.volume_names())
            return [snapshot for snapshot in self._xml_rpc.snapshots(volume_id)
                    if not marks.is_internal(snapshot) and
                    marks.of_snapshot(volume_id, snapshot) not in notes]

    def make_usable(self, name):
        """Make sure that the volume may be used, and holds the right data.

        Its location then names a host that answers.

        :raises: Deleted if it is to go with its last clone
        """
        with errors.translated('volume %s' % name):
            self._usable_id(name)
            self._edge.find_host()

    # Volumes

    def create(self, name, size):
        """Make an empty volume; the same again is no error."""
        with errors.translated('create volume %s' % name):
            try:
                self._edge.create(name, size)
            except edge.Exists:
                if self._edge.size(name) != size:
                    raise errors.NameTaken(
                        'create volume %s: the vPool has a volume of this '
                        'name and another size' % name)
                self._usable_id(name)

    def extend(self, name, size):
        """Make the volume larger; smaller is refused."""
        with errors.translated('extend volume %s' % name):
            now = self._edge.size(name)
            if size < now:
                raise errors.Shrinking(
                    'extend volume %s: it has %d bytes, %d are fewer'
                    % (name, now, size))
            if size > now:
                self._usable_id(name)
                self._edge.truncate(name, size)

    def delete(self, name, owner=None):
        """Remove the volume, now or when its last clone goes.

        :param owner: the owner that a label of the volume names
        """
        with errors.translated('delete volume %s' % name):
            info = self._info(name)
            if info is None:
                self._drop_clone_snapshots(name)
                return
            if not self._delete_or_mark(
                    marks.of_volume(info.volume_id, name),
                    self._unlink, name, info):
                LOG.info('Volume %s has clones and will be removed with the '
                         'last of them', name)
                return
            if owner:
                self._try(self._remove_note,
                          marks.label(info.volume_id, owner))
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
        snapshot = marks.CLONE_SNAPSHOT + name
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
        with errors.translated(what):
            self._refuse_deleted(
                marks.of_snapshot(self._id(source), snapshot))
        self._clone(what, source, snapshot, name)

    def clone_template(self, template, name):
        """Make the volume NAME with the data of the template."""
        self._clone('clone %s of template %s' % (name, template), template,
                    None, name)

    def _clone(self, what, source, snapshot, name):
        with errors.translated(what):
            parent = self._id(source)
            try:
                self._xml_rpc.clone(name, parent, snapshot)
            except storagedriver.FileExists:
                if not self._is_clone(name, parent, snapshot):
                    raise errors.NameTaken(
                        '%s: the vPool has another volume of this name'
                        % what)
                self._usable_id(name)
            except storagedriver.OutcomeUnknown:
                if not self._is_clone(name, parent, snapshot):
                    raise

    # Snapshots

    def snapshot(self, name, snapshot):
        """Take a snapshot and wait until it is safe on the back end."""
        deadline = time.time() + self._snapshot_timeout
        with errors.translated('snapshot %s of volume %s' % (snapshot, name)):
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
                    raise errors.VPoolError('snapshot %s of volume %s: %s'
                                            % (snapshot, name, problem))
                time.sleep(_POLL_SECONDS)

    def delete_snapshot(self, name, snapshot):
        """Remove the snapshot, now or when its last clone goes."""
        with errors.translated('delete snapshot %s of %s' % (snapshot, name)):
            volume_id = self._xml_rpc.volume_id(name)
            if volume_id is None or self._destroy(volume_id, snapshot):
                return
            self._drop_copies(volume_id)
            if not self._delete_or_mark(
                    marks.of_snapshot(volume_id, snapshot), self._destroy,
                    volume_id, snapshot):
                LOG.info('Snapshot %s of volume %s has clones and will be '
                         'removed with the last of them', snapshot, name)

    # Reverting

    def rollback(self, name, snapshot):
        """Give the volume back what it held at the snapshot.

        :raises: HasClones if a newer snapshot, which would go, has clones
        """
        with errors.translated('roll back %s to snapshot %s'
                               % (name, snapshot)):
            volume_id = self._usable_id(name)
            self._refuse_deleted(marks.of_snapshot(volume_id, snapshot))
            self._xml_rpc.snapshot_restore(volume_id, snapshot)

    def copy_back(self, name, snapshot, write):
        """Write the data of the snapshot over the volume.

        Until all of it is written, a snapshot of the volume holds what was
        there before: a failure gives it back, and so does the next use of
        the volume, if cinder-volume was stopped.

        :param write: called with the names of a source and of a target
        """
        self.snapshot(name, marks.BEFORE_REVERT)
        with errors.translated('revert %s to snapshot %s' % (name, snapshot)):
            volume_id = self._id(name)
            copy = marks.new_copy_of(volume_id)
            try:
                self.clone_snapshot(name, snapshot, copy)
                write(copy, name)
                self._destroy(volume_id, marks.BEFORE_REVERT)
            except Exception:
                with excutils.save_and_reraise_exception():
                    self._try(self._undo_revert, volume_id)
        self._try(self.delete, copy)

    def _undo_revert(self, volume_id):
        """Give a volume its data from before a revert that was cut off."""
        try:
            self._xml_rpc.snapshot_info(volume_id, marks.BEFORE_REVERT)
        except storagedriver.SnapshotNotFound:
            return
        LOG.warning('A revert of the volume with the object id %s was '
                    'interrupted; restoring the data from before it',
                    volume_id)
        self._xml_rpc.snapshot_restore(volume_id, marks.BEFORE_REVERT)
        self._drop_copies(volume_id)
        self._destroy(volume_id, marks.BEFORE_REVERT)

    def _drop_copies(self, volume_id):
        """Remove the copies that reverts of the volume have left."""
        for name in self._names():
            if name.startswith(marks.copies_of(volume_id)):
                self.delete(name)

    # The owner of a volume

    def labels(self):
        """Owners that labels name, by the object id of the volume."""
        owners = collections.defaultdict(list)
        for label in marks.labels_in(self._names()):
            owners[label.volume_id].append(label.owner)
        return owners

    def object_id(self, name):
        with errors.translated('volume %s' % name):
            return self._id(name)

    def add_owner(self, name, owner):
        with errors.translated('label volume %s' % name):
            self._note(marks.label(self._id(name), owner))

    def remove_owner(self, name, owner):
        with errors.translated('label of volume %s' % name):
            self._remove_note(marks.label(self._id(name), owner))

    # Sessions of a volume

    def fence(self, name, address):
        """End the sessions of the volume that come from ADDRESS, for good.

        :param address: '' for all of them
        """
        what = 'end the sessions of volume %s' % name
        deadline = time.time() + _FENCE_SECONDS
        with errors.translated(what):
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
                        raise errors.VPoolError(
                            '%s: %s. hint: detach it again when its requests '
                            'have ended' % (what, error))
                time.sleep(_POLL_SECONDS)
        if ended is None:
            LOG.warning('The storagedriver cannot end the sessions of volume '
                        '%s. hint: make sure that its last host is down',
                        name)
        else:
            LOG.info('Ended %d sessions of volume %s from %s',
                     ended, name, address or 'everywhere')

    # Checks before the use of a volume

    def _usable_id(self, name):
        """The object id of a volume that Cinder did not delete."""
        volume_id = self._id(name)
        self._refuse_deleted(marks.of_volume(volume_id, name))
        self._undo_revert(volume_id)
        return volume_id

    def _refuse_deleted(self, mark):
        if self._xml_rpc.volume_id(mark) is not None:
            raise errors.Deleted(
                'Cinder deleted it; it goes with the last of its clones. '
                'hint: delete it again, or, to go on using it, remove the '
                'volume %s from the vPool' % mark)
