# SPDX-License-Identifier: Apache-2.0

"""A real engine that is killed, restarted, and gone for good, under load."""

import errno
import threading
import unittest

import cases
import ovs
import real_engine

BLOCK = 4096
BLOCKS = 64


class OwnEngineCase(cases.EngineCase):
    """An engine per test, because the test kills it."""

    def setUp(self):
        self.engine = real_engine.start(self.addCleanup)
        self.port = self.engine.address[1]
        self.ctx = self.context()
        self.name = self.volume(BLOCK * BLOCKS)

    def restart(self):
        self.engine.kill()
        self.engine.start()


class RestartTest(OwnEngineCase):

    def content(self, block, turn):
        return bytes([block, turn % 256]) * (BLOCK // 2)

    def write_round(self, context, turn):
        """Every block once, all in flight together."""
        requests = [cases.Request(BLOCK, block * BLOCK,
                                  self.content(block, turn))
                    for block in range(BLOCKS)]
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        for request in requests:
            self.assertEqual((BLOCK, 0), self.finish(context, request))

    def test_kill_and_restart_under_load(self):
        context = self.opened(self.name, ha=True)
        stop, killer_failed = threading.Event(), []

        def kill_often():
            try:
                for _ in range(5):
                    self.restart()
                    stop.wait(0.1)
            except Exception as error:
                killer_failed.append(error)
            stop.set()
        killer = threading.Thread(target=kill_often)
        killer.start()
        turn = 0
        try:
            while not stop.is_set():
                turn += 1
                self.write_round(context, turn)
        finally:
            stop.set()
            killer.join(cases.PATIENCE)
        self.assertEqual([], killer_failed)
        for block in range(BLOCKS):
            self.assertEqual(self.content(block, turn),
                             self.read(context, BLOCK, block * BLOCK))

    def test_control_calls_after_a_restart(self):
        context = self.opened(self.name, ha=True)
        self.stat(context)
        self.restart()
        self.assertEqual(BLOCK * BLOCKS, self.stat(context).st_size)
        self.restart()
        self.assertWorks(self.lib.ovs_create_volume(self.ctx, b'after',
                                                    BLOCK))
        self.restart()
        self.assertFails(errno.EEXIST, self.lib.ovs_create_volume(
            self.ctx, b'after', BLOCK))

    def test_without_ha_a_restart_is_an_error(self):
        context = self.opened(self.name)
        self.restart()
        self.assertFails(errno.EIO, self.write(context, b'x'))
        self.assertFails(errno.EIO, self.write(context, b'x'))
        self.assertEqual(1, self.write(self.opened(self.name), b'x'))

    def test_a_reboot_is_an_error_until_reopened(self):
        context = self.opened(self.name, ha=True)
        self.assertEqual(1, self.write(context, b'x'))
        self.engine.boot_id = 'another-boot'
        self.restart()
        self.assertFails(errno.EIO, self.write(context, b'y'))
        self.assertFails(errno.EIO, self.lib.ovs_flush(context))
        self.assertEqual(1, self.write(self.opened(self.name, ha=True),
                                       b'z'))


class GoneTest(OwnEngineCase):
    """With the library of short seconds: the bounds are reached."""

    lib = ovs.impatient

    def test_gone_for_good(self):
        context = self.opened(self.name, ha=True)
        requests = [cases.Request(BLOCK, i * BLOCK) for i in range(32)]
        self.engine.kill()
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        for request in requests:
            self.assertEqual((-1, errno.EIO), self.finish(context, request))
        self.engine.start()
        self.assertEqual(1, self.write(context, b'x'))


if __name__ == '__main__':
    unittest.main()
