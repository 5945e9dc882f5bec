# SPDX-License-Identifier: Apache-2.0

"""A driver of one release of Cinder, with that release's own objects."""

import io
import os
import unittest
import uuid

import fixtures
from cinder import context as cinder_context
from cinder import coordination
from cinder import objects
from cinder.volume import configuration
from cinder.volume import driver as cinder_driver
from oslo_config import cfg

from ovs_drivers.cinder import driver
from ovs_drivers.tests.behaviour import backends

try:
    from cinder import privsep
except ImportError:
    privsep = None

CONF = cfg.CONF
GIB = 1 << 30
SECTION = 'myvpool01'


class ImageService(object):
    """Glance, as far as Cinder's image_utils asks it."""

    def __init__(self):
        self.images = {}
        self.temp_images = None
        self.downloads = 0

    def add(self, path, disk_format, **properties):
        image_id = str(uuid.uuid4())
        self.images[image_id] = (path, dict(
            {'id': image_id, 'disk_format': disk_format,
             'container_format': 'bare', 'size': os.path.getsize(path),
             'status': 'active', 'properties': {}}, **properties))
        return image_id

    def show(self, context, image_id):
        return self.images[image_id][1]

    def download(self, context, image_id, stream):
        self.downloads += 1
        with open(self.images[image_id][0], 'rb') as source:
            stream.write(source.read())

    def update(self, context, image_id, metadata, data, **_where):
        self.uploaded = io.BytesIO(data.read()).getvalue()


class DriverTestCase(unittest.TestCase):

    # A test with Cinder's database (database.py) says so.
    has_database = False

    if not hasattr(unittest.TestCase, 'assertRegex'):
        assertRegex = unittest.TestCase.assertRegexpMatches

    def setUp(self):
        super(DriverTestCase, self).setUp()
        objects.register_all()
        self.folder = self.use(fixtures.TempDir()).path
        self._configure_cinder()
        if not self.has_database:
            self.use(fixtures.MonkeyPatch(
                'cinder.objects.VolumeAttachmentList.get_all_by_volume_id',
                lambda *_arguments: []))
        self.backend = self.use(backends.backend())
        self.context = cinder_context.get_admin_context()
        self.driver = self.new_driver()

    def use(self, fixture):
        fixture.setUp()
        self.addCleanup(fixture.cleanUp)
        return fixture

    def _configure_cinder(self):
        self.addCleanup(CONF.reset)
        self.addCleanup(CONF.clear)
        if not CONF._namespace:
            CONF([], project='cinder', version='1', default_config_files=[])
        for group, name, value in (
                (None, 'state_path', self.folder),
                (None, 'image_conversion_dir', self.folder + '/conversion'),
                ('coordination', 'backend_url', 'file://' + self.folder),
                ('oslo_concurrency', 'lock_path', self.folder)):
            CONF.set_override(name, value, **({'group': group} if group
                                              else {}))
        coordination.COORDINATOR.start()
        self.addCleanup(coordination.COORDINATOR.stop)
        # Commands run as root in production, and as the tester here.
        self.use(fixtures.MonkeyPatch('cinder.utils.get_root_helper',
                                      lambda: 'env'))
        if privsep:
            privsep.sys_admin_pctxt.set_client_mode(False)

    def new_driver(self, **changes):
        """A driver just as after a start of cinder-volume."""
        new = self.unchecked_driver(**changes)
        if hasattr(self, 'driver'):
            # Asking qemu-img what it can do takes longer than all the rest.
            new._qemu_img._help = self.driver._qemu_img._help
        new.do_setup(self.context)
        new.check_for_setup_error()
        new.set_initialized()
        return new

    def unchecked_driver(self, **changes):
        new = driver.OpenvStorageEdgeVolumeDriver(
            configuration=configuration.Configuration(
                cinder_driver.volume_opts, config_group=SECTION),
            host='node@' + SECTION)
        options = dict(self.backend.options, volume_backend_name=SECTION,
                       edge_timeout=5, snapshot_timeout=120)
        options.update(changes)
        for name, value in options.items():
            CONF.set_override(name, value, group=SECTION)
        return new

    def volume(self, size=1, **fields):
        values = {'id': str(uuid.uuid4()), '_name_id': None, 'size': size,
                  'host': 'node@' + SECTION, 'provider_location': None,
                  'provider_id': None, 'source_volid': None,
                  'encryption_key_id': None,
                  'volume_type_id': None, 'volume_type': None,
                  'display_name': u'../../etc \u0416', 'status': 'creating'}
        values.update(fields)
        return objects.Volume(self.context, **values)

    def snapshot(self, volume, **fields):
        values = {'id': str(uuid.uuid4()), 'volume_id': volume.id,
                  'volume': volume, 'volume_size': volume.size,
                  'provider_location': None, 'display_name': 'same name'}
        values.update(fields)
        return objects.Snapshot(self.context, **values)

    def create(self, size=1, **fields):
        volume = self.volume(size, **fields)
        self.update(volume, self.driver.create_volume(volume))
        return volume

    def take_snapshot(self, volume):
        snapshot = self.snapshot(volume)
        self.update(snapshot, self.driver.create_snapshot(snapshot))
        return snapshot

    def from_snapshot(self, snapshot, size=1):
        volume = self.volume(size)
        self.update(volume, self.driver.create_volume_from_snapshot(
            volume, snapshot))
        return volume

    def clone(self, source, size=None):
        volume = self.volume(size or source.size, source_volid=source.id)
        self.update(volume, self.driver.create_cloned_volume(volume, source))
        return volume

    def update(self, thing, model_update):
        for name, value in (model_update or {}).items():
            setattr(thing, name, value)

    def delete(self, volume):
        self.driver.delete_volume(volume)

    def size_of(self, name):
        return self.driver._vpool.size(name)
