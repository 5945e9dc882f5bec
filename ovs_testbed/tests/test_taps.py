# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
import sys
import unittest

from ovs_testbed import taps
from ovs_testbed import testbeds

_WATCH = r'''
%s -m ovs_testbed.taps unix:/nowhere &
trap 'pkill --parent $!; kill $!' EXIT
ip tuntap add tap-x mode tap
# what happens before it listens it does not see
until ip link show up | grep -q tap-x; do
    ip link set tap-x address 02:00:00:00:00:$((RANDOM %% 90 + 10))
    sleep 0.1
done
ip link set tap-x down
until ip link show up | grep -q tap-x; do sleep 0.1; done
'''


class TapsTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.calls, self.port = [], 'first'
        self.taps = taps.Taps(
            lambda name: self.port,
            lambda name: self.calls.append('up ' + name),
            lambda name: self.calls.append('renew ' + name))

    def note(self, *lines):
        self.calls.clear()
        for line in lines:
            self.taps.note(line)
        return self.calls

    def test_a_tap_that_is_down_is_taken_up(self):
        self.assertEqual(['up tap1f-0a'], self.note(
            '7: tap1f-0a: <BROADCAST,MULTICAST> mtu 1500 state DOWN'))
        self.assertEqual([], self.note(
            '7: tap1f-0a: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500',
            'Deleted 7: tap1f-0a: <BROADCAST,MULTICAST> mtu 1500',
            '3: br-int: <BROADCAST,MULTICAST> mtu 1500'))

    def test_another_tap_at_the_same_port_is_connected_again(self):
        self.assertEqual(['renew tap1'], self.note(
            '7: tap1: <UP> mtu 1', 'Deleted 7: tap1: <UP> mtu 1',
            '8: tap1: <UP> mtu 1', '8: tap1: <UP> mtu 1'))

    def test_another_tap_at_another_port_is_left(self):
        self.note('7: tap1: <UP> mtu 1')
        self.port = 'second'
        self.assertEqual([], self.note('8: tap1: <UP> mtu 1'))
        self.port = ''
        self.assertEqual([], self.note('9: tap1: <UP> mtu 1'))

    def test_the_ids_that_ovn_notes_are_left_out(self):
        self.assertEqual(
            '{attached-mac="fa:1", iface-id="4-4"}', taps._OF_OVN.sub(
                '', '{attached-mac="fa:1", iface-id="4-4", '
                'ovn-installed="true", ovn-installed-ts="179"}'))

    @unittest.skipUnless(os.geteuid() == 0 and os.path.exists('/dev/net/tun'),
                         'needs root and /dev/net/tun')
    def test_a_tap_that_was_taken_down_comes_up(self):
        # told to end, unlike killed, it ends what it has started
        subprocess.run(['timeout', '60', 'unshare', '--net', 'bash', '-c',
                        _WATCH % sys.executable], check=True,
                       cwd=testbeds.CHECKOUT, stdout=subprocess.DEVNULL)
