# SPDX-License-Identifier: Apache-2.0

"""Test the images that pass, and the errors of the others."""

import shutil
import tempfile
import unittest

from ovs_drivers.cinder import image_headers
from ovs_drivers.cinder import images
from ovs_drivers.tests.fakes import disk_images


class ImageHeadersTestCase(unittest.TestCase):

    def maker(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        return disk_images.Maker(folder)

    def is_taken(self, path, claimed):
        try:
            found = image_headers.check(path)
        except image_headers.UnsafeImage:
            return False
        return images._qemu_format(found) == images._qemu_format(claimed)

    def test_the_table(self):
        for image in disk_images.TABLE:
            path = image.make(self.maker())
            self.assertEqual(image.safe, self.is_taken(path, image.claimed),
                             image.name)

    def test_qemu_follows_what_is_refused(self):
        """Each of these would give a file of the host away."""
        followed = [image for image in disk_images.TABLE if image.followed]
        self.assertGreater(len(followed), 10)
        for image in followed:
            maker = self.maker()
            path = image.make(maker)
            self.assertEqual(disk_images.SECRET,
                             maker.converted(path, image.followed),
                             image.name)

    def test_any_cut_header_is_judged(self):
        """The check gives a verdict on every cut header."""
        for image in disk_images.TABLE:
            if not image.safe:
                continue
            maker = self.maker()
            whole = maker.read(image.make(maker))
            for size in (0, 3, 4, 8, 64, 72, 100, 104, 511, 513, 1 << 16,
                         (192 << 10) + 9, (256 << 10) + 20):
                path = maker.file('cut', whole[:size])
                self.assertIn(self.is_taken(path, image.claimed),
                              (True, False))

    def test_hostile_numbers_are_judged(self):
        """Offsets, sizes and counts of all kinds, at every place."""
        for name in ('qcow2', 'vmdk', 'vmdk for streams', 'vhdx', 'vhd'):
            image, = [each for each in disk_images.TABLE
                      if each.name == name]
            maker = self.maker()
            path = image.make(maker)
            whole = maker.read(path)
            places = list(range(4, 120, 4)) + [
                place + offset for place in (192 << 10, 2 << 20)
                for offset in (8, 16, 32, 48)]
            for place in places:
                for number in (b'\xff' * 8, b'\x7f' + b'\xff' * 7,
                               b'\0\0\0\0\0\0\0\x80'):
                    maker.patched(path, (place, number))
                    self.assertIn(self.is_taken(path, image.claimed),
                                  (True, False))
                maker.patched(path, (place, whole[place:place + 8]))
