# SPDX-License-Identifier: Apache-2.0

"""Carries out Cinder's deletes, once no clone needs the volume."""

from oslo_log import log as logging

from ovs_drivers.cinder import errors
from ovs_drivers.cinder import locks
from ovs_drivers.cinder import names
from ovs_drivers.cinder import steps
from ovs_drivers import marks
from ovs_drivers import storagedriver

LOG = logging.getLogger(__name__)


class Sweeper(steps.Steps):
    """The part of a vPool that follows marks, and removes old labels."""

    def sweep(self):
        """Carry out all the deletes that have become possible.

        A failure is left for the next sweep: the mark stays.
        """
        found = self._names()
        self._drop_labels(found)
        waiting = marks.marks_in(found)
        while waiting:
            # Snapshots come first: their volumes can only go after them.
            done = [mark for mark in sorted(waiting)
                    if self._carry_out(mark, found)]
            found = self._names() if done else []
            waiting = marks.marks_in(found)

    def _try_to_collect(self, info):
        """Carry out the deletes for which the clone INFO was the last one.

        Only what it stood on can have become possible, from its parent
        upwards.
        """
        try:
            while info and info.parent_volume_id:
                found = self._names()
                parent_id = info.parent_volume_id
                of_parent = [mark for mark in marks.marks_in(found)
                             if mark.volume_id == parent_id]
                for mark in of_parent:
                    if mark.is_snapshot and mark.name == (
                            info.parent_snapshot_id):
                        self._carry_out(mark, found)
                marked = [mark for mark in of_parent if not mark.is_snapshot]
                # None if another thread has removed it meanwhile
                info = self._info_of(parent_id) if marked else None
                if not marked or not self._carry_out(marked[0], found):
                    return
        except (errors.VPoolError, storagedriver.StorageDriverError) as error:
            LOG.warning('Deletion of the parents of volume %s is postponed '
                        'to the next report of statistics: %s',
                        info.volume_id, error)

    def _carry_out(self, mark, found):
        """Remove the mark's volume or snapshot; False if it has to wait.

        :param found: all names on the vPool
        """
        try:
            with errors.translated(mark.text):
                if mark.is_snapshot:
                    gone = self._destroy(mark.volume_id, mark.name)
                else:
                    gone = self._remove_marked(mark, found)
                if gone:
                    self._remove_note(mark.text)
                return gone
        except errors.VPoolError as error:
            LOG.warning('Deletion of %s %s failed and will be retried: %s',
                        'snapshot' if mark.is_snapshot else 'volume',
                        mark.name, error)
            return False

    def _remove_marked(self, mark, found):
        """Remove a volume, under its lock, if it is still the marked one."""
        lock = _lock_of(mark, marks.labels_in(found))
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

    def _drop_labels(self, found):
        """Remove the labels of volumes that are gone."""
        labels = marks.labels_in(found)
        if labels:
            with errors.translated('labels of volumes'):
                there = set(self._xml_rpc.volume_ids())
                for label in labels:
                    if label.volume_id not in there:
                        self._remove_note(label.text)


def _lock_of(mark, labels):
    """Return the id that the lock of the marked volume has in its name."""
    owners = [label.owner for label in labels
              if label.volume_id == mark.volume_id and
              label.owner != marks.NO_OWNER]
    return (owners or [names.cinder_id(mark.name) or mark.volume_id])[0]
