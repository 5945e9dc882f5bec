# SPDX-License-Identifier: Apache-2.0

"""Images into and out of volumes, with the machine's real qemu-img."""

import os
import subprocess
import unittest

from cinder import exception
from cinder.image import image_utils

from ovs_drivers.tests.behaviour import base
from ovs_drivers.tests.fakes import disk_images

try:
    from cinder.image import accelerator
except ImportError:
    accelerator = None

MIB = 1 << 20
PATTERN = bytes(bytearray(range(256))) * 16


def qemu_img(*arguments):
    return subprocess.check_output(('qemu-img',) + arguments,
                                   stderr=subprocess.STDOUT)


class ImageTestCase(base.DriverTestCase):

    def setUp(self):
        super(ImageTestCase, self).setUp()
        self.service = base.ImageService()
        # 'qemu-img' of the tests is the machine's own for plain files
        os.mkdir(self.folder + '/images')

    def raw_file(self, size=8 * MIB, start=PATTERN):
        path = self.folder + '/images/raw'
        with open(path, 'wb') as stream:
            stream.truncate(size)
            stream.write(start)
        return path

    def image(self, image_format, *options, **raw):
        """The path of an image of this format that holds PATTERN."""
        path = self.folder + '/images/' + image_format
        qemu_img('convert', '-f', 'raw', '-O', image_format,
                 *(options + (self.raw_file(**raw), path)))
        return path

    def copy_to_new_volume(self, image_id, size=1, **kwargs):
        volume = self.create(size)
        self.driver.copy_image_to_volume(self.context, volume, self.service,
                                         image_id, **kwargs)
        return volume

    def last_conversion(self):
        return [command for command in self.backend.qemu_img_commands()
                if command.startswith('convert ') and 'openvstorage' in
                command][-1]

    def nothing_temporary_is_left(self):
        return os.listdir(self.folder + '/conversion') == []


class ImageToVolumeTestCase(ImageTestCase):

    def test_formats(self):
        for glance_format, path in (('raw', self.raw_file()),
                                    ('qcow2', self.image('qcow2')),
                                    ('vmdk', self.image('vmdk')),
                                    ('vdi', self.image('vdi'))):
            volume = self.copy_to_new_volume(
                self.service.add(path, glance_format))
            self.assertEqual(PATTERN, self.backend.read(volume.name, 0,
                                                        len(PATTERN)))
            self.assertEqual(base.GIB, self.size_of(volume.name))
            self.assertTrue(self.nothing_temporary_is_left())

    def test_sparse_images_stay_sparse(self):
        image_id = self.service.add(self.raw_file(256 * MIB), 'raw')
        volume = self.copy_to_new_volume(image_id)
        volume_id = self.driver._vpool._id(volume.name)
        info = self.driver._vpool._xml_rpc.volume_info(volume_id)
        self.assertLess(info.stored, 2 * MIB)
        self.assertIn(' --target-is-zero ', self.last_conversion())

    def test_without_sparseness(self):
        image_id = self.service.add(self.raw_file(), 'raw')
        volume = self.copy_to_new_volume(image_id, disable_sparse=True)
        self.assertEqual(PATTERN, self.backend.read(volume.name, 0,
                                                    len(PATTERN)))
        self.assertIn(' -S 0 ', self.last_conversion())
        self.assertNotIn('--target-is-zero', self.last_conversion())

    def test_an_image_over_old_data(self):
        """Reimaging: zeros of the image have to be written."""
        image_id = self.service.add(self.raw_file(), 'raw')
        volume = self.create()
        self.backend.write(volume.name, 5 * MIB, b'old data')
        self.driver.copy_image_to_volume(self.context, volume, self.service,
                                         image_id)
        self.assertEqual(8 * b'\0',
                         self.backend.read(volume.name, 5 * MIB, 8))
        self.assertNotIn('--target-is-zero', self.last_conversion())

    def test_an_image_that_was_fetched_is_not_fetched_again(self):
        image_id = self.service.add(self.image('qcow2'), 'qcow2')
        with image_utils.TemporaryImages.fetch(self.service, self.context,
                                               image_id):
            volume = self.copy_to_new_volume(image_id)
        self.assertEqual(1, self.service.downloads)
        self.assertEqual(PATTERN,
                         self.backend.read(volume.name, 0, len(PATTERN)))

    def test_larger_than_the_volume(self):
        image_id = self.service.add(
            self.image('qcow2', size=base.GIB + MIB), 'qcow2')
        volume = self.create(1)
        self.backend.write(volume.name, 0, b'untouched')
        self.assertRaises(exception.ImageUnacceptable,
                          self.driver.copy_image_to_volume, self.context,
                          volume, self.service, image_id)
        self.assertEqual(b'untouched', self.backend.read(volume.name, 0, 9))
        self.assertTrue(self.nothing_temporary_is_left())

    def check_refused(self, path, disk_format):
        self.check_image_refused(self.service.add(path, disk_format))

    def check_image_refused(self, image_id):
        volume = self.create(1)
        self.assertRaises(
            exception.ImageUnacceptable,
            self.driver.copy_image_to_volume, self.context, volume,
            self.service, image_id)
        self.assertEqual(16 * b'\0', self.backend.read(volume.name, 0, 16))
        self.assertTrue(self.nothing_temporary_is_left())

    def test_images_of_one_file_are_taken(self):
        maker = disk_images.Maker(self.folder + '/images')
        for image in disk_images.TABLE:
            if image.safe:
                volume = self.copy_to_new_volume(
                    self.service.add(image.make(maker), image.claimed))
                self.delete(volume)

    def test_others_are_refused_before_any_qemu_opens_them(self):
        maker = disk_images.Maker(self.folder + '/images')
        for image in disk_images.TABLE:
            if image.safe:
                continue
            path = image.make(maker)
            before = self.backend.qemu_img_commands()
            self.check_refused(path, image.claimed)
            self.assertEqual(before, self.backend.qemu_img_commands(),
                             image.name)
            # the next image has the secret again
            maker = disk_images.Maker(self.folder + '/images')

    def test_what_qemu_says_is_looked_at_too(self):
        """QEMU's own answer counts if the header's check misses an image."""
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.image_headers.check',
            lambda _path: self.found))
        for image in disk_images.TABLE:
            if image.followed in ('qcow2', 'vmdk'):
                self.found = image.followed
                maker = disk_images.Maker(self.folder + '/images')
                self.check_refused(image.make(maker), image.followed)

    def test_the_refusal_names_reason_and_cure(self):
        maker = disk_images.Maker(self.folder + '/images')
        image, = [image for image in disk_images.TABLE
                  if image.name == 'qcow2 with a raw data file']
        with self.assertRaises(exception.ImageUnacceptable) as caught:
            self.copy_to_new_volume(self.service.add(image.make(maker),
                                                     'qcow2'))
        self.assertIn('external data file. hint: make it an image of one '
                      'file', str(caught.exception))

    def add_compressed(self, path):
        subprocess.check_call(['gzip', '-kf', path])
        return self.service.add(path + '.gz', 'qcow2',
                                container_format='compressed')

    @unittest.skipUnless(accelerator, 'this Cinder is older than compressed '
                                      'images')
    def test_compressed_images(self):
        base.CONF.set_override('allow_compression_on_image_upload', True)
        volume = self.copy_to_new_volume(
            self.add_compressed(self.image('qcow2')))
        self.assertEqual(PATTERN,
                         self.backend.read(volume.name, 0, len(PATTERN)))
        path = self.folder + '/images/backed'
        qemu_img('create', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/hostname',
                 path, '1M')
        self.check_image_refused(self.add_compressed(path))

    def test_compressed_images_where_they_are_not_allowed(self):
        self.check_image_refused(self.add_compressed(self.image('qcow2')))

    def test_a_volume_that_is_gone(self):
        image_id = self.service.add(self.raw_file(), 'raw')
        self.assertRaises(exception.VolumeBackendAPIException,
                          self.driver.copy_image_to_volume, self.context,
                          self.volume(), self.service, image_id)
        self.assertEqual([], self.backend.names())


class VolumeToImageTestCase(ImageTestCase):

    def upload(self, volume, disk_format):
        self.driver.copy_volume_to_image(
            self.context, volume, self.service,
            {'id': 'an-image', 'name': 'x', 'disk_format': disk_format,
             'container_format': 'bare'})
        path = self.folder + '/images/uploaded'
        with open(path, 'wb') as stream:
            stream.write(self.service.uploaded)
        return path

    def test_formats(self):
        volume = self.create()
        self.backend.write(volume.name, 0, PATTERN)
        for glance_format, real_format in (('raw', 'raw'),
                                           ('qcow2', 'qcow2'),
                                           ('vdi', 'vdi')):
            path = self.upload(volume, glance_format)
            back = path + '.raw'
            qemu_img('convert', '-f', real_format, '-O', 'raw', path, back)
            with open(back, 'rb') as stream:
                self.assertEqual(PATTERN, stream.read(len(PATTERN)))
            self.assertEqual(base.GIB, os.path.getsize(back))
            self.assertTrue(self.nothing_temporary_is_left())

    def test_what_a_user_writes_does_not_choose_the_format(self):
        """A volume that starts like a qcow2 file is still raw data."""
        path = self.folder + '/images/hostile'
        qemu_img('create', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/passwd',
                 path, '1M')
        with open(path, 'rb') as stream:
            header = stream.read(MIB)
        volume = self.create()
        self.backend.write(volume.name, 0, header)
        back = self.folder + '/images/back'
        qemu_img('convert', '-f', 'qcow2', '-O', 'raw',
                 self.upload(volume, 'qcow2'), back)
        with open(back, 'rb') as stream:
            self.assertEqual(header, stream.read(len(header)))


class CloneImageTestCase(ImageTestCase):

    def setUp(self):
        super(CloneImageTestCase, self).setUp()
        base.CONF.set_override('allowed_direct_url_schemes',
                               ['openvstorage'])

    def image_volume(self, size=base.GIB, template=True):
        name = 'image-%s' % self.volume().id
        self.driver._vpool.create(name, size)
        self.addCleanup(self.driver._vpool.delete, name)
        self.backend.write(name, 0, b'image')
        if template:
            self.driver._vpool._xml_rpc.set_as_template(
                self.driver._vpool._id(name))
        return str(self.driver._location(name))

    def clone_image(self, volume, url, disk_format='raw', others=()):
        update, cloned = self.driver.clone_image(
            self.context, volume, (url, [{'url': other} for other in others]),
            {'id': 'an-image', 'disk_format': disk_format}, self.service)
        self.update(volume, update)
        return cloned

    def test_an_image_that_is_a_volume_here_is_cloned(self):
        place = self.image_volume()
        for url, others in ((place, ()), (None, ['http://x/y', place])):
            volume = self.volume(2)
            self.assertTrue(self.clone_image(volume, url, others=others))
            self.assertEqual(b'image', self.backend.read(volume.name, 0, 5))
            self.assertEqual(2 * base.GIB, self.size_of(volume.name))
            self.delete(volume)

    def test_everything_else_is_not(self):
        place = self.image_volume()
        large = self.image_volume(2 * base.GIB)
        uneven = self.image_volume(base.GIB - 4096)
        for url, disk_format in (
                (None, 'raw'), ('http://glance/file', 'raw'),
                (place, 'qcow2'), (large, 'raw'), (uneven, 'raw'),
                (place.replace('image-', 'nothing-'), 'raw'),
                (place.replace('127.0.0.1', '10.0.0.1'), 'raw'),
                (place.replace('/', '1/'), 'raw')):
            self.assertFalse(self.clone_image(self.volume(), url,
                                              disk_format), url)
        self.assertEqual((None, False), self.driver.clone_image(
            self.context, self.volume(), None, {'id': 'x'}, self.service))

    def test_somebody_s_volume_is_not_given_away(self):
        """A user who may set an image's location could name any volume."""
        victim = self.create()
        managed = self.image_volume(template=False)
        names = self.backend.names()
        for url in (self.driver.local_path(victim), 'cinder://' + victim.id,
                    managed):
            self.assertFalse(self.clone_image(self.volume(), url))
        self.assertEqual(names, self.backend.names())

    def test_only_where_the_operator_allows_it(self):
        place = self.image_volume()
        base.CONF.set_override('allowed_direct_url_schemes', ['cinder'])
        self.assertFalse(self.clone_image(self.volume(), place))
