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

"""Volumes from images and images from volumes, byte for byte."""

from tempest import config
from tempest.lib import decorators

from ovs_tempest_plugin.common import files
from ovs_tempest_plugin.tests import base

CONF = config.CONF


class TestImages(base.BaseTest):

    @classmethod
    def skip_checks(cls):
        super(TestImages, cls).skip_checks()
        cls.skip_without(CONF.service_available.glance,
                         '[service_available] glance is false')

    @decorators.idempotent_id('aa929c21-437e-463c-844b-eb0c5ba388f8')
    def test_there_and_back(self):
        """Image to volume to image to volume to image, always the same

        * upload a raw image of 1 MiB of random bytes
        * create a volume from it and make an image of the volume: Glance's
          checksum of it is that of the bytes and of zeros behind them
        * do the same with that image: the checksum is the same again
        """
        content = files.random_file(1 << 20)
        expected = files.md5_of_volume(content.getvalue(), base.GIB)
        image = self.made.image(content)
        for _round in range(2):
            volume = self.made.volume(imageRef=image['id'])
            image = self.made.image_of_volume(volume['id'])
            self.assertEqual(base.GIB, image['size'])
            self.assertEqual(expected, image['checksum'],
                             'what Glance has is not what the volume got')
            self.made.delete_volume(volume['id'])

    @decorators.idempotent_id('8a32f553-7e78-45fa-8341-291e0dea06a3')
    def test_qcow2_there_and_back(self):
        """A volume as qcow2 image gives the same volume again

        * create a volume from a raw image of random bytes
        * make a qcow2 image of it, and a volume from that
        * a raw image of the second volume has the checksum of the first
        """
        content = files.random_file(1 << 20)
        first = self.made.volume(imageRef=self.made.image(content)['id'])
        packed = self.made.image_of_volume(first['id'], disk_format='qcow2')
        self.assertEqual('qcow2', packed['disk_format'])
        self.assertLess(packed['size'], base.GIB // 2,
                        'the empty part of the volume is in the image')
        second = self.made.volume(imageRef=packed['id'])
        image = self.made.image_of_volume(second['id'])
        self.assertEqual(
            files.md5_of_volume(content.getvalue(), base.GIB),
            image['checksum'])
