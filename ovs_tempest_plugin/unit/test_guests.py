# SPDX-License-Identifier: Apache-2.0

import hashlib
import subprocess
import unittest

from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import console
from ovs_tempest_plugin.common import files
from ovs_tempest_plugin.common import guest
from ovs_tempest_plugin.common import patterns


class GuestsTestCase(unittest.TestCase):

    def test_disks(self):
        self.assertEqual(
            [('vda', 1 << 30, ''),
             ('vdb', 512, '7968a798-a0ab-4f6a-8')],
            guest.parse_disks('vda 2097152 \nvdb 1 7968a798-a0ab-4f6a-8\n'))

    def test_a_folder_without_disks(self):
        self.assertEqual([], guest.parse_disks('[vs]d*  \n'))

    def test_the_guest_writes_what_is_expected(self):
        token = patterns.new_token()
        there = subprocess.check_output(
            ['sh', '-c', patterns.shell_command(token)])
        self.assertEqual(patterns.content(token), there)
        self.assertEqual(patterns.BYTES, len(there))
        self.assertEqual(patterns.md5(token), hashlib.md5(there).hexdigest())

    def test_no_block_is_like_another(self):
        content = patterns.content('abcdef')
        blocks = set(content[start:start + 512]
                     for start in range(0, len(content), 512))
        self.assertEqual(patterns.BYTES // 512, len(blocks))

    def test_tokens_differ(self):
        self.assertNotEqual(patterns.new_token(), patterns.new_token())

    def test_checksum_of_a_volume(self):
        self.assertEqual(
            hashlib.md5(b'data' + b'\0' * 3000000).hexdigest(),
            files.md5_of_volume(b'data', 3000004))
        self.assertEqual(hashlib.md5(b'data').hexdigest(),
                         files.md5_of_volume(b'data', 4))


class ConsoleTestCase(unittest.TestCase):

    def tells_disks(self, *outputs):
        """Whether a guest tells its disks that says this, look by look."""
        looks = iter(outputs)
        return console.tells_disks('server s', lambda: next(looks), 5)

    def test_the_guest_of_the_testbed_tells_disks(self):
        self.assertTrue(self.tells_disks(
            '', '[    0.0] Linux version 6.1',
            '[    0.0] Linux version 6.1\r\nguest: disk added: vda 512 aaa'))

    def test_another_guest_asks_for_a_login_without_a_word_of_disks(self):
        self.assertFalse(self.tells_disks(
            "login as 'cirros' user. default password: 'gocubsgo'.\r\n",
            "login as 'cirros' user. default password: 'gocubsgo'.\r\n"
            'cirros login: '))

    def test_a_console_that_stays_silent(self):
        with self.assertRaises(lib_exc.TimeoutException) as caught:
            console.tells_disks('server s', lambda: 'panic', 0)
        for words in ('server s', "'panic'", 'guest_tells_disks to false'):
            self.assertIn(words, str(caught.exception))

    def test_disks_come_grow_and_go(self):
        said = ['[    0.0] Linux version 6.1',
                'guest: disk added: vda 1073741824 aaa',
                'guest: disk added: vdb 1073741824 bbb',
                '[ 3.0] x guest: disk resized: vdb 2147483648 bbb',
                'guest: disk removed: vdb',
                '[    0.0] Linux version 6.1',
                'guest: disk added: vda 1073741824 ccc']
        expected = [{}, {'aaa': 1 << 30}, {'aaa': 1 << 30, 'bbb': 1 << 30},
                    {'aaa': 1 << 30, 'bbb': 2 << 30}, {'aaa': 1 << 30}, {},
                    {'ccc': 1 << 30}]
        for count, disks in enumerate(expected):
            self.assertEqual(
                disks, console.disks('\n'.join(said[:count + 1])))
