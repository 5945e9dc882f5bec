# SPDX-License-Identifier: Apache-2.0

"""Single steps on a vPool: each may be repeated, whatever became of it."""

from oslo_log import log as logging

from ovs_drivers.cinder import errors
from ovs_drivers import edge
from ovs_drivers import marks
from ovs_drivers import storagedriver

LOG = logging.getLogger(__name__)

_NOTE_BYTES = 4096      # of an empty volume whose name is all that matters


class Steps(object):
    """One vPool, by its edge port and its XML-RPC port."""

    def __init__(self, edge_port, xml_rpc):
        self._edge = edge_port
        self._xml_rpc = xml_rpc

    def _names(self):
        with errors.translated('list of volumes'):
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

    def _id(self, name):
        volume_id = self._xml_rpc.volume_id(name)
        if volume_id is None:
            raise errors.NotFound('the vPool has no volume %s' % name)
        return volume_id

    def _info(self, name):
        volume_id = self._xml_rpc.volume_id(name)
        return None if volume_id is None else self._info_of(volume_id)

    def _info_of(self, volume_id):
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
        if (info.parent_snapshot_id or '').startswith(marks.CLONE_SNAPSHOT):
            # Without this note no cinder-volume would know of the parent's
            # snapshot if we are stopped just after the clone is gone.
            self._note(marks.of_snapshot(info.parent_volume_id,
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
            self._destroy(source_id, marks.CLONE_SNAPSHOT + name)

    def _drop_clone_snapshots(self, name):
        """Remove the remains of a clone that was cut short.

        Its source is not known: Cinder clones images and cached images
        without noting it.
        """
        snapshot = marks.CLONE_SNAPSHOT + name
        for volume_id in self._xml_rpc.volume_ids():
            try:
                if snapshot in self._xml_rpc.snapshots(volume_id):
                    self._destroy(volume_id, snapshot)
            except storagedriver.ObjectNotFound:
                continue

    def _try(self, step, *arguments):
        """Try a step of cleaning up; sweep() or the next delete repeats it."""
        what = 'Cleanup of %s' % ', '.join(arguments)
        try:
            with errors.translated(what):
                step(*arguments)
        except errors.VPoolError as error:
            LOG.warning('%s failed and will be retried: %s', what, error)
