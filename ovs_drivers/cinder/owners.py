# SPDX-License-Identifier: Apache-2.0

"""Find a volume's owner: a record of this Cinder, of another one, or none.

The owner is the id of a record in a Cinder's database. A label of the volume
names it; without a label, a name of the kind that Cinder gives does. This
Cinder's database says whether the record is one of its own, on whatever host.
"""

import contextlib

from cinder import context as cinder_context
from cinder import exception
from cinder import objects
from oslo_utils import excutils

from ovs_drivers.cinder import names
from ovs_drivers import marks


@contextlib.contextmanager
def taken(vpool, name, owner):
    """Label the volume with its new owner; undone if the body fails.

    :raises: ManageExistingAlreadyManaged if another has it
    """
    before = _others(vpool, name, owner)
    _check_free(name, before)
    vpool.add_owner(name, owner)
    try:
        # Another cloud may have taken it at the same moment.
        _check_free(name, _others(vpool, name, owner))
        yield
    except Exception:
        with excutils.save_and_reraise_exception():
            vpool.remove_owner(name, owner)
    for other in before:
        vpool.remove_owner(name, other)


def release(vpool, name, label):
    """Leave the volume to the next Cinder that manages it.

    :param label: the owner that a label of the volume names, or None
    """
    if names.cinder_id(name):
        vpool.add_owner(name, marks.NO_OWNER)
    if label:
        vpool.remove_owner(name, label)


def why_taken(name, labels):
    """Return why Cinder must not manage the volume, or None.

    :param labels: the owners that its labels name
    """
    for owner in labels or [names.cinder_id(name)]:
        if owner and owner != marks.NO_OWNER:
            records = _records(owner)
            if not records:
                return ('it is volume %s of another cloud. hint: unmanage it '
                        'there' % owner)
            if not all(record.deleted for record in records):
                return 'volume %s of this cloud has it' % owner
    return None


def _others(vpool, name, owner):
    return [other for other in vpool.labels()[vpool.object_id(name)]
            if other != owner]


def _check_free(name, labels):
    reason = why_taken(name, labels)
    if reason:
        raise exception.ManageExistingAlreadyManaged(
            volume_ref='%s: %s' % (name, reason))


def _records(owner):
    """Records of this Cinder that have the id, deleted ones too."""
    context = cinder_context.get_admin_context(read_deleted='yes')
    records = list(objects.VolumeList.get_all(
        context, None, None, filters={'_name_id': owner}))
    try:
        records.append(objects.Volume.get_by_id(context, owner))
    except exception.VolumeNotFound:
        pass
    return records
