# SPDX-License-Identifier: Apache-2.0

import os
import sys
import threading

from harness import files
from tests.platforms import __main__ as platforms


class _Root:
    """A root file system in which every command succeeds."""

    def __init__(self, codename, folder):
        pass

    def make(self, log):
        pass

    def put(self, checkout):
        pass

    def run(self, command, log, timeout):
        pass


def _version():
    return '12' if platforms.platform.freedesktop_os_release().get(
        'VERSION_ID') == '13' else '13'


def _run(monkeypatch, folder):
    monkeypatch.setattr(platforms.root, 'Root', _Root)
    monkeypatch.setattr(sys, 'argv', [
        'platforms', 'quick', '--cache', str(folder), '--junit',
        str(folder / 'junit.xml')])
    return platforms.main()


def test_each_step_is_a_case(monkeypatch, tmp_path):
    assert _run(monkeypatch, tmp_path) == 0
    cases = (tmp_path / 'junit.xml').read_text()
    assert cases.count('<testcase ') == 4
    assert 'failure' not in cases


def test_two_runs_come_one_after_the_other(monkeypatch, tmp_path):
    lock = os.path.join(tmp_path, 'debian-%s.lock' % _version())
    run = threading.Thread(target=_run, args=(monkeypatch, tmp_path))
    with files.locked(lock):
        run.start()
        run.join(0.5)
        assert run.is_alive()
    run.join(30)
    assert (tmp_path / 'junit.xml').exists()
