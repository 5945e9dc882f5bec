# SPDX-License-Identifier: Apache-2.0

"""The engine as a child process: found, started, watched, stopped."""

import collections
import logging
import os
import re
import select
import shutil
import signal
import subprocess
import threading
import time

from ovs_storagedriver import errors
from ovs_storagedriver import names

LOG = logging.getLogger(__name__)

BINARY = 'ovs-edge'
ENVIRONMENT = 'OVS_EDGE'
PREFIX = '/opt/openvstorage'
# A store is checked and, after a power failure, repaired before it serves.
READY_SECONDS = 60
# The engine writes unflushed data to the disk before it ends.
STOP_SECONDS = 60
_LOG_SECONDS = 2
_BACKOFF_FIRST = 0.1
_BACKOFF_MAX = 10
# One that ran this long did not die of the reason that the last one died of.
_HEALTHY_SECONDS = 60
# The engine's lines have a time and a level; ours get them as well.
_LOG_LINE = re.compile(r'\S+Z (debug|info|warning|error) (.*)\Z')


def find(given=None):
    """Return the path of the engine's binary.

    :raises: errors.ServiceError that names every place that was looked at
    """
    wanted = given or os.environ.get(ENVIRONMENT)
    if wanted:
        if os.access(wanted, os.X_OK) and os.path.isfile(wanted):
            return os.path.abspath(wanted)
        raise errors.SettingsError(
            'the engine %s (from %s) is no program that can be run. hint: '
            'build it ("meson setup build edge && ninja -C build") and give '
            'its path'
            % (wanted, '--engine' if given else '$' + ENVIRONMENT))
    installed = os.path.join(PREFIX, 'bin', BINARY)
    if os.access(installed, os.X_OK):
        return installed
    found = shutil.which(BINARY)
    if found:
        return os.path.abspath(found)
    raise errors.SettingsError(
        'the engine %s was not found: neither %s nor a folder of PATH has '
        'it. hint: install it, or name it with --engine or $%s'
        % (BINARY, installed, ENVIRONMENT))


class EngineProcess:
    """One engine, started again whenever it dies, until stop().

    :param binary: path of ovs-edge
    :param folder: the DataFolder that it serves
    :param listen: addresses ("HOST:PORT") of the edge ports
    :param options: more options of "ovs-edge serve"
    """

    def __init__(self, binary, folder, listen, name, options=()):
        self._binary = binary
        self._command = [binary, 'serve', '--data', folder.store,
                         # It ends when this process does, however that
                         # happens: the other end of the pipe is here.
                         '--exit-on-stdin-eof',
                         # relative: the address of a unix socket is short
                         '--control', os.path.basename(folder.engine_socket)]
        for address in listen:
            self._command += ['--listen', address]
        self._command += options
        self._folder = folder
        self._name = name
        self._process = None
        self._started = None
        self._last_lines = collections.deque(maxlen=5)
        self._log = None
        self._stopping = threading.Event()
        self._launching = threading.Lock()
        self._watcher = None
        self.restarts = 0

    @property
    def pid(self):
        """The process id, None while there is no engine."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    @property
    def uptime(self):
        return time.monotonic() - self._started if self.pid else 0

    def start(self):
        """Return when the engine serves.

        :raises: errors.ServiceError with what the engine said
        """
        self._launch()
        self._watcher = threading.Thread(target=self._watch, daemon=True,
                                         name='watch %s' % self._name)
        self._watcher.start()

    def stop(self):
        """Let the engine flush and end; kill it if it does not."""
        with self._launching:
            self._stopping.set()
            process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        if self._watcher:
            self._watcher.join(STOP_SECONDS)
        if process.poll() is None:
            LOG.error('%s: the engine (process %d) has not ended %d s after '
                      'TERM; it is killed. No acknowledged write is lost '
                      'while this host stays up', self._name,
                      process.pid, STOP_SECONDS)
            process.kill()
        process.wait()
        _close_pipes(process)

    def _launch(self):
        process = self._spawn()
        try:
            self._await_ready(process)
        except BaseException:
            process.kill()
            process.wait()
            raise
        LOG.info('%s: the engine serves (process %d)', self._name,
                 process.pid)

    def _spawn(self):
        with self._launching:
            if self._stopping.is_set():
                raise errors.ServiceError('%s: stopping' % self._name)
            if self._process:
                _close_pipes(self._process)
            self._last_lines.clear()
            # A session of its own: Ctrl-C is for the service.
            try:
                self._process = subprocess.Popen(
                    self._command, cwd=self._folder.path,
                    start_new_session=True,
                    pass_fds=[self._folder.engine_lock],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE)
            except OSError as error:
                raise errors.ServiceError('%s: the engine cannot be started: '
                                          '%s' % (self._name, error))
            self._started = time.monotonic()
            self._log = threading.Thread(
                target=self._log_lines, args=(self._process.stderr,),
                daemon=True, name='log %s' % self._name)
            self._log.start()
            return self._process

    def _await_ready(self, process):
        deadline = time.monotonic() + READY_SECONDS
        said = b''
        while b'\n' not in said:
            left = deadline - time.monotonic()
            if left <= 0:
                raise errors.ServiceError(
                    '%s: the engine was not ready within %d s: %s'
                    % (self._name, READY_SECONDS, self._last_words()))
            if not select.select([process.stdout], [], [], left)[0]:
                continue
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                raise self._why_it_ended(process)
            said += piece
        if said.split()[:1] != [b'ready']:
            raise errors.ServiceError('%s: %s is not the engine: it said %.80r'
                                      % (self._name, self._binary, said))

    def _why_it_ended(self, process):
        code = process.wait()
        self._log.join(_LOG_SECONDS)
        return errors.ServiceError(
            '%s: the engine %s: %s'
            % (self._name, _ending(code), self._last_words()))

    def _last_words(self):
        return '; '.join(self._last_lines) or 'it said nothing'

    def _log_lines(self, stream):
        with stream:
            for line in stream:
                level, text = _read_log_line(line)
                self._last_lines.append(text)
                LOG.log(level, '%s: %s', self._name, text)

    def _watch(self):
        delay = _BACKOFF_FIRST
        while True:
            code = self._process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - self._started > _HEALTHY_SECONDS:
                delay = _BACKOFF_FIRST
            LOG.error('%s: the engine (process %d) %s; a new one is started '
                      'in %.1f s', self._name, self._process.pid,
                      _ending(code), delay)
            if self._stopping.wait(delay):
                return
            delay = min(2 * delay, _BACKOFF_MAX)
            self.restarts += 1
            try:
                self._launch()
            except errors.ServiceError as error:
                if self._stopping.is_set():
                    return
                LOG.error('%s', error)


def _close_pipes(process):
    process.stdin.close()
    process.stdout.close()


def _read_log_line(line):
    """Return (level, text) of what the engine wrote to standard error."""
    text = names.printable(line.decode('utf-8', 'surrogateescape').strip())
    match = _LOG_LINE.match(text)
    if not match:
        return logging.INFO, text
    return getattr(logging, match.group(1).upper()), match.group(2)


def _ending(code):
    if code < 0:
        return 'was killed by signal %d' % -code
    return 'ended with code %d' % code
