# SPDX-License-Identifier: Apache-2.0

"""Volumes from images and images from volumes, byte for byte."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import files
from ovs_tempest_plugin.tests import base

CONF = config.CONF

# Cinder up to Rocky can use an image only if qemu-img (4.1 and newer) has a
# whole number to say of its size. As qcow2 this has five clusters more, which
# makes 1 MiB.
CLUSTERS = 11
CLUSTER = 1 << 16


class TestImages(base.BaseTest):

    needs = [('service_available', 'glance')]

    @decorators.idempotent_id('aa929c21-437e-463c-844b-eb0c5ba388f8')
    def test_there_and_back(self):
        """Image to volume to image to volume, always the same

        * upload a raw image of random bytes
        * create a volume from it and make a raw image of the volume:
          Glance's checksum is that of the bytes and of zeros behind them
        * create a volume from that image and make a qcow2 image of it,
          which is without the zeros
        * a raw image of a volume made from that has the same checksum again
        """
        content = files.random_file(CLUSTERS * CLUSTER)
        raw = self.there_and_back(self.made.image(content), 'raw')
        self.assert_content(content, raw)
        packed = self.there_and_back(raw, 'qcow2')
        self.assertLess(packed['size'], base.GIB // 2,
                        'the empty part of the volume is in the image')
        self.assert_content(content, self.there_and_back(packed, 'raw'))

    def there_and_back(self, image, disk_format):
        """Make a volume from an image, and an image of the volume."""
        volume = self.made.volume(imageRef=image['id'])
        made = self.made.image_of_volume(volume['id'], disk_format)
        self.made.delete_volume(volume['id'])
        self.assertEqual(disk_format, made['disk_format'])
        return made

    def assert_content(self, content, image):
        self.assertEqual(base.GIB, image['size'])
        self.assertEqual(
            files.md5_of_volume(content.getvalue(), base.GIB),
            image['checksum'],
            'what Glance has is not what the volume got')
