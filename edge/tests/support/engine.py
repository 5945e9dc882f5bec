# SPDX-License-Identifier: Apache-2.0

"""Starting and stopping the engine under test."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

from support import wire

WAIT = 60


def binary():
    path = os.environ.get('OVS_EDGE') or shutil.which('ovs-edge')
    if not path:
        raise RuntimeError('set OVS_EDGE to the ovs-edge binary to test')
    return path


def is_sanitized():
    """Built with a sanitizer, which takes memory of its own."""
    with open(binary(), 'rb') as file:
        content = file.read()
    return b'__asan_init' in content or b'__tsan_init' in content


def poll(what, condition, seconds=WAIT):
    """Waits until the condition is true; returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('waited %d s for: %s' % (seconds, what))
        time.sleep(0.01)


class Engine:
    """An engine on a store of its own, on any free port."""

    started = []        # all of them, for who cleans up

    def __init__(self, data, boot_id=None, control=None, env=None,
                 extra=(), listen=('127.0.0.1:0',), stdin=None, prefix=(),
                 tls=None):
        """:param tls: an ssl.SSLContext for clients, if it wants TLS"""
        self.data, self.boot_id, self.control = data, boot_id, control
        self.env, self.extra, self.listen = env, list(extra), listen
        self.stdin, self.prefix, self.tls = stdin, list(prefix), tls
        self.process = None
        self.started.append(self)
        self.log = os.path.join(os.path.dirname(data),
                                os.path.basename(data) + '.log')
        self.start()

    def arguments(self):
        line = self.prefix + [binary(), 'serve', '--data', self.data]
        line += self.extra
        for address in self.listen:
            line += ['--listen', address]
        if self.control:
            line += ['--control', self.control]
        if self.boot_id:
            line += ['--boot-id', self.boot_id]
        return line

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(
                self.arguments(), stdin=self.stdin,
                stdout=subprocess.PIPE, stderr=log,
                env=dict(os.environ, **(self.env or {})))
        line = self._ready_line()
        assert line.startswith('ready '), (line, self.log_text())
        self.addresses = []
        for address in line.split()[1:]:
            host, port = address.rsplit(':', 1)
            self.addresses.append((host.strip('[]'), int(port)))
        self.address = self.addresses[0]
        # the same port again after a restart
        self.listen = ['%s:%d' % (('[%s]' if ':' in host else '%s') % host,
                                  port) for host, port in self.addresses]

    def _ready_line(self):
        if not select.select([self.process.stdout], [], [], WAIT)[0]:
            self.kill()
            raise AssertionError('no ready line: ' + self.log_text())
        return self.process.stdout.readline().decode()

    def log_text(self):
        with open(self.log, errors='replace') as log:
            return log.read()

    def kill(self):
        self.process.kill()
        self._reap()

    def _reap(self):
        self.process.wait(WAIT)
        self.process.stdout.close()
        log = self.log_text()
        for finding in ('ThreadSanitizer', 'AddressSanitizer',
                        'LeakSanitizer', 'runtime error:'):
            assert finding not in log, log[-8000:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nothing is left running, whatever happened."""
        if self.process and self.process.returncode is None:
            self.kill()

    def stop(self):
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        self._reap()
        assert self.process.returncode == 0, (
            self.process.returncode, self.log_text()[-4000:])

    def restart(self, kill=False, boot_id=None):
        if kill:
            self.kill()
        else:
            self.stop()
        if boot_id:
            self.boot_id = boot_id
        self.start()

    def options(self):
        return wire.Options(self.address, tls=self.tls)

    def open(self, name, session=None):
        return wire.Data(self.address, name, session, self.tls)

    def memory(self):
        """Resident bytes."""
        with open('/proc/%d/statm' % self.process.pid) as statm:
            return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def check(data):
    """Runs `ovs-edge check`; returns its status and what it printed."""
    done = subprocess.run([binary(), 'check', '--data', data], timeout=WAIT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors='replace')


def scratch_folder():
    return tempfile.mkdtemp(prefix='ovs-edge-test-')


@contextlib.contextmanager
def scratch_store():
    """A folder for a store; kept, and named by the error, on failure."""
    folder = scratch_folder()
    data = os.path.join(folder, 'store')
    os.mkdir(data)
    try:
        yield data
    except BaseException:
        print('kept for a look: %s' % folder)
        raise
    shutil.rmtree(folder)
