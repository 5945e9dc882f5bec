# SPDX-License-Identifier: Apache-2.0

"""The errors of a vPool, in the words of Cinder's driver."""

import contextlib

from cinder import exception

from ovs_drivers import edge
from ovs_drivers import location
from ovs_drivers import storagedriver


class VPoolError(exception.VolumeBackendAPIException):
    """The vPool did not carry out a request."""

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
def translated(what):
    """Turn the errors of both ports into those of this module."""
    try:
        yield
    except (edge.EdgeError, storagedriver.StorageDriverError,
            location.LocationError) as error:
        for kind, causes in _KINDS:
            if isinstance(error, causes):
                raise kind('%s: %s' % (what, error))
        raise VPoolError('%s: %s' % (what, error))
