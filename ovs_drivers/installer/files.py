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

"""Files that change all together or not at all."""

import contextlib
import fcntl
import fnmatch
import hashlib
import os
import tempfile

from ovs_drivers.installer import errors

_TEMPORARY = '.ovs-drivers-'


class Snapshot(object):
    """A file as it is: content, mode, owner and time."""

    def __init__(self, content, mode, owner, modified):
        self.content = content
        self.mode = mode
        self.owner = owner
        self.modified = modified


def checksum(content):
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def read(path):
    """Return a file's content, or None if there is no such file."""
    if not os.path.isfile(path):
        return None
    with open(path, 'rb') as source:
        return source.read()


def snapshot(path):
    """Return a Snapshot, or None if there is no such file."""
    content = read(path)
    if content is None:
        return None
    status = os.stat(path)
    return Snapshot(content, status.st_mode & 0o7777,
                    (status.st_uid, status.st_gid), status.st_mtime)


def bytecode_of(path):
    """Return what any Python compiled from a source file."""
    folder, name = os.path.split(path)
    stem = name[:-len('.py')]
    return (_matching(folder, stem + '.py[co]')
            + _matching(os.path.join(folder, '__pycache__'), stem + '.*.pyc'))


def _matching(folder, pattern):
    """Return the paths in a folder; unlike glob for any folder's name."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [os.path.join(folder, name)
            for name in sorted(fnmatch.filter(names, pattern))]


class Transaction(object):
    """Writes and removes files; puts everything back on an error."""

    def __init__(self):
        self._undo = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.roll_back()

    def roll_back(self):
        """Put back what was there before, newest change first.

        :raises NotPutBack: at the end, if something could not be put back
        """
        failures = []
        while self._undo:
            action, arguments = self._undo.pop()
            try:
                action(*arguments)
            except EnvironmentError as error:
                failures.append('%s (%s)' % (arguments[0], error.strerror))
        if failures:
            raise errors.NotPutBack(
                'the run failed, and this could not be put back: %s'
                % ', '.join(failures),
                'make room or repair the disk, then run "ovs-drivers '
                'uninstall"; the originals are in .ovs-drivers/original')

    def put(self, path, content, modified=None, mode=0o644):
        """Write a file; one that exists keeps its mode and owner."""
        path = os.path.realpath(path)
        self._make_folder(os.path.dirname(path))
        before = snapshot(path)
        if before is None:
            self._undo.append((_remove, (path,)))
            after = Snapshot(content, mode, _owner_of_folder(path), modified)
        else:
            self._undo.append((_write, (path, before)))
            after = Snapshot(content, before.mode, before.owner, modified)
        _write(path, after)

    def drop(self, path):
        """Remove a file if it is there."""
        before = snapshot(path)
        if before is not None:
            self._undo.append((_write, (path, before)))
            os.unlink(path)

    def drop_folder_if_empty(self, folder):
        """Remove a folder that nothing is in any more."""
        if os.path.isdir(folder) and not os.listdir(folder):
            self._undo.append((_make_one_folder, (folder,)))
            os.rmdir(folder)

    def _make_folder(self, folder):
        if os.path.isdir(folder):
            return
        self._make_folder(os.path.dirname(folder))
        self._undo.append((os.rmdir, (folder,)))
        _make_one_folder(folder)


def _make_one_folder(folder):
    os.mkdir(folder)
    os.chmod(folder, 0o755)  # whatever the umask is
    _give(folder, _owner_of_folder(folder))


def _remove(path):
    if os.path.exists(path):
        os.unlink(path)


def _write(path, wanted):
    """Replace a file in one step."""
    handle, temporary = tempfile.mkstemp(
        prefix=_TEMPORARY, suffix='.tmp', dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, 'wb') as target:
            target.write(wanted.content)
            target.flush()
            os.fsync(target.fileno())
        _give(temporary, wanted.owner)
        os.chmod(temporary, wanted.mode)
        if wanted.modified is not None:
            os.utime(temporary, (wanted.modified, wanted.modified))
        os.rename(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


def _owner_of_folder(path):
    status = os.stat(os.path.dirname(path))
    return status.st_uid, status.st_gid


def _give(path, owner):
    status = os.stat(path)
    if (status.st_uid, status.st_gid) != owner and os.geteuid() == 0:
        os.chown(path, *owner)


def sweep(folder):
    """Remove what an installer that was killed left half-written."""
    for place in (folder, os.path.join(folder, '__pycache__')):
        for path in _matching(place, _TEMPORARY + '*.tmp'):
            os.unlink(path)


def check_writable(paths):
    """Refuse if a file could not be written.

    :raises NotWritable: names the first folder or file
    """
    for path in paths:
        folder = os.path.dirname(os.path.realpath(path))
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise errors.NotWritable(
                'this user may not write in %s' % folder,
                'run the command as the owner of that folder, or as root')


@contextlib.contextmanager
def locked(folders):
    """Keep every other installer out of some folders.

    :raises Busy: another one is in there
    """
    handles = []
    try:
        for folder in sorted(folders):
            handles.append(os.open(folder, os.O_RDONLY))
            try:
                fcntl.flock(handles[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (IOError, OSError):
                raise errors.Busy(
                    'another ovs-drivers works on %s' % folder,
                    'wait until it has finished, then run the command again')
        yield
    finally:
        for handle in handles:
            os.close(handle)
