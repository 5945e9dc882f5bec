# SPDX-License-Identifier: Apache-2.0

"""Cinder's own compliance tests, with our driver among those it tests.

They have a process of their own: Cinder's test modules patch the whole of it
(eventlet) and register options that it then demands.
"""

import sqlite3

from ovs_drivers.cinder import driver

# Cinder before Train cannot make its schema with SQLite 3.26 or later: that
# changed what renaming a table does to the references to it.
_connect = sqlite3.dbapi2.connect


def _connect_as_before(*args, **kwargs):
    connection = _connect(*args, **kwargs)
    connection.execute('PRAGMA legacy_alter_table = ON')
    return connection


sqlite3.connect = sqlite3.dbapi2.connect = _connect_as_before

from cinder.tests.compliance import test_volume_drivers  # noqa: E402


class TestVolumeDrivers(test_volume_drivers.TestVolumeDrivers):

    def test_ours_is_among_them(self):
        self.assertIn(driver.OpenvStorageEdgeVolumeDriver,
                      [known.cls for known
                       in test_volume_drivers.VOLUME_DRIVERS])
