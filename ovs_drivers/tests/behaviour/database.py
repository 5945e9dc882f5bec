# SPDX-License-Identifier: Apache-2.0

"""Cinder's own schema in an SQLite file, made once a process."""

import atexit
import shutil
import sqlite3
import tempfile

import fixtures
from cinder import db  # noqa: F401: registers its options
from cinder.db import migration
from oslo_config import cfg

_folders = []
_connect = sqlite3.dbapi2.connect


def _connect_as_before(*args, **kwargs):
    # Cinder before Train cannot make its schema with SQLite 3.26 or later:
    # that changed what renaming a table does to the references to it.
    connection = _connect(*args, **kwargs)
    connection.execute('PRAGMA legacy_alter_table = ON')
    return connection


class Database(fixtures.Fixture):
    """Cinder's configuration names the file."""

    def _setUp(self):
        self.useFixture(fixtures.MonkeyPatch('sqlite3.dbapi2.connect',
                                             _connect_as_before))
        made = bool(_folders)
        if not made:
            _folders.append(tempfile.mkdtemp())
            atexit.register(shutil.rmtree, _folders[0])
        cfg.CONF.set_override('connection', 'sqlite:///%s/cinder'
                              % _folders[0], group='database')
        if not made:
            migration.db_sync()
