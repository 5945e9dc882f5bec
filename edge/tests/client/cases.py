# SPDX-License-Identifier: Apache-2.0

"""The base of the library's tests: contexts, requests, assertions."""

import ctypes
import errno
import itertools
import os
import socket
import tempfile
import time
import unittest

import fake_server
import ovs
import real_engine

O_RDONLY, O_WRONLY, O_RDWR = os.O_RDONLY, os.O_WRONLY, os.O_RDWR
#: No wait of a test is longer.
PATIENCE = 60
#: For names that are never used twice.
NUMBERS = itertools.count()


def errno_name(number):
    return errno.errorcode.get(number, str(number))


def wait_until(condition, what, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('not within %d s: %s' % (seconds, what))
        time.sleep(0.01)


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


def absolute(seconds_from_now):
    then = time.time() + seconds_from_now
    return ovs.Timespec(int(then), int(then % 1 * 1e9))


class Request:
    """One control block with memory of its own."""

    def __init__(self, length, offset=0, data=None):
        self.memory = ctypes.create_string_buffer(length)
        if data is not None:
            self.memory.raw = data
        self.block = ovs.Aiocb(ctypes.addressof(self.memory), offset, length,
                               None)
        self.pointer = ctypes.pointer(self.block)

    @property
    def data(self):
        return self.memory.raw


class LibraryCase(unittest.TestCase):
    """Tests against the server that self.host and self.port name."""

    lib = ovs.lib
    host = b'127.0.0.1'
    port = None

    def assertFails(self, number, result, failure=-1):
        """result is of a call that was just made."""
        seen = ctypes.get_errno()
        self.assertEqual(failure, result)
        self.assertEqual(errno_name(number), errno_name(seen))

    def assertWorks(self, result):
        seen = ctypes.get_errno()
        self.assertEqual(0, result, errno_name(seen))

    def configure(self, *lines):
        """Write edge.conf for the contexts that follow."""
        with tempfile.NamedTemporaryFile('w', delete=False) as file:
            file.write('\n'.join(('[default]',) + lines) + '\n')
        self.addCleanup(os.unlink, file.name)
        before = os.environ.get('OVS_EDGE_CONFIG')
        os.environ['OVS_EDGE_CONFIG'] = file.name
        self.addCleanup(os.environ.update if before else
                        lambda **_: os.environ.pop('OVS_EDGE_CONFIG', None),
                        OVS_EDGE_CONFIG=before)

    def attributes(self, transport=b'tcp', ha=False, depth=None, port=None):
        attr = self.lib.ovs_ctx_attr_new()
        self.addCleanup(self.lib.ovs_ctx_attr_destroy, attr)
        self.assertWorks(self.lib.ovs_ctx_attr_set_transport(
            attr, transport, self.host, port or self.port))
        if depth is not None:
            self.assertWorks(
                self.lib.ovs_ctx_attr_set_network_qdepth(attr, depth))
        if ha:
            self.assertWorks(self.lib.ovs_ctx_attr_enable_ha(attr))
        return attr

    def context(self, destroy=True, **attributes):
        context = self.lib.ovs_ctx_new(self.attributes(**attributes))
        seen = ctypes.get_errno()
        self.assertIsNotNone(context, errno_name(seen))
        if destroy:
            self.addCleanup(self.lib.ovs_ctx_destroy, context)
        return context

    def opened(self, volume, flag=O_RDWR, **attributes):
        context = self.context(**attributes)
        self.assertWorks(self.lib.ovs_ctx_init(context, volume, flag))
        return context

    def completion(self, callback=lambda completion, arg: None):
        """A completion that signals itself after the callback."""
        def called(completion, arg):
            callback(completion, arg)
            self.lib.ovs_aio_signal_completion(completion)
        function = ovs.CALLBACK(called)
        self.addCleanup(lambda: function)  # it must live as long as the test
        return self.lib.ovs_aio_create_completion(function, None)

    def write(self, context, data, offset=0):
        return self.lib.ovs_write(context, data, len(data), offset)

    def read(self, context, length, offset=0):
        memory = ctypes.create_string_buffer(length)
        count = self.lib.ovs_read(context, memory, length, offset)
        seen = ctypes.get_errno()
        self.assertGreaterEqual(count, 0, errno_name(seen))
        return memory.raw[:count]

    def wait(self, context, request):
        self.assertWorks(self.lib.ovs_aio_suspend(
            context, request.pointer, absolute(PATIENCE)))

    def finish(self, context, request):
        """Waits for the request, frees it, returns its result and errno."""
        self.wait(context, request)
        result = self.lib.ovs_aio_return(context, request.pointer)
        seen = ctypes.get_errno()
        self.assertWorks(self.lib.ovs_aio_finish(context, request.pointer))
        return result, (seen if result < 0 else 0)


class EngineCase(LibraryCase):
    """Tests against a real engine, one per class."""

    @classmethod
    def setUpClass(cls):
        cls.engine = real_engine.start(cls.addClassCleanup)
        cls.port = cls.engine.address[1]

    def setUp(self):
        self.ctx = self.context()

    def volume(self, size=1 << 20):
        """A new volume; its name."""
        name = b'volume-%d' % next(NUMBERS)
        self.assertWorks(self.lib.ovs_create_volume(self.ctx, name, size))
        return name

    def snapshot(self, volume, name=b's1'):
        self.assertWorks(self.lib.ovs_snapshot_create(self.ctx, volume, name,
                                                      30))
        return name

    def stat(self, context):
        stat = ovs.Stat()
        self.assertWorks(self.lib.ovs_stat(context, ctypes.byref(stat)))
        return stat

    def size_of(self, volume):
        return self.stat(self.opened(volume, O_RDONLY)).st_size


class FakeCase(LibraryCase):
    """Tests against the fake server, with the library of short seconds, so
    that its bounds (edge/client/src/bounds.h) are reached quickly."""

    lib = ovs.impatient

    def setUp(self):
        self.start(fake_server.FakeServer())

    def start(self, server):
        self.server = server
        self.port = server.port
        self.addCleanup(server.close)
