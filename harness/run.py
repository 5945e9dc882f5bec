# SPDX-License-Identifier: Apache-2.0

"""Commands: their output goes to a log, their failure names it, and nothing
of them is left behind."""

import collections
import concurrent.futures
import contextlib
import os
import re
import shlex
import signal
import subprocess
import threading

from harness import errors
from harness import wait

#: lines that are errors for sure, and lines that may be said in passing
_ERRORS = (
    re.compile(r'\b(ERROR|CRITICAL|FATAL)\b|[Ee]rror ?:|\b[Ff]atal\b|^E:|'
               r'^FAILED: |^Hunk .* FAILED'),
    re.compile(r'\berror\b|No space left|cannot find|not found',
               re.IGNORECASE))
#: the lines of output that are kept to find an error in
_KEPT_LINES = 5000
#: until a command that is told to end is killed
_STOP_SECONDS = 10
#: until the end of a command that is quick
_QUICK_SECONDS = 300

_running = set()
_lock = threading.Lock()


def run(command, log=None, env=None, clean=False, cwd=None, stdin=None,
        timeout=None, on_line=None, hint=None, why=None, stoppable=True):
    """Run a command to its end; return what it wrote to standard output.

    :param log: path of a log that gets all output; without one it is kept
                for the error
    :param env: variables on top of the others
    :param clean: with Debian's own programs and in plain English, and none
                  of this process's variables that change what a build makes
    :param on_line: called with each line of output; needs a log
    :param hint: what to do about a failure
    :param why: finds the line of the output that says why it failed
    :param stoppable: no: ``stop_all`` lets it finish
    :raises errors.CommandFailed: with the line that tells the error
    """
    words = [str(word) for word in command]
    with _started(words, log, _environment(env, clean), cwd, stdin, hint,
                  stoppable) as process, _Limit(process, timeout) as limit:
        if log is None:
            output, said = process.communicate(stdin)
        else:
            output, said = _follow(process, words, log, stdin, on_line), ''
        process.wait()
    if stoppable and wait.stopped.is_set():
        raise errors.Stopped('%s was stopped' % _short(words))
    if process.returncode:
        said = said or output
        raise errors.CommandFailed('%s %s: %s' % (
            _short(words), _ended(process.returncode,
                                  timeout if limit.is_over else None),
            (why or last_error)(said) or 'it said nothing'), hint, log, said)
    return output


def output(command, timeout=_QUICK_SECONDS, **options):
    """Return what a quick command prints, in plain English."""
    return run(command, clean=True, timeout=timeout, **options)


def finish(command, log, **options):
    """Run a command that neither Ctrl-C nor ``stop_all`` ends, as apt, which
    would leave packages half installed."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(run, command, log, stoppable=False,
                           **options).result()


def stop_all():
    """Stop all commands and waits; ``wait.stopped.clear()`` ends that."""
    wait.stopped.set()
    with _lock:
        processes = list(_running)
    for process in processes:
        _signal(process, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)


def first_error(text):
    """Find the first line that tells an error, as compilers and services
    write them, else the last line."""
    return _find(_lines(text), -1)


def last_error(text):
    """Find the line at the end that tells why a command failed."""
    return _find(_lines(text)[-10:][::-1], 0)


def _find(lines, otherwise):
    for pattern in _ERRORS:
        for line in lines:
            if pattern.search(line):
                return line
    return lines[otherwise] if lines else ''


def _lines(text):
    return [line.strip()[:300] for line in text.splitlines() if line.strip()]


def _environment(env, clean):
    kept = dict(os.environ)
    if clean:
        kept = {name: value for name, value in kept.items()
                if name in ('HOME', 'TMPDIR', 'USER', 'LOGNAME')
                or name.lower().endswith('_proxy')}
        kept.update(PATH='/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL='C.UTF-8',
                    DEBIAN_FRONTEND='noninteractive')
    return dict(kept, **(env or {}))


@contextlib.contextmanager
def _started(words, log, env, cwd, stdin, hint, stoppable):
    """Start a command; end it with all that it started on an exception."""
    try:
        process = subprocess.Popen(
            words, cwd=cwd, env=env,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            text=True, errors='replace', start_new_session=True)
    except OSError as error:
        raise errors.CommandFailed('%s cannot be run: %s'
                                   % (words[0], error.strerror), hint)
    if stoppable:
        with _lock:
            _running.add(process)
        if wait.stopped.is_set():
            _signal(process, signal.SIGTERM)
    try:
        yield process
    except BaseException:
        # Ctrl-C reaches us alone: the command has a session of its own
        _signal(process, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        raise
    finally:
        for stream in process.stdout, process.stderr:
            if stream:
                stream.close()
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
        _signal(self._process, signal.SIGKILL)

    def __enter__(self):
        if self._timer:
            self._timer.start()
        return self

    def __exit__(self, *_exception):
        if self._timer:
            self._timer.cancel()


def _follow(process, words, log, stdin, on_line):
    """Copy the output to the log while it comes; return the end of it."""
    lines = collections.deque(maxlen=_KEPT_LINES)
    if stdin is not None:
        process.stdin.write(stdin)
        process.stdin.close()
    with open(log, 'a') as stream:
        stream.write('+ %s\n' % shlex.join(words))
        for line in process.stdout:
            stream.write(line)
            stream.flush()
            lines.append(line)
            if on_line:
                on_line(line.rstrip())
    return ''.join(lines)


def _short(words):
    """Name a command for people; its log has all of it."""
    names = [os.path.basename(word) for word in words[:3]]
    return ' '.join(names) + (' ...' if len(words) > 3 else '')


def _ended(code, timeout):
    if timeout:
        return 'did not end within %g s' % timeout
    if code < 0:
        return 'was killed by signal %d' % -code
    return 'failed with exit code %d' % code


def _signal(process, number):
    """Send a signal to a command and to all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
