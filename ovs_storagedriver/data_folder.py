# SPDX-License-Identifier: Apache-2.0

"""The folder of a vPool: who it is, who serves it, where everything lies.

====================  =====================================================
``vpool.json``        the vPool's guid and name
``lock``              held by the service; holds its process id
``engine.lock``       held by the service and its engine
``store/``            the engine's files
``engine.sock``       the engine's control socket
``service.sock``      the service's own, where ``status`` asks
====================  =====================================================
"""

import contextlib
import fcntl
import json
import logging
import os
import shutil
import time
import uuid

from ovs_storagedriver import errors
from ovs_storagedriver import settings

LOG = logging.getLogger(__name__)

FORMAT = 1
IDENTITY = 'vpool.json'
_NEW_IDENTITY = IDENTITY + '.new'
# Files that a killed first start may leave
_FIRST_FILES = {'lock', 'engine.lock', _NEW_IDENTITY}
# How long the engine of a service that was killed may take to end: it first
# writes to the disk what it has not written yet.
PREDECESSOR_SECONDS = 60


class DataFolder:
    """A data folder; everything below changes it only after open()."""

    def __init__(self, path):
        self.path = path
        self.guid = None
        self.name = None
        self.engine_lock = None
        self._lock = None
        self._made_folders = []
        self._is_new = False

    def file(self, name):
        return os.path.join(self.path, name)

    @property
    def store(self):
        return self.file('store')

    @property
    def engine_socket(self):
        return self.file('engine.sock')

    @property
    def service_socket(self):
        return self.file('service.sock')

    def open(self, name=None, guid=None):
        """Lock the folder for this process; make it if it is not there.

        :param name: what the vPool has to be called, None: whatever it is
        :param guid: the same for its guid
        :raises: errors.ServiceError, and then nothing is changed
        """
        try:
            self._make()
            self._take_lock()
            self._await_predecessor()
            self._be(name, guid)
        except OSError as error:
            self.undo()
            raise errors.ServiceError(
                'the data folder %s cannot be used: %s. hint: give a folder '
                'that this user may write to' % (self.path, error.strerror))
        except BaseException:
            self.undo()
            raise

    def open_existing(self):
        """The same for a folder that has to be a vPool's already."""
        if not os.path.exists(self.file(IDENTITY)):
            raise errors.ServiceError('%s holds no vPool: it has no file %s'
                                      % (self.path, IDENTITY))
        self.open()

    def keep(self):
        """From now on there may be volumes: undo() removes nothing."""
        self._is_new = False
        self._made_folders = []

    def close(self):
        if self._lock is not None:
            # the number may be another process's as soon as this one ends
            with contextlib.suppress(OSError):
                os.ftruncate(self._lock, 0)
        for lock in (self.engine_lock, self._lock):
            if lock is not None:
                os.close(lock)
        self.engine_lock = self._lock = None

    def undo(self):
        """Close, and remove the vPool if it was made by open() just now."""
        if self._is_new and self._lock is not None:
            shutil.rmtree(self.store, ignore_errors=True)
            for name in (IDENTITY, 'engine.lock', 'lock'):
                with contextlib.suppress(OSError):
                    os.unlink(self.file(name))
        self.close()
        for folder in reversed(self._made_folders):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        self._made_folders = []

    def _make(self):
        folder, missing = self.path, []
        while not os.path.lexists(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for folder in reversed(missing):
            os.mkdir(folder, 0o700)
            self._made_folders.append(folder)

    def _take_lock(self):
        names = set(os.listdir(self.path))
        if IDENTITY not in names and names - _FIRST_FILES:
            raise errors.ServiceError(
                'the folder %s is not empty and holds no vPool. hint: give '
                'an empty or a new one' % self.path)
        lock = os.open(self.file('lock'), os.O_RDWR | os.O_CREAT, 0o600)
        if not _is_locked_by_us(lock):
            owner = os.read(lock, 20).decode(errors='replace').strip()
            os.close(lock)
            raise errors.DataFolderInUse(
                'the data folder %s is served by another process (%s). hint: '
                'stop that one first' % (self.path, owner or 'starting'))
        self._lock = lock
        self._is_new = not os.path.exists(self.file(IDENTITY))
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, b'%d\n' % os.getpid(), 0)
        os.chmod(self.path, 0o700)

    def _await_predecessor(self):
        """Wait until no engine of an earlier service is there any more.

        The engine inherits this lock: it is free when both are gone.
        """
        self.engine_lock = os.open(self.file('engine.lock'),
                                   os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + PREDECESSOR_SECONDS
        while not _is_locked_by_us(self.engine_lock):
            if time.monotonic() > deadline:
                raise errors.DataFolderInUse(
                    'an engine that an earlier service left still serves %s '
                    'after %d s. hint: stop that process ("fuser %s" shows '
                    'it)'
                    % (self.path, PREDECESSOR_SECONDS,
                       self.file('engine.lock')))
            time.sleep(0.05)

    def _be(self, name, guid):
        if not os.path.exists(self.file(IDENTITY)):
            self.guid = guid or str(uuid.uuid4())
            self.name = name or settings.DEFAULT_NAME
            self._write_identity()
            return
        self._read_identity()
        for what, wanted, found in (('guid', guid, self.guid),
                                    ('name', name, self.name)):
            if wanted not in (None, found):
                raise errors.SettingsError(
                    'the vPool in %s has the %s %s, not %s. hint: leave %s '
                    'out, or give the folder of the other vPool'
                    % (self.path, what, found, wanted, what))

    def _read_identity(self):
        path = self.file(IDENTITY)
        try:
            with open(path, encoding='utf-8') as text:
                identity = json.load(text)
            if identity['format'] > FORMAT:
                raise errors.ServiceError(
                    '%s has format %s and was written by a newer release: '
                    'this one knows %d. hint: install the newer release again'
                    % (path, identity['format'], FORMAT))
            self.guid = str(uuid.UUID(identity['guid']))
            self.name = str(identity['name'])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise errors.ServiceError(
                '%s is damaged (%s). hint: write {"format": %d, "guid": …, '
                '"name": …} with the guid that cinder.conf has for this vPool'
                % (path, error, FORMAT))

    def _write_identity(self):
        identity = {'format': FORMAT, 'guid': self.guid, 'name': self.name}
        new = self.file(_NEW_IDENTITY)
        with open(new, 'w', encoding='utf-8') as text:
            json.dump(identity, text)
            text.write('\n')
            text.flush()
            os.fsync(text.fileno())
        os.rename(new, self.file(IDENTITY))
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _is_locked_by_us(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
