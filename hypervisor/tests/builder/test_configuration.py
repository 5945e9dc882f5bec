# SPDX-License-Identifier: Apache-2.0

import subprocess

import pytest

from hypervisor.builder import configuration

DAEMON = '''#!/bin/sh
echo "${0##*/} $*"
cd %s/var/run/libvirt && find . -name '*.xml'
'''


@pytest.fixture
def prefix(tmp_path, make_files):
    """A prefix whose daemons print what they find in the run folder."""
    files = dict(configuration.support_files(str(tmp_path)), **{
        'sbin/libvirtd': DAEMON % tmp_path,
        'sbin/virtlogd': DAEMON % tmp_path})
    make_files(files, tmp_path)
    for path in (tmp_path / 'sbin').iterdir():
        path.chmod(0o755)
    return tmp_path


def start(prefix):
    """Start the daemons; return what they print."""
    return subprocess.run(
        [prefix / 'sbin/openvstorage-libvirtd', '--timeout', '9'],
        stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout


def test_libvirt_forgets_guests_that_the_host_has_taken_with_it(
        prefix, make_files):
    run = prefix / 'var/run/libvirt'
    make_files({'qemu/guest.xml': '', '.run-of-host': 'another'}, run)
    assert start(prefix) == 'virtlogd --daemon\nlibvirtd --timeout 9\n'
    make_files({'qemu/guest.xml': ''}, run)
    assert start(prefix) == (
        'virtlogd --daemon\n./qemu/guest.xml\n'
        'libvirtd --timeout 9\n./qemu/guest.xml\n')


def test_the_unit_of_virtlogd_does_the_same(prefix, make_files):
    unit = (prefix / 'lib/systemd/system' / configuration.LOG_UNIT
            ).read_text().replace('\\\n', ' ')
    command, = [line.partition('=')[2].split() for line in unit.splitlines()
                if line.startswith('ExecStart=')]
    make_files({'qemu/guest.xml': '', '.run-of-host': 'another'},
               prefix / 'var/run/libvirt')
    assert subprocess.check_output(command, text=True) == 'virtlogd \n'
