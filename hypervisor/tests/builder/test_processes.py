# SPDX-License-Identifier: Apache-2.0

import os
import threading
import time

import pytest

from hypervisor.builder import failure
from hypervisor.builder import processes


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / 'log')


def test_the_first_error_line_is_the_reason(log):
    with pytest.raises(failure.Failure) as caught:
        processes.run(['sh', '-c', 'echo fine; echo "a.c:3: error: no x"; '
                       'echo "error: later"; exit 1'], log, cure='write x')
    assert str(caught.value) == 'sh: a.c:3: error: no x'
    assert list(caught.value.lines()) == [
        'sh: a.c:3: error: no x', 'log: ' + log, 'hint: write x']


def test_errors_of_earlier_commands_are_not_blamed(log):
    with pytest.raises(failure.Failure):
        processes.run(['sh', '-c', 'echo error: old; exit 1'], log)
    with pytest.raises(failure.Failure, match='sh: last words'):
        processes.run(['sh', '-c', 'echo last words; exit 1'], log)


def test_a_program_that_is_not_there(log):
    with pytest.raises(failure.Failure, match='no program no-such-program'):
        processes.run(['no-such-program'], log)


def test_lines_are_seen_as_they_come(log):
    lines = []
    processes.run(['printf', 'a\nb\n'], log, on_line=lines.append)
    assert lines == ['a', 'b']
    with open(log) as file:
        assert file.read() == '$ printf a\nb\n\na\nb\n'


def test_builds_see_debians_programs_and_no_flags(monkeypatch):
    monkeypatch.setenv('CFLAGS', '-O0')
    monkeypatch.setenv('PATH', '/somewhere')
    monkeypatch.setenv('http_proxy', 'proxy')
    seen = processes.environment(MORE='1')
    assert 'CFLAGS' not in seen
    assert '/somewhere' not in seen['PATH']
    assert seen['http_proxy'] == 'proxy' and seen['MORE'] == '1'


def test_stopping_ends_commands_with_their_children(log, tmp_path):
    child = tmp_path / 'child'
    script = 'sleep 1000 & echo $! >%s.new; mv %s.new %s; wait' % (
        child, child, child)
    ended = []

    def run():
        try:
            processes.run(['sh', '-c', script], log)
        except processes.Stopped:
            ended.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    _until(child.exists)
    processes.stop_all()
    thread.join(30)
    assert ended == [True]
    _until(lambda: not _runs(int(child.read_text())))


def _runs(pid):
    """A child whose parent is gone is a zombie until init sees it."""
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def _until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_administrators_command(monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    assert processes.as_root(['apt-get']) == ['apt-get']
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    assert processes.as_root(['apt-get'])[0] == 'sudo'
