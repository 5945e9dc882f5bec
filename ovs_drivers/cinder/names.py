# SPDX-License-Identifier: Apache-2.0

"""Names of the objects that the driver keeps beside Cinder's volumes.

Nothing can be renamed there and no name says whose it is, so what has to be
remembered is the name of an empty volume or of a snapshot:

* a *mark* says what Cinder deleted while clones needed it,
* a *label* says which record of a Cinder owns a volume, whatever its name is,
* a *copy* is what a revert reads from.
"""

import collections
import uuid

from oslo_utils import uuidutils

from ovs_drivers import location

try:
    from cinder.volume import volume_utils
except ImportError:
    from cinder.volume import utils as volume_utils

CLONE_SNAPSHOT = 'clone-'
# A snapshot of the volume as it was before the revert that is under way
BEFORE_REVERT = 'cinder-before-revert'

_MARK = 'cinder-deleted.'
_VOLUME_MARK = _MARK + 'volume.'
_SNAPSHOT_MARK = _MARK + 'snapshot.'
_LABEL = 'cinder-owner.'
_COPY = 'revert.'
_RESERVED = (_MARK, _LABEL, _COPY)
# The owner of a volume that a Cinder gave up
NOBODY = 'nobody'
# The name of a mark holds, beside the prefix, the object id of the volume (36
# characters and a dot) and the name of the volume or snapshot to remove.
BYTES_MAX = location.NAME_BYTES_MAX - len(_SNAPSHOT_MARK) - 37

Mark = collections.namedtuple('Mark', ['text', 'volume_id', 'name',
                                       'is_snapshot'])
Label = collections.namedtuple('Label', ['text', 'volume_id', 'owner'])


def volume_mark(volume_id, name):
    return '%s%s.%s' % (_VOLUME_MARK, volume_id, name)


def snapshot_mark(volume_id, snapshot):
    return '%s%s.%s' % (_SNAPSHOT_MARK, volume_id, snapshot)


def marks(names):
    """The marks among the names of a vPool's volumes."""
    return [_mark(name) for name in names
            if name.startswith((_VOLUME_MARK, _SNAPSHOT_MARK))]


def _mark(text):
    is_snapshot = text.startswith(_SNAPSHOT_MARK)
    volume_id, _dot, name = text[len(
        _SNAPSHOT_MARK if is_snapshot else _VOLUME_MARK):].partition('.')
    return Mark(text, volume_id, name, is_snapshot)


def label(volume_id, owner):
    return '%s%s.%s' % (_LABEL, volume_id, owner)


def labels(names):
    """The labels among the names of a vPool's volumes."""
    return [Label(name, *name[len(_LABEL):].split('.', 1)) for name in names
            if name.startswith(_LABEL) and '.' in name[len(_LABEL):]]


def copies_of(volume_id):
    """Return the prefix of the names of copies of a volume's snapshots."""
    return '%s%s.' % (_COPY, volume_id)


def new_copy_of(volume_id):
    return copies_of(volume_id) + str(uuid.uuid4())


def is_reserved(name):
    """Return true if only the driver makes volumes of this name."""
    return name.startswith(_RESERVED)


def is_internal(snapshot):
    """Return true if only the driver makes snapshots of this name."""
    return snapshot.startswith(CLONE_SNAPSHOT) or snapshot == BEFORE_REVERT


def cinder_id(name):
    """The id of Cinder's that a volume's name was made of, or None."""
    found = volume_utils.extract_id_from_volume_name(name)
    return found if found and uuidutils.is_uuid_like(found) else None
