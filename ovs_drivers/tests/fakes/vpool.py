# SPDX-License-Identifier: Apache-2.0

"""A vPool that exists for a test: the product's rules over sparse files.

Both ports serve it (``edge_port`` and ``xml_rpc``), so that the drivers'
real code runs, down to the C library and the sockets. A test can make any
call fail, before it is carried out or after.
"""

import collections
import errno
import os
import subprocess
import threading
import uuid

ALIGNMENT = 4096
LARGEST = 64 << 40

# Codes of the XML-RPC port
OBJECT_NOT_FOUND, INVALID_OPERATION = 1, 2
SNAPSHOT_NOT_FOUND, FILE_EXISTS = 3, 4
PREVIOUS_SNAPSHOT_NOT_ON_BACKEND, STILL_HAS_CHILDREN = 6, 7
SNAPSHOT_NAME_EXISTS = 8


class Refused(Exception):
    """The product says no: in errno's words and in XML-RPC's."""

    def __init__(self, number, code, text):
        super(Refused, self).__init__(text)
        self.errno = number
        self.code = code


class Busy(Exception):
    """A request of a fenced session is still being carried out."""


class Volume(object):

    def __init__(self, name, size, parent=None, parent_snapshot=None):
        self.volume_id = str(uuid.uuid4())
        self.name = name
        self.size = size
        self.parent = parent
        self.parent_snapshot = parent_snapshot
        self.template = False
        self.snapshots = collections.OrderedDict()


class Snapshot(object):

    def __init__(self, path, metadata):
        self.path = path
        self.metadata = metadata
        self.uuid = str(uuid.uuid4())
        self.in_backend = True


class VPool(object):

    def __init__(self, folder):
        self.guid = str(uuid.uuid4())
        self.folder = folder
        os.mkdir(os.path.join(folder, 'snapshots'))
        self.lock = threading.RLock()
        self.volumes = collections.OrderedDict()
        # Calls that were asked for, in order: ('edge', 'create', ...)
        self.calls = []
        # Failures: see fail()
        self.failures = []
        self.features = {'multiattach': 'true', 'online_extend': 'true'}
        self.knows_vpool_info = True
        self.knows_fence = True
        # Whose sessions were ended: (name, address); and how often a request
        # of theirs is still being carried out
        self.fences = []
        self.fence_is_busy = 0

    # For tests

    def fail(self, port, call, how, after=0):
        """Make one call of PORT ('edge' or 'xml_rpc') fail.

        :param how: 'refuse' (nothing is done, the connection is closed),
                    'lose' (it is done, the answer is not sent), or an
                    answer that the port knows how to spoil
        :param after: how many such calls work before
        """
        self.failures.append([port, call, how, after])

    def failure_of(self, port, call):
        with self.lock:
            self.calls.append((port, call))
            for failure in self.failures:
                if failure[:2] == [port, call]:
                    if failure[3]:
                        failure[3] -= 1
                        continue
                    self.failures.remove(failure)
                    return failure[2]
        return None

    def path(self, name):
        return os.path.join(self.folder, self._volume(name).name)

    def write(self, name, offset, data):
        with open(self.path(name), 'r+b') as stream:
            stream.seek(offset)
            stream.write(data)

    def read(self, name, offset, count):
        with open(self.path(name), 'rb') as stream:
            stream.seek(offset)
            return stream.read(count)

    def names(self):
        with self.lock:
            return sorted(self.volumes)

    def snapshot_names(self, name):
        return list(self._volume(name).snapshots)

    # The product's behaviour

    def create(self, name, size):
        with self.lock:
            self._check_free(name)
            volume = Volume(name, _rounded(size))
            self.volumes[name] = volume
            with open(self.path(name), 'wb') as stream:
                stream.truncate(volume.size)
            return volume

    def remove(self, name):
        with self.lock:
            volume = self._volume(name)
            if self._clones_of(volume):
                raise Refused(errno.ENOTEMPTY, STILL_HAS_CHILDREN,
                              '%s has clones' % name)
            os.unlink(self.path(name))
            for snapshot in volume.snapshots.values():
                os.unlink(snapshot.path)
            del self.volumes[name]

    def truncate(self, name, size):
        with self.lock:
            volume = self._volume(name)
            size = _rounded(size)
            if size < volume.size:
                raise Refused(errno.EPERM, INVALID_OPERATION,
                              '%s can only grow' % name)
            volume.size = size
            with open(self.path(name), 'r+b') as stream:
                stream.truncate(size)

    def clone(self, name, parent_id, snapshot_name):
        with self.lock:
            parent = self.by_id(parent_id)
            self._check_free(name)
            if snapshot_name:
                source = self._snapshot(parent, snapshot_name).path
            elif parent.template:
                source = self.path(parent.name)
            else:
                raise Refused(errno.EINVAL, INVALID_OPERATION,
                              '%s is no template' % parent.name)
            volume = Volume(name, os.path.getsize(source), parent,
                            snapshot_name)
            self.volumes[name] = volume
            _copy(source, self.path(name))
            return volume

    def snapshot_create(self, name, snapshot_name, metadata=b''):
        with self.lock:
            volume = self._volume(name)
            if snapshot_name in volume.snapshots:
                raise Refused(errno.EEXIST, SNAPSHOT_NAME_EXISTS,
                              '%s has a snapshot %s' % (name, snapshot_name))
            if not all(other.in_backend
                       for other in volume.snapshots.values()):
                raise Refused(errno.EBUSY, PREVIOUS_SNAPSHOT_NOT_ON_BACKEND,
                              'the previous snapshot is not safe yet')
            # no volume can have a name of two parts
            path = os.path.join(self.folder, 'snapshots', str(uuid.uuid4()))
            _copy(self.path(name), path)
            volume.snapshots[snapshot_name] = Snapshot(path, metadata)

    def snapshot_destroy(self, name, snapshot_name):
        with self.lock:
            volume = self._volume(name)
            snapshot = self._snapshot(volume, snapshot_name)
            if self._clones_of(volume, snapshot_name):
                raise Refused(errno.ENOTEMPTY, STILL_HAS_CHILDREN,
                              '%s has clones' % snapshot_name)
            os.unlink(snapshot.path)
            del volume.snapshots[snapshot_name]

    def rollback(self, name, snapshot_name):
        with self.lock:
            volume = self._volume(name)
            snapshot = self._snapshot(volume, snapshot_name)
            names = list(volume.snapshots)
            newer = names[names.index(snapshot_name) + 1:]
            for other in newer:
                if self._clones_of(volume, other):
                    raise Refused(errno.ENOTEMPTY, STILL_HAS_CHILDREN,
                                  '%s has clones' % other)
            for other in newer:
                self.snapshot_destroy(name, other)
            _copy(snapshot.path, self.path(name))

    def fence(self, name, address):
        with self.lock:
            self._volume(name)
            self.fences.append((name, address))
            if self.fence_is_busy:
                self.fence_is_busy -= 1
                raise Busy()

    def by_id(self, volume_id):
        for volume in self.volumes.values():
            if volume.volume_id == volume_id:
                return volume
        raise Refused(errno.ENOENT, OBJECT_NOT_FOUND,
                      'no volume has the id %s' % volume_id)

    def stored(self, name):
        return os.stat(self.path(name)).st_blocks * 512

    def volume(self, name):
        return self._volume(name)

    def _volume(self, name):
        if name not in self.volumes:
            raise Refused(errno.ENOENT, OBJECT_NOT_FOUND,
                          'no volume %s' % name)
        return self.volumes[name]

    def _snapshot(self, volume, name):
        if name not in volume.snapshots:
            raise Refused(errno.ENOENT, SNAPSHOT_NOT_FOUND,
                          '%s has no snapshot %s' % (volume.name, name))
        return volume.snapshots[name]

    def _clones_of(self, volume, snapshot_name=None):
        return [clone for clone in self.volumes.values()
                if clone.parent is volume and
                snapshot_name in (None, clone.parent_snapshot)]

    def _check_free(self, name):
        if name in self.volumes:
            raise Refused(errno.EEXIST, FILE_EXISTS, '%s exists' % name)


def _rounded(size):
    if size > LARGEST:
        raise Refused(errno.EFBIG, INVALID_OPERATION, 'too large')
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _copy(source, target):
    # cp knows about holes; volumes here are gigabytes of them
    subprocess.check_call(['cp', '--sparse=always', '--', source, target])
