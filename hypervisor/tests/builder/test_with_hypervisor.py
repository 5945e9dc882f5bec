# SPDX-License-Identifier: Apache-2.0

import os
import subprocess

import pytest

from hypervisor.builder import series

PROGRAM = os.path.join(os.path.dirname(series.FOLDER), 'tools',
                       'with-hypervisor')


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], timeout=60, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def may_mount():
    return subprocess.run(['unshare', '--mount', 'true'],
                          stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture
def place(tmp_path, make_files):
    """Return (root, prefix): an installation that was written elsewhere."""
    prefix = str(tmp_path / 'prefix')
    root = tmp_path / 'root'
    make_files({'name': 'here'}, root / prefix.lstrip('/'))
    return str(root), prefix


@pytest.mark.skipif(not may_mount(), reason='needs root that may mount')
def test_a_command_sees_it_and_nobody_else(place):
    root, prefix = place
    done = run('--prefix', prefix, root, 'cat', prefix + '/name')
    assert (done.returncode, done.stdout) == (0, 'here'), done.stderr
    assert not os.path.exists(prefix)


@pytest.mark.skipif(not may_mount(), reason='needs root that may mount')
def test_what_is_installed_there_stays(place):
    root, prefix = place
    os.mkdir(prefix)
    with open(prefix + '/mine', 'w'):
        pass
    done = run('--prefix', prefix, root, 'ls', prefix)
    assert done.stdout == 'name\n'
    assert os.listdir(prefix) == ['mine']


@pytest.mark.skipif(not may_mount(), reason='needs root that may mount')
def test_the_code_is_the_commands(place):
    root, prefix = place
    assert run('--prefix', prefix, root, 'sh', '-c', 'exit 7').returncode == 7
    assert not os.path.exists(prefix)


def test_nothing_is_there(tmp_path):
    done = run(str(tmp_path), 'true')
    assert done.returncode == 1
    assert 'make it with: hypervisor/build --root' in done.stderr


def test_no_command(tmp_path):
    assert run(str(tmp_path)).returncode == 2
