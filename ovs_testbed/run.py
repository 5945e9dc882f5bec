# SPDX-License-Identifier: Apache-2.0

"""Commands: their output goes to a log, their failure names it."""

import collections
import contextlib
import os
import re
import shlex
import signal
import subprocess
import threading

from ovs_testbed import errors

_ERROR = re.compile(r'\b(ERROR|CRITICAL|FATAL|[Ff]atal|[Ee]rror)\b|^E:')
_running = set()
_lock = threading.Lock()


def run(command, log=None, env=None, cwd=None, stdin=None, timeout=None,
        note=None):
    """Run a command to its end; return what it wrote to standard output.

    :param log: path of a log that gets all output; without one it is kept
                for the error
    :param env: variables on top of this process's own
    :param note: called with each line of output
    :raises errors.CommandFailed: with the first line that tells the error
    """
    with _started(command, log, env, cwd, stdin) as process, \
            _Limit(process, timeout) as limit:
        if log is None:
            output, tail = process.communicate(stdin)
        else:
            output, tail = _follow(process, command, log, stdin, note)
        process.wait()
    if process.returncode:
        raise errors.CommandFailed(
            '%s %s: %s' % (_short(command), _ended(
                process.returncode, timeout if limit.is_over else None),
                last_error(tail or output) or 'it said nothing'), log=log)
    return output


@contextlib.contextmanager
def _started(command, log, env, cwd, stdin):
    """Start a command; end it with all that it started on an exception."""
    try:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(os.environ, **(env or {})),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            text=True, errors='replace', start_new_session=True)
    except OSError as error:
        raise errors.CommandFailed('%s cannot be run: %s'
                                   % (command[0], error.strerror))
    with _lock:
        _running.add(process)
    try:
        yield process
    except BaseException:
        # Ctrl-C reaches us alone: the command has a session of its own
        _kill(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        raise
    finally:
        with _lock:
            _running.discard(process)


class _Limit:
    """Kills a process after some seconds, if there is a limit."""

    def __init__(self, process, timeout):
        self.is_over = False
        self._process = process
        self._timer = timeout and threading.Timer(timeout, self._end)

    def _end(self):
        self.is_over = True
        _kill(self._process)

    def __enter__(self):
        if self._timer:
            self._timer.start()
        return self

    def __exit__(self, *_exception):
        if self._timer:
            self._timer.cancel()


def _follow(process, command, log, stdin, note):
    """Copy the output to the log while it comes."""
    lines = collections.deque(maxlen=5000)
    if stdin is not None:
        process.stdin.write(stdin)
        process.stdin.close()
    with open(log, 'a') as stream:
        stream.write('+ %s\n' % shlex.join(command))
        for line in process.stdout:
            stream.write(line)
            stream.flush()
            lines.append(line)
            if note:
                note(line.rstrip())
    process.stdout.close()
    return ''.join(lines), ''


def _short(command):
    """Name a command for people; its log has all of it."""
    words = [os.path.basename(word) for word in command[:3]]
    return ' '.join(words) + (' ...' if len(command) > 3 else '')


def _ended(code, timeout):
    if timeout:
        return 'did not end within %g s' % timeout
    if code < 0:
        return 'was killed by signal %d' % -code
    return 'failed with exit code %d' % code


def first_error(text):
    """Find the line of a service's log that tells what went wrong: the first
    that looks like an error, else the last one."""
    lines = _lines(text)
    return next(filter(_ERROR.search, lines), lines[-1] if lines else '')


def last_error(text):
    """Find the line of a command's output that tells why it ended."""
    lines = _lines(text)[-10:][::-1]
    return next(filter(_ERROR.search, lines), lines[0] if lines else '')


def _lines(text):
    return [line.strip()[:300] for line in text.splitlines() if line.strip()]


def stop_all():
    """Stop the commands that are still running, as Ctrl-C asks for."""
    with _lock:
        processes = list(_running)
    for process in processes:
        _kill(process)


def _kill(process):
    """Stop a command with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
