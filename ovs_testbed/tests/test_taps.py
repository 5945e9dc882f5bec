# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
import sys
import unittest

from ovs_testbed import taps
from ovs_testbed import testbeds

_WATCH = r'''
%s -m ovs_testbed.taps &
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

    def test_lines_of_ip(self):
        self.assertEqual('tap1f-0a', taps.down_tap(
            '7: tap1f-0a: <BROADCAST,MULTICAST> mtu 1500 state DOWN'))
        self.assertIsNone(taps.down_tap(
            '7: tap1f-0a: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500'))
        self.assertIsNone(taps.down_tap(
            'Deleted 7: tap1f-0a: <BROADCAST,MULTICAST> mtu 1500'))
        self.assertIsNone(taps.down_tap(
            '3: br-int: <BROADCAST,MULTICAST> mtu 1500'))

    @unittest.skipUnless(os.geteuid() == 0 and os.path.exists('/dev/net/tun'),
                         'needs root and /dev/net/tun')
    def test_a_tap_that_was_taken_down_comes_up(self):
        # told to end, unlike killed, it ends what it has started
        subprocess.run(['timeout', '60', 'unshare', '--net', 'bash', '-c',
                        _WATCH % sys.executable], check=True,
                       cwd=testbeds.CHECKOUT, stdout=subprocess.DEVNULL)
