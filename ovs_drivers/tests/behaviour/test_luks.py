# SPDX-License-Identifier: Apache-2.0

"""Encrypted volumes, made and read back by the machine's real qemu-img."""

import json
import os
import subprocess
import tempfile
import unittest

from cinder import exception
from cinder.image import image_utils

from ovs_drivers.cinder import luks
from ovs_drivers.cinder import qemu_img
from ovs_drivers.tests.behaviour import base
from ovs_drivers.tests.behaviour import test_images

MIB = 1 << 20
HEADER_BYTES_MAX = 16 * MIB


class Key(object):

    def get_encoded(self):
        return b'\x01\xfe' * 16


class KeyManager(object):

    def __init__(self, conf):
        pass

    def get(self, context, key_id):
        return Key()


class LuksTestCase(test_images.ImageTestCase):

    def setUp(self):
        super(LuksTestCase, self).setUp()
        self.encryption = {'provider': 'luks', 'cipher': 'aes-xts-plain64',
                           'key_size': 256, 'encryption_key_id': 'a-key'}
        self.use(base.fixtures.MonkeyPatch(
            'cinder.db.api.volume_encryption_metadata_get',
            lambda _context, _volume_id: self.encryption))

    def encrypted(self, size=1):
        return self.create(size, encryption_key_id='a-key')


@unittest.skipUnless(hasattr(image_utils, 'decode_cipher'),
                     'this Cinder is older than encrypted network volumes')
class EncryptedVolumeTestCase(LuksTestCase):

    def setUp(self):
        super(EncryptedVolumeTestCase, self).setUp()
        self.use(base.fixtures.MonkeyPatch('castellan.key_manager.API',
                                           KeyManager))
        # Two seconds of key derivation a volume are for production.
        self.use(base.fixtures.MonkeyPatch(
            'ovs_drivers.cinder.qemu_img._LUKS_OPTIONS',
            qemu_img._LUKS_OPTIONS + ',iter-time=1'))

    def payload(self, volume, count):
        """Return the data that QEMU shows to a guest that has the key."""
        path = self.folder + '/payload'
        subprocess.check_call(
            ['qemu-img', 'dd'] + self._opened() +
            ['bs=%d' % count, 'count=1', 'if=' + self._disk(volume),
             'of=' + path])
        with open(path, 'rb') as stream:
            return stream.read()

    def payload_size(self, volume):
        return json.loads(subprocess.check_output(
            ['qemu-img', 'info', '--output=json'] + self._opened() +
            [self._disk(volume)]).decode())['virtual-size']

    def _opened(self):
        key = self.folder + '/key'
        with open(key, 'wb') as stream:
            stream.write(b'01fe' * 16)
        return ['--image-opts', '--object',
                'secret,id=s,format=raw,file=' + key]

    def _disk(self, volume):
        location = self.driver._location(self.driver._name(volume))
        return 'driver=luks,key-secret=s,' + ','.join(
            'file.%s=%s' % pair for pair in location.image_opts())

    def test_the_guest_sees_the_whole_size(self):
        volume = self.encrypted(1)
        self.assertEqual(b'LUKS\xba\xbe',
                         self.backend.read(volume.name, 0, 6))
        self.assertEqual(base.GIB, self.payload_size(volume))
        self.assertIs(True, self.driver.initialize_connection(
            volume, None)['data']['encrypted'])

    def test_extend_keeps_header_and_size(self):
        volume = self.encrypted(1)
        self.driver.extend_volume(volume, 2)
        self.assertEqual(2 * base.GIB, self.payload_size(volume))

    def test_clones_grow_by_the_payload(self):
        volume = self.encrypted(1)
        clone = self.volume(2, encryption_key_id='a-key',
                            source_volid=volume.id)
        self.driver.create_cloned_volume(clone, volume)
        self.assertEqual(2 * base.GIB, self.payload_size(clone))

    def test_an_image_is_written_encrypted(self):
        volume = self.encrypted(1)
        image_id = self.service.add(self.image('qcow2'), 'qcow2')
        self.driver.copy_image_to_encrypted_volume(
            self.context, volume, self.service, image_id)
        self.assertEqual(test_images.PATTERN,
                         self.payload(volume, len(test_images.PATTERN)))
        stored = self.backend.read(volume.name, 0, HEADER_BYTES_MAX)
        self.assertNotIn(test_images.PATTERN[:64], stored)
        self.assertTrue(self.nothing_temporary_is_left())

    def test_an_image_as_large_as_the_volume_fits(self):
        volume = self.encrypted(1)
        image_id = self.service.add(self.image('qcow2', size=base.GIB),
                                    'qcow2')
        self.driver.copy_image_to_encrypted_volume(
            self.context, volume, self.service, image_id,
            disable_sparse=False)
        self.assertEqual(test_images.PATTERN,
                         self.payload(volume, len(test_images.PATTERN)))

    def test_an_image_of_an_encrypted_volume_comes_back(self):
        volume = self.encrypted(1)
        image_id = self.service.add(self.image('qcow2'), 'qcow2')
        self.driver.copy_image_to_encrypted_volume(
            self.context, volume, self.service, image_id)
        self.driver.copy_volume_to_image(
            self.context, volume, self.service,
            {'id': 'i', 'disk_format': 'raw', 'container_format': 'bare'})
        path = self.folder + '/images/luks'
        with open(path, 'wb') as stream:
            stream.write(self.service.uploaded)
        again = self.encrypted(1)
        self.driver.copy_image_to_volume(self.context, again, self.service,
                                         self.service.add(path, 'raw'))
        self.assertEqual(test_images.PATTERN,
                         self.payload(again, len(test_images.PATTERN)))

    def test_the_passphrase_is_nowhere_but_in_its_file(self):
        volume = self.encrypted(1)
        self.assertNotIn('01fe01fe',
                         '\n'.join(self.backend.qemu_img_commands()))
        # a folder of its own: other workers' files come and go in /tmp
        self.use(base.fixtures.NestedTempfile())
        self.driver.delete_volume(volume)
        self.encrypted(1)
        self.assertEqual([], [name for name
                              in os.listdir(tempfile.gettempdir())
                              if name.startswith('luks_')])

    def test_a_failed_create_is_undone(self):
        def write_volume(*_args, **_kwargs):
            raise exception.VolumeBackendAPIException(data='disk on fire')
        self.driver._qemu_img.write_volume = write_volume
        self.assertRaises(exception.VolumeBackendAPIException, self.encrypted)
        self.assertEqual([], self.backend.names())

    def test_encryptions_that_qemu_does_not_open(self):
        for change in ({'provider': 'plain'}, {'provider': None},
                       {'cipher': None}, {'key_size': None},
                       {'cipher': 'aes'}):
            before = dict(self.encryption)
            self.encryption.update(change)
            self.assertRaises(
                (exception.VolumeBackendAPIException,
                 exception.InvalidVolumeType, exception.VolumeDriverException),
                self.encrypted)
            self.encryption = before
        self.assertEqual([], self.backend.names())


@unittest.skipIf(hasattr(image_utils, 'decode_cipher'),
                 'this Cinder can make encrypted network volumes')
class TooOldTestCase(LuksTestCase):

    def test_the_release_that_can_is_named(self):
        with self.assertRaises(exception.VolumeBackendAPIException) as caught:
            self.encrypted()
        self.assertIn('Queens', str(caught.exception))
        self.assertEqual([], self.backend.names())


class IsEncryptedTestCase(base.DriverTestCase):

    def test_by_the_key(self):
        self.assertFalse(luks.is_encrypted(self.volume()))
        self.assertTrue(luks.is_encrypted(
            self.volume(encryption_key_id='a-key')))
