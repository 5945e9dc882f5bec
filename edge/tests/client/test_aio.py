# SPDX-License-Identifier: Apache-2.0

"""Asynchronous I/O and completions."""

import ctypes
import errno
import signal
import threading
import unittest

import cases
import ovs

SIZE = 1 << 20


class AioCase(cases.EngineCase):

    def setUp(self):
        super().setUp()
        self.io = self.opened(self.volume(SIZE))

    def submit(self, call, request, completion=None):
        arguments = () if completion is None else (completion,)
        self.assertWorks(call(self.io, request.pointer, *arguments))
        return request


class AioTest(AioCase):

    def test_write_and_read(self):
        write = self.submit(self.lib.ovs_aio_write,
                            cases.Request(4096, 512, b'w' * 4096))
        self.assertEqual((4096, 0), self.finish(self.io, write))
        read = self.submit(self.lib.ovs_aio_read,
                           cases.Request(4096, 512))
        self.assertEqual((4096, 0), self.finish(self.io, read))
        self.assertEqual(b'w' * 4096, read.data)

    def test_error_and_return(self):
        request = self.submit(self.lib.ovs_aio_read, cases.Request(512))
        self.assertIn(self.lib.ovs_aio_error(self.io, request.pointer),
                      (0, errno.EINPROGRESS))
        self.wait(self.io, request)
        for _ in range(2):  # until finished, as often as one likes
            self.assertEqual(0, self.lib.ovs_aio_error(self.io,
                                                       request.pointer))
            self.assertEqual(512, self.lib.ovs_aio_return(self.io,
                                                          request.pointer))
        self.assertWorks(self.lib.ovs_aio_finish(self.io, request.pointer))
        for call in (self.lib.ovs_aio_error, self.lib.ovs_aio_return,
                     self.lib.ovs_aio_finish):
            self.assertFails(errno.EINVAL, call(self.io, request.pointer))

    def test_short_reads_and_writes_past_the_end(self):
        for length, offset, result in ((512, SIZE - 100, 100),
                                       (512, SIZE, 0), (512, SIZE + 1, 0)):
            request = self.submit(self.lib.ovs_aio_read,
                                  cases.Request(length, offset))
            self.assertEqual((result, 0), self.finish(self.io, request))
        request = self.submit(self.lib.ovs_aio_write,
                              cases.Request(512, SIZE - 100))
        self.wait(self.io, request)
        self.assertEqual(errno.EFBIG, self.lib.ovs_aio_error(
            self.io, request.pointer))
        self.assertFails(errno.EFBIG, self.lib.ovs_aio_return(
            self.io, request.pointer))
        self.assertWorks(self.lib.ovs_aio_finish(self.io, request.pointer))

    def test_invalid(self):
        lib = self.lib
        completion = self.completion()
        self.addCleanup(lib.ovs_aio_release_completion, completion)
        plain = (lib.ovs_aio_read, lib.ovs_aio_write)
        called_back = (lib.ovs_aio_readcb, lib.ovs_aio_writecb)
        for call in plain + called_back:
            more = (completion,) if call in called_back else ()
            fine = cases.Request(512)
            self.assertFails(errno.EINVAL, call(None, fine.pointer, *more))
            self.assertFails(errno.EINVAL, call(self.io, None, *more))
            for block in (ovs.Aiocb(None, 0, 512, None),
                          ovs.Aiocb(fine.block.aio_buf, -1, 512, None),
                          ovs.Aiocb(fine.block.aio_buf, 0, 0, None)):
                self.assertFails(errno.EINVAL, call(
                    self.io, ctypes.pointer(block), *more))
                self.assertIsNone(block.request_)
        fresh = cases.Request(512)
        for call in (lib.ovs_aio_error, lib.ovs_aio_return,
                     lib.ovs_aio_cancel, lib.ovs_aio_finish):
            self.assertFails(errno.EINVAL, call(None, fresh.pointer))
            self.assertFails(errno.EINVAL, call(self.io, None))
        self.assertFails(errno.EINVAL, lib.ovs_aio_suspend(
            None, fresh.pointer, None))
        self.assertFails(errno.EINVAL, lib.ovs_aio_suspend(
            self.io, None, None))
        self.assertFails(errno.EINVAL, lib.ovs_aio_flushcb(None, completion))
        self.assertFails(errno.EINVAL, lib.ovs_aio_flushcb(self.io, None))

    def test_cancel(self):
        request = self.submit(self.lib.ovs_aio_read, cases.Request(512))
        self.assertFails(errno.ENOSYS, self.lib.ovs_aio_cancel(
            self.io, request.pointer))
        self.finish(self.io, request)

    def test_more_requests_than_the_queue_is_deep(self):
        for depth in (1, 3, 64):
            with self.subTest(depth=depth):
                self.io = self.opened(self.volume(SIZE), depth=depth)
                writes = [self.submit(
                    self.lib.ovs_aio_write,
                    cases.Request(512, i * 512, bytes([i % 256]) * 512))
                    for i in range(300)]
                for request in writes:
                    self.assertEqual((512, 0), self.finish(self.io, request))
                reads = [self.submit(self.lib.ovs_aio_read,
                                     cases.Request(512, i * 512))
                         for i in range(300)]
                for i, request in enumerate(reads):
                    self.assertEqual((512, 0), self.finish(self.io, request))
                    self.assertEqual(bytes([i % 256]) * 512, request.data)

    def test_a_batch_that_begins_in_the_middle_of_a_write(self):
        """More parts of memory than fit, and an odd number of them."""
        large, small = 16 << 20, 4096
        self.io = self.opened(self.volume(large + 100 * small))
        self.engine.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.engine.process.send_signal, signal.SIGCONT)
        # fills the connection, so that only a part of it goes
        requests = [self.submit(self.lib.ovs_aio_write,
                                cases.Request(large, 0, b'l' * large))]
        requests += [
            self.submit(self.lib.ovs_aio_write, cases.Request(
                small, large + i * small, bytes([i]) * small))
            for i in range(100)]
        self.engine.process.send_signal(signal.SIGCONT)
        for request in requests:
            self.assertEqual((len(request.memory), 0),
                             self.finish(self.io, request))
        self.assertEqual(b''.join(bytes([i]) * small for i in range(100)),
                         self.read(self.io, 100 * small, large))

    def test_destroy_completes_what_is_in_flight(self):
        volume = self.volume(SIZE)
        context = self.context(destroy=False)
        self.assertWorks(self.lib.ovs_ctx_init(context, volume,
                                               cases.O_RDWR))
        requests = [cases.Request(4096, i * 4096, b'd' * 4096)
                    for i in range(200)]
        for request in requests:
            self.assertWorks(self.lib.ovs_aio_write(context, request.pointer))
        self.assertWorks(self.lib.ovs_ctx_destroy(context))
        for request in requests:
            self.assertEqual(0, self.lib.ovs_aio_error(1, request.pointer))
            self.assertWorks(self.lib.ovs_aio_finish(1, request.pointer))
        reader = self.opened(volume)
        self.assertEqual(b'd' * 819200, self.read(reader, 819200))


class CompletionTest(AioCase):

    def wait_for(self, completion):
        self.assertWorks(self.lib.ovs_aio_wait_completion(
            completion, cases.absolute(cases.PATIENCE)))

    def test_create_needs_a_callback(self):
        self.assertFails(errno.EINVAL, self.lib.ovs_aio_create_completion(
            ovs.CALLBACK(), None), None)

    def test_null(self):
        lib = self.lib
        for call in (lib.ovs_aio_return_completion,
                     lib.ovs_aio_signal_completion,
                     lib.ovs_aio_release_completion):
            self.assertFails(errno.EINVAL, call(None))
        self.assertFails(errno.EINVAL,
                         lib.ovs_aio_wait_completion(None, None))

    def test_write_read_and_flush(self):
        seen = []

        def callback(completion, arg):
            seen.append((threading.get_ident(), arg,
                         self.lib.ovs_aio_return_completion(completion)))
            self.lib.ovs_aio_signal_completion(completion)
        function = ovs.CALLBACK(callback)

        def completion(arg):
            return self.lib.ovs_aio_create_completion(function, arg)
        write = cases.Request(512, 0, b'c' * 512)
        read = cases.Request(512)
        done = [completion(1), completion(2), completion(3)]
        self.submit(self.lib.ovs_aio_writecb, write, done[0])
        self.wait_for(done[0])
        self.assertWorks(self.lib.ovs_aio_flushcb(self.io, done[1]))
        self.wait_for(done[1])
        self.submit(self.lib.ovs_aio_readcb, read, done[2])
        self.wait_for(done[2])
        self.assertEqual([(1, 512), (2, 0), (3, 512)],
                         [entry[1:] for entry in seen])
        self.assertNotIn(threading.get_ident(),
                         [entry[0] for entry in seen])
        self.assertEqual(b'c' * 512, read.data)
        for request in (write, read):
            self.assertEqual((512, 0), self.finish(self.io, request))
        for one in done:
            self.assertWorks(self.lib.ovs_aio_release_completion(one))

    def test_failure_is_eio(self):
        """Whatever the request's own errno."""
        completion = self.completion()
        request = self.submit(self.lib.ovs_aio_writecb,
                              cases.Request(512, SIZE), completion)
        self.wait_for(completion)
        self.assertFails(errno.EIO, self.lib.ovs_aio_return_completion(
            completion))
        self.assertEqual((-1, errno.EFBIG), self.finish(self.io, request))
        self.lib.ovs_aio_release_completion(completion)

    def test_return_before_the_callback(self):
        completion = self.completion()
        self.assertEqual(-1,
                         self.lib.ovs_aio_return_completion(completion))
        self.lib.ovs_aio_release_completion(completion)

    def test_only_the_signal_ends_the_wait(self):
        called = threading.Event()
        function = ovs.CALLBACK(lambda completion, arg: called.set())
        completion = self.lib.ovs_aio_create_completion(function, None)
        request = self.submit(self.lib.ovs_aio_readcb, cases.Request(512),
                              completion)
        self.assertTrue(called.wait(cases.PATIENCE))
        for timeout in (cases.absolute(-1), cases.absolute(0.01)):
            self.assertFails(errno.EAGAIN, self.lib.ovs_aio_wait_completion(
                completion, timeout))
        self.assertWorks(self.lib.ovs_aio_signal_completion(completion))
        self.wait_for(completion)
        self.finish(self.io, request)
        self.lib.ovs_aio_release_completion(completion)

    def test_waiters_are_woken(self):
        completion = self.completion()
        results = []
        threads = [threading.Thread(target=lambda: results.append(
            self.lib.ovs_aio_wait_completion(completion, None)))
            for _ in range(3)]
        for thread in threads:
            thread.start()
        self.lib.ovs_aio_signal_completion(completion)
        for thread in threads:
            thread.join(cases.PATIENCE)
        self.assertEqual([0, 0, 0], results)
        self.lib.ovs_aio_release_completion(completion)

    def test_callbacks_may_finish_release_and_submit(self):
        """A chain of writes, each submitted by the callback before."""
        done, failed, alive = threading.Event(), [], {}

        def callback(completion, arg):
            try:
                self.step(alive, completion, arg, function, done)
            except BaseException as error:
                failed.append(error)
                done.set()
        function = ovs.CALLBACK(callback)
        self.start_step(alive, 0, function)
        self.assertTrue(done.wait(cases.PATIENCE))
        self.assertEqual([], failed)
        self.assertEqual({}, alive)
        self.assertEqual(b''.join(bytes([i]) * 512 for i in range(100)),
                         self.read(self.io, 51200))

    def start_step(self, alive, step, function):
        request = cases.Request(512, step * 512, bytes([step]) * 512)
        alive[step] = request
        completion = self.lib.ovs_aio_create_completion(function, step)
        self.submit(self.lib.ovs_aio_writecb, request, completion)

    def step(self, alive, completion, arg, function, done):
        step = arg or 0
        request = alive.pop(step)
        self.assertEqual(0, self.lib.ovs_aio_error(self.io,
                                                   request.pointer))
        self.assertEqual(512, self.lib.ovs_aio_return(self.io,
                                                      request.pointer))
        self.assertEqual(512,
                         self.lib.ovs_aio_return_completion(completion))
        self.assertWorks(self.lib.ovs_aio_finish(self.io, request.pointer))
        self.assertWorks(self.lib.ovs_aio_release_completion(completion))
        if step < 99:
            self.start_step(alive, step + 1, function)
        else:
            done.set()

    def test_waiting_in_a_callback_is_refused(self):
        results, waiting = [], cases.Request(512)

        def callback(completion, arg):
            memory = ctypes.create_string_buffer(8)
            results.append(self.lib.ovs_read(self.io, memory, 8, 0))
            results.append(ctypes.get_errno())
            results.append(self.lib.ovs_flush(self.io))
            results.append(self.lib.ovs_ctx_destroy(self.io))
            self.submit(self.lib.ovs_aio_read, waiting)
            results.append(self.lib.ovs_aio_suspend(
                self.io, waiting.pointer, None))
            results.append(ctypes.get_errno())
        completion = self.completion(callback)
        request = self.submit(self.lib.ovs_aio_readcb, cases.Request(512),
                              completion)
        self.wait_for(completion)
        self.assertEqual(
            [-1, errno.EDEADLK, -1, -1, -1, errno.EDEADLK], results)
        for one in (request, waiting):
            self.assertEqual((512, 0), self.finish(self.io, one))
        self.lib.ovs_aio_release_completion(completion)


class SuspendTest(AioCase):
    """The end of the wait is a point in time, not a duration."""

    def test_times_in_the_past(self):
        request = self.submit(self.lib.ovs_aio_read, cases.Request(512))
        self.wait(self.io, request)
        # Done is done, whatever the time says.
        self.assertWorks(self.lib.ovs_aio_suspend(
            self.io, request.pointer, ovs.Timespec(1, 0)))
        self.assertEqual((512, 0), self.finish(self.io, request))

    def test_a_wait_that_ends_too_early(self):
        blocked, go_on = threading.Event(), threading.Event()

        def callback(completion, arg):
            blocked.set()
            go_on.wait(cases.PATIENCE)
        completion = self.completion(callback)
        first = self.submit(self.lib.ovs_aio_readcb, cases.Request(512),
                            completion)
        self.assertTrue(blocked.wait(cases.PATIENCE))
        # The thread that would complete it is held up in the callback.
        request = self.submit(self.lib.ovs_aio_read, cases.Request(512))
        for timeout in (ovs.Timespec(1, 0), cases.absolute(0),
                        cases.absolute(0.02)):
            self.assertFails(errno.EAGAIN, self.lib.ovs_aio_suspend(
                self.io, request.pointer, timeout))
            self.assertEqual(errno.EINPROGRESS, self.lib.ovs_aio_error(
                self.io, request.pointer))
            self.assertFails(errno.EINPROGRESS, self.lib.ovs_aio_return(
                self.io, request.pointer))
            self.assertFails(errno.EINPROGRESS, self.lib.ovs_aio_finish(
                self.io, request.pointer))
        go_on.set()
        for one in (request, first):
            self.assertEqual((512, 0), self.finish(self.io, one))
        self.lib.ovs_aio_wait_completion(completion, None)
        self.lib.ovs_aio_release_completion(completion)


if __name__ == '__main__':
    unittest.main()
