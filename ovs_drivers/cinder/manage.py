# SPDX-License-Identifier: Apache-2.0

"""Volumes and snapshots that were on the vPool before Cinder knew of them.

Several hosts of a Cinder can use a vPool, and several clouds. Whose a volume
is, is the id of a record in the database of one Cinder: the id in a label of
the volume, or else in its name. A Cinder that has such a record knows the
volume; to any other it belongs to a cloud that it does not know.
"""

import math

from cinder import context as cinder_context
from cinder import exception
from cinder import objects
from oslo_log import log as logging
from oslo_utils import units

from ovs_drivers.cinder import errors
from ovs_drivers.cinder import owners
from ovs_drivers import location
from ovs_drivers import marks

try:
    from cinder.volume import volume_utils
except ImportError:
    from cinder.volume import utils as volume_utils

LOG = logging.getLogger(__name__)


class ManagingDriver(object):
    """The part of the driver that manages and unmanages."""

    def manage_existing_get_size(self, volume, existing_ref):
        name = self._referenced(existing_ref)
        if name not in self._vpool.volumes():
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref,
                reason='the vPool has no volume of this name')
        return _gib(self._vpool.size(name))

    def manage_existing(self, volume, existing_ref):
        """Take the volume over under the name that it has.

        The product cannot rename, so the name is kept in the location, and
        provider_id says that it is this volume's. A label on the vPool says
        so to others.
        """
        name = self._referenced(existing_ref)
        if name in self._managed_names(self._cinder_volumes(volume)):
            raise exception.ManageExistingAlreadyManaged(volume_ref=name)
        with owners.taken(self._vpool, name, volume.id):
            self._vpool.extend(name,
                               _gib(self._vpool.size(name)) * units.Gi)
            return dict(self._model_update(name), provider_id=volume.id)

    def unmanage(self, volume):
        """Leave the volume as it is, without an owner."""
        owners.release(self._vpool, self._name(volume),
                       self._label_of(volume))

    def get_manageable_volumes(self, cinder_volumes, marker, limit, offset,
                               sort_keys, sort_dirs):
        managed = self._managed_names(cinder_volumes)
        labels = self._vpool.labels()
        entries = []
        for name in self._vpool.volumes():
            try:
                entry = _manageable(name, self._vpool.size(name),
                                    managed.get(name))
                if name not in managed:
                    _mark_unsafe(entry, owners.why_taken(
                        name, labels and
                        labels[self._vpool.object_id(name)]))
                entries.append(entry)
            except errors.NotFound:
                LOG.debug('Volume %s was removed after it was listed', name)
        return volume_utils.paginate_entries_list(
            entries, marker, limit, offset, sort_keys, sort_dirs)

    def manage_existing_snapshot_get_size(self, snapshot, existing_ref):
        name = self._name(snapshot.volume)
        if self._referenced(existing_ref) not in self._vpool.snapshots(name):
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref,
                reason='volume %s has no snapshot of this name' % name)
        return _gib(self._vpool.size(name))

    def manage_existing_snapshot(self, snapshot, existing_ref):
        name = self._referenced(existing_ref)
        others = objects.SnapshotList.get_all_for_volume(
            cinder_context.get_admin_context(), snapshot.volume_id)
        if any(self._snapshot_name(other) == name for other in others
               if other.id != snapshot.id):
            raise exception.ManageExistingAlreadyManaged(volume_ref=name)
        return {'provider_location': name}

    def unmanage_snapshot(self, snapshot):
        """The snapshot stays as it is."""

    def get_manageable_snapshots(self, cinder_snapshots, marker, limit,
                                 offset, sort_keys, sort_dirs):
        managed = dict(((self._name(snapshot.volume),
                         self._snapshot_name(snapshot)), snapshot.id)
                       for snapshot in cinder_snapshots)
        entries = []
        for name in self._vpool.volumes():
            try:
                size = self._vpool.size(name)
                for snapshot in self._vpool.snapshots(name):
                    entry = _manageable(snapshot, size,
                                        managed.get((name, snapshot)))
                    entry['source_reference'] = {'source-name': name}
                    entries.append(entry)
            except errors.NotFound:
                LOG.debug('Volume %s was removed after it was listed', name)
        return volume_utils.paginate_entries_list(
            entries, marker, limit, offset, sort_keys, sort_dirs)

    def _referenced(self, existing_ref):
        if not isinstance(existing_ref, dict):
            existing_ref = {'source-name': existing_ref}
        try:
            name = location.check_name(existing_ref.get('source-name') or '')
        except location.LocationError as error:
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref,
                reason='source-name is needed and has to be the name of a '
                       'volume or snapshot of the vPool: %s' % error)
        if len(name.encode('utf-8')) > marks.BYTES_MAX:
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref,
                reason='a name of over %d bytes leaves no room for what the '
                       'driver has to note on the vPool' % marks.BYTES_MAX)
        if marks.is_reserved(name) or marks.is_internal(name):
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref,
                reason='such names are the driver\'s own')
        return name

    def _cinder_volumes(self, but_for):
        volumes = objects.VolumeList.get_all_by_host(
            cinder_context.get_admin_context(), self.host)
        return [volume for volume in volumes if volume.id != but_for.id]

    def _managed_names(self, volumes):
        managed = {}
        for volume in volumes:
            try:
                managed[self._name(volume)] = volume.id
            except errors.VPoolError as error:
                LOG.warning('Leaving out volume %s: %s', volume.id, error)
        return managed


def _gib(size):
    return int(math.ceil(float(size) / units.Gi))


def _manageable(name, size, cinder_id):
    return {'reference': {'source-name': name},
            'size': _gib(size),
            'cinder_id': cinder_id,
            'safe_to_manage': cinder_id is None,
            'reason_not_safe': 'already managed' if cinder_id else None,
            'extra_info': None}


def _mark_unsafe(entry, reason):
    if reason:
        entry.update(safe_to_manage=False, reason_not_safe=reason)
