# SPDX-License-Identifier: Apache-2.0

"""Names of the objects that the driver keeps on a vPool for itself.

Nothing can be renamed there and no name says whose it is, so what has to be
remembered is the name of an empty volume or of a snapshot:

* a *mark* says what Cinder deleted while clones needed it,
* a *label* says which record of a Cinder owns a volume, whatever its name is,
* a *copy* is what a revert reads from.

This module imports no OpenStack: scripts and tests that read a vPool use it
too.
"""

import collections
import uuid

from ovs_drivers import location

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
NO_OWNER = 'nobody'
# The name of a mark holds, beside the prefix, the object id of the volume (36
# characters and a dot) and the name of the volume or snapshot to remove.
BYTES_MAX = location.NAME_BYTES_MAX - len(_SNAPSHOT_MARK) - 37

Mark = collections.namedtuple('Mark', ['text', 'volume_id', 'name',
                                       'is_snapshot'])
Label = collections.namedtuple('Label', ['text', 'volume_id', 'owner'])


def of_volume(volume_id, name):
    """Return the name of the mark of a deleted volume."""
    return '%s%s.%s' % (_VOLUME_MARK, volume_id, name)


def of_snapshot(volume_id, snapshot):
    """Return the name of the mark of a deleted snapshot."""
    return '%s%s.%s' % (_SNAPSHOT_MARK, volume_id, snapshot)


def marks_in(names):
    """Return the marks among the names of a vPool's volumes."""
    return [_mark(name) for name in names
            if name.startswith((_VOLUME_MARK, _SNAPSHOT_MARK))]


def _mark(text):
    is_snapshot = text.startswith(_SNAPSHOT_MARK)
    volume_id, _dot, name = text[len(
        _SNAPSHOT_MARK if is_snapshot else _VOLUME_MARK):].partition('.')
    return Mark(text, volume_id, name, is_snapshot)


def label(volume_id, owner):
    """Return the name of the label of a volume."""
    return '%s%s.%s' % (_LABEL, volume_id, owner)


def labels_in(names):
    """Return the labels among the names of a vPool's volumes."""
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
