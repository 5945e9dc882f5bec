# SPDX-License-Identifier: Apache-2.0

"""Commands that are run for the user: into a log, and never left behind."""

import os
import re
import signal
import subprocess
import threading

from hypervisor.builder import failure

# Errors of compilers, ninja, meson, apt, patch and dpkg, in two classes: lines
# that are errors for sure, and lines that may be said in passing.
_REASONS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    r'\berror ?:|^E: |\bfatal error\b|^FAILED: |^Hunk .* FAILED|^Traceback',
    r'No space left|cannot find|not found'))
_STOP_SECONDS = 10

_running = set()
_lock = threading.Lock()
_stopped = threading.Event()


class Stopped(Exception):
    """A command was ended because the user wants to stop."""


def environment(**more):
    """Return what builds see: Debian's own programs, and plain English."""
    kept = {name: value for name, value in os.environ.items()
            if name in ('HOME', 'TMPDIR', 'USER', 'LOGNAME')
            or name.lower().endswith('_proxy')}
    return dict(kept, PATH='/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL='C.UTF-8',
                DEBIAN_FRONTEND='noninteractive', **more)


def as_root(command):
    """Return the command as an administrator's."""
    if os.geteuid() == 0:
        return list(command)
    # what matters for apt is not taken from the caller by every sudo
    return ['sudo', 'env', 'DEBIAN_FRONTEND=noninteractive'] + list(command)


def output(command, cwd=None, cure=None):
    """Return what a quick command prints."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    except FileNotFoundError:
        raise failure.Failure('there is no program %s' % command[0], cure)
    except subprocess.TimeoutExpired:
        raise failure.Failure('%s did not end within 300 s'
                              % ' '.join(command), cure)
    if done.returncode != 0:
        raise failure.Failure('%s: %s' % (
            command[0], _reason(done.stderr.splitlines(), done.returncode)),
            cure)
    return done.stdout.decode(errors='replace')


def run(command, log, cwd=None, env=None, cure=None, on_line=None,
        may_be_ended=True):
    """Run a command whose output goes to the end of a log.

    :param on_line: called with each line that the command writes
    :param may_be_ended: no: let it finish when the user wants to stop
    :raises: failure.Failure with the first error in what it wrote
    """
    with open(log, 'ab', buffering=0) as file:
        file.write(b'$ %s\n' % ' '.join(command).encode())
        begin = file.tell()
        process = _start(command, cwd, env or environment(), cure,
                         may_be_ended)
        try:
            for line in process.stdout:
                file.write(line)
                if on_line:
                    on_line(line.decode(errors='replace').rstrip())
            code = process.wait()
        finally:
            _end(process)
    if _stopped.is_set():
        raise Stopped()
    if code != 0:
        raise failure.Failure(
            '%s: %s' % (os.path.basename(command[0]),
                        first_error(log, begin, code)), cure, log)


def first_error(log, begin, code):
    """Return the line of a log that says best why a command failed."""
    with open(log, 'rb') as file:
        file.seek(begin)
        return _reason(file, code)


def _reason(lines, code):
    lines = [line.decode(errors='replace').strip() for line in lines]
    lines = [line for line in lines if line]
    for pattern in _REASONS:
        for line in lines:
            if pattern.search(line):
                return line
    return lines[-1] if lines else 'ended with code %d' % code


def stop_all():
    """End every command that is running, with all its children."""
    _stopped.set()
    with _lock:
        processes = list(_running)
    for process in processes:
        _signal(process, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)


def _start(command, cwd, env, cure, may_be_ended):
    try:
        # A group of its own, so that its children end with it.
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
    except FileNotFoundError:
        raise failure.Failure('there is no program %s' % command[0], cure)
    if may_be_ended:
        with _lock:
            _running.add(process)
        if _stopped.is_set():
            _signal(process, signal.SIGTERM)
    return process


def _end(process):
    if process.poll() is None:
        _signal(process, signal.SIGKILL)
        process.wait()
    process.stdout.close()
    with _lock:
        _running.discard(process)


def _signal(process, number):
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass
