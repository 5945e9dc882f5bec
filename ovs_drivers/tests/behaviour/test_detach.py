# SPDX-License-Identifier: Apache-2.0

"""Detaching, with the attachments that Cinder's own database has."""

import uuid

from cinder import objects
from cinder.db import api as db

from ovs_drivers.tests.behaviour import backends
from ovs_drivers.tests.behaviour import base
from ovs_drivers.tests.behaviour import database

OLD = {'host': 'old', 'ip': '10.0.0.1'}
NEW = {'host': 'new', 'ip': '10.0.0.2'}


class DetachTestCase(base.DriverTestCase):

    has_database = True

    def setUp(self):
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.tests.behaviour.backends.backend',
            backends.FakeBackend))
        super(DetachTestCase, self).setUp()
        self.use(database.Database())
        self.fences = self.backend.vpool.fences
        self.attached = objects.Volume(
            self.context, size=1, status='in-use',
            host='node@' + base.SECTION)
        self.attached.create()
        self.update(self.attached, self.driver.create_volume(self.attached))

    def attach(self, connector, status='attached'):
        values = {'volume_id': self.attached.id, 'attach_status': status,
                  'instance_uuid': str(uuid.uuid4()),
                  'attached_host': connector and connector['host']}
        if self.connectors_are_kept() and connector:
            values['connector'] = connector
        objects.VolumeAttachment(self.context, **values).create()

    def connectors_are_kept(self):
        return 'connector' in objects.VolumeAttachment.fields

    def detach(self, connector):
        # Cinder before 2021 passes a row of its database.
        for volume in (self.attached,
                       db.volume_get(self.context, self.attached.id)):
            del self.fences[:]
            self.driver.terminate_connection(volume, connector, force=False)
        return [address for _name, address in self.fences]

    def test_evacuation(self):
        self.attach(OLD)
        self.attach(None, 'reserved')
        self.assertEqual(
            [''] if self.connectors_are_kept() else [OLD['ip']],
            self.detach(OLD))

    def test_live_migration(self):
        self.attach(OLD)
        self.attach(NEW)
        self.assertEqual([OLD['ip']], self.detach(OLD))

    def test_another_instance_of_the_host(self):
        self.attach(OLD)
        self.attach(OLD)
        self.assertEqual([], self.detach(OLD))
