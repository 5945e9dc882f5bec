# SPDX-License-Identifier: Apache-2.0

"""Files that change all together or not at all.

Each is read and written in the place of its owner, see ``owner``.
"""

import contextlib
import errno
import fcntl
import fnmatch
import hashlib
import os
import sys
import tempfile

from ovs_drivers.installer import errors
from ovs_drivers.installer import owner

_TEMPORARY = '.ovs-drivers-'


class Snapshot(object):
    """A file as it is: content, mode, owner and time."""

    def __init__(self, content, mode, owner, modified=None):
        self.content = content
        self.mode = mode
        self.owner = owner
        self.modified = modified


def checksum(content):
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def read(path):
    """Return a file's content, or None if there is no such file."""
    found = snapshot(path)
    return found and found.content


def snapshot(path):
    """Return a Snapshot, or None if there is no such file.

    :raises NotTrusted: its owner may not read it: a link leads elsewhere
    """
    user = owner.of_path(path)
    try:
        with user.acting():
            return _snapshot(path)
    except EnvironmentError as error:
        if error.errno != errno.EACCES:
            raise
        raise errors.NotTrusted(
            '%s cannot be read by %s, who owns the folder'
            % (path, user.name),
            'put a file of that user there, or give the file to him')


def _snapshot(path):
    if not os.path.isfile(path):
        return None
    with open(path, 'rb') as source:
        status = os.fstat(source.fileno())
        return Snapshot(source.read(), status.st_mode & 0o7777,
                        (status.st_uid, status.st_gid), status.st_mtime)


def bytecode_of(path):
    """Return what any Python compiled from a source file."""
    folder, name = os.path.split(path)
    stem = name[:-len('.py')]
    return (_matching(folder, stem + '.py[co]')
            + _matching(os.path.join(folder, '__pycache__'), stem + '.*.pyc'))


def _matching(folder, pattern):
    """Return the paths in a folder; unlike glob for any folder's name."""
    with owner.acting_for(folder):
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
            user, action, arguments = self._undo.pop()
            try:
                with user.acting():
                    action(*arguments)
            except EnvironmentError as error:
                failures.append('%s (%s)' % (arguments[0], error.strerror))
        if failures:
            raise errors.NotPutBack(
                'the run failed, and this could not be put back: %s'
                % ', '.join(failures),
                'make room or repair the disk, then run "ovs-drivers '
                'uninstall"; the originals are in .ovs-drivers/original')

    def put(self, path, content):
        """Write a file; one that exists keeps its mode and owner."""
        user = owner.of_path(path)
        with user.acting():
            self._put(user, os.path.realpath(path), content)

    def _put(self, user, path, content):
        self._make_folder(user, os.path.dirname(path))
        before = _snapshot(path)
        if before is None:
            self._undo.append((user, _remove, (path,)))
            after = Snapshot(content, 0o644, _owner_of_folder(path))
        else:
            self._undo.append((user, _write, (path, before)))
            after = Snapshot(content, before.mode, before.owner)
        _write(path, after)

    def drop(self, path):
        """Remove a file if it is there."""
        user = owner.of_path(path)
        with user.acting():
            before = _snapshot(path)
            if before is not None:
                self._undo.append((user, _write, (path, before)))
                os.unlink(path)

    def drop_folder_if_empty(self, folder):
        """Remove a folder that nothing is in any more."""
        user = owner.of_path(folder)
        with user.acting():
            if os.path.isdir(folder) and not os.listdir(folder):
                self._undo.append((user, _make_one_folder, (folder,)))
                os.rmdir(folder)

    def _make_folder(self, user, folder):
        if os.path.isdir(folder):
            return
        self._make_folder(user, os.path.dirname(folder))
        self._undo.append((user, _remove_folder, (folder,)))
        _make_one_folder(folder)


def _make_one_folder(folder):
    os.mkdir(folder)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchmod(handle, 0o755)  # whatever the umask is
        _give(handle, _owner_of_folder(folder))
    finally:
        os.close(handle)


def _remove(path):
    if os.path.lexists(path):
        os.unlink(path)


def _remove_folder(folder):
    if os.path.isdir(folder):
        os.rmdir(folder)


def _write(path, wanted):
    """Replace a file in one step."""
    handle, temporary = tempfile.mkstemp(
        prefix=_TEMPORARY, suffix='.tmp', dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, 'wb') as target:
            target.write(wanted.content)
            target.flush()
            _give(handle, wanted.owner)
            os.fchmod(handle, wanted.mode)
            os.fsync(handle)
        if wanted.modified is not None:
            os.utime(temporary, (wanted.modified, wanted.modified))
        os.rename(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


def _owner_of_folder(path):
    status = os.stat(os.path.dirname(path))
    return status.st_uid, status.st_gid


def _give(handle, wanted):
    """Let an open file belong to a user and a group, as far as we may."""
    status = os.fstat(handle)
    if (status.st_uid, status.st_gid) == wanted:
        return
    if os.geteuid() == 0:
        os.fchown(handle, *wanted)
        return
    try:
        os.fchown(handle, -1, wanted[1])
    except OSError:
        pass  # only a member may give a file to a group


def sweep(folder):
    """Remove what an installer that was killed left half-written."""
    for place in (folder, os.path.join(folder, '__pycache__')):
        for path in _matching(place, _TEMPORARY + '*.tmp'):
            with owner.acting_for(path):
                os.unlink(path)


def check_writable(paths):
    """Refuse if a file could not be written.

    :raises NotWritable: names the first folder or file
    """
    for path in paths:
        folder = os.path.dirname(os.path.realpath(path))
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        if not _may_write(folder):
            raise errors.NotWritable(
                'this user may not write in %s' % folder,
                'run the command as the owner of that folder, or as root')


def _may_write(folder):
    """Say whether the owner of a folder may make files in it."""
    # Python 2.7 asks for root, who may, also when root acts for the owner
    options = {'effective_ids': True} if sys.version_info[0] > 2 else {}
    with owner.acting_for(folder):
        return os.access(folder, os.W_OK | os.X_OK, **options)


@contextlib.contextmanager
def locked(folders):
    """Keep every other installer out of some folders.

    :raises Busy: another one is in there
    """
    handles = []
    try:
        for folder in sorted(folders):
            with owner.acting_for(folder):
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
