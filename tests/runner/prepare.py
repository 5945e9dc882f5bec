# SPDX-License-Identifier: Apache-2.0

"""Installs what all legs need: tools in the cache, and Debian's packages."""

import fcntl
import os
import subprocess
import sys

from tests.runner import paths
from tests.runner.processes import AS_ROOT

#: those of Debian 12 and 13
_PYTHONS = ((3, 11), (3, 13))
_WAIT_FOR_DPKG = '-oDPkg::Lock::Timeout=600'


class Failure(Exception):
    """The machine cannot be prepared; the text says why."""


def prepare():
    """Make the tools and install what is missing."""
    if sys.version_info[:2] not in _PYTHONS:
        raise Failure('/usr/bin/python3 is Python %d.%d; hint: take Debian 12 '
                      'or 13' % sys.version_info[:2])
    os.makedirs(paths.LOGS, exist_ok=True)
    os.makedirs(paths.CACHE, exist_ok=True)
    with open(os.path.join(paths.CACHE, 'tools.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(paths.tools(), 'is-made')):
            _make_tools()
    bindep = subprocess.run(
        [os.path.join(paths.tools(), 'bin', 'bindep'), '-b', 'test'],
        cwd=paths.TOP, text=True, stdout=subprocess.PIPE)
    # its exit status says no more than its output
    if bindep.returncode:
        _apt_install(bindep.stdout.split())


def _make_tools():
    """Make the environment of tox and bindep."""
    tools = paths.tools()
    if subprocess.run(['/usr/bin/python3', '-c', 'import ensurepip, venv'],
                      stderr=subprocess.DEVNULL).returncode:
        _apt_install(['python3-venv'])
    print('making the tools under %s' % tools, flush=True)
    subprocess.run(['/usr/bin/python3', '-m', 'venv', '--clear', tools],
                   check=True)
    _run('make the tools', 'tools.log', [
        os.path.join(tools, 'bin', 'pip'), '-q', 'install', '--no-deps',
        '--require-hashes', '--only-binary', ':all:', '-r',
        paths.PINS_OF_TOOLS])
    with open(os.path.join(tools, 'is-made'), 'w'):
        pass


def _apt_install(packages):
    print('installing Debian packages: %s' % ' '.join(packages), flush=True)
    _run('update its lists', 'apt.log', [
        *AS_ROOT, 'apt-get', '-qq', _WAIT_FOR_DPKG, 'update'])
    _run('install: %s' % ' '.join(packages), 'apt.log', [
        *AS_ROOT, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq',
        '-y', _WAIT_FOR_DPKG, '--no-install-recommends', 'install',
        *packages])


def _run(what, log, command):
    """Run a command whose output is only of interest if it fails."""
    path = os.path.join(paths.LOGS, log)
    with open(path, 'w') as output:
        status = subprocess.run(command, stdout=output,
                                stderr=subprocess.STDOUT).returncode
    if status:
        with open(path, errors='replace') as output:
            end = ''.join(output.readlines()[-20:])
        raise Failure('%s%s could not %s; hint: mend what %s tells, and run '
                      'this again' % (
                          end, os.path.basename(command[len(AS_ROOT)]), what,
                          path))
