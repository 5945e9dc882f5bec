# SPDX-License-Identifier: Apache-2.0

import unittest

from ovs_storagedriver import sizes


class SizesTestCase(unittest.TestCase):

    def test_units(self):
        for power, unit in enumerate(('B', 'KiB', 'MiB', 'GiB', 'TiB',
                                      'PiB')):
            self.assertEqual(7 * 1024 ** power, sizes.parse('7' + unit))

    def test_largest(self):
        self.assertEqual(sizes.BYTES_MAX, sizes.parse('%dB' % sizes.BYTES_MAX))
        with self.assertRaisesRegex(ValueError, 'is no size'):
            sizes.parse('%dB' % (sizes.BYTES_MAX + 1))

    def test_malformed(self):
        for text in ('', 'B', '1', '1 B', '1b', '+1B', '1B\n', '٣B', '1EiB'):
            with self.subTest(text), self.assertRaises(ValueError):
                sizes.parse(text)

    def test_the_error_is_short(self):
        with self.assertRaises(ValueError) as caught:
            sizes.parse('9' * 100000)
        self.assertLess(len(str(caught.exception)), 200)

    def test_readable(self):
        for size, text in ((0, '0 B'), (1023, '1023 B'), (1024, '1 KiB'),
                           (3 << 29, '1.5 GiB'), (64 << 40, '64 TiB')):
            self.assertEqual(text, sizes.readable(size))
