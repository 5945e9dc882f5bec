# SPDX-License-Identifier: Apache-2.0

"""The libvirtd of a test: it disturbs no other and leaves nothing."""

import os

import pytest

import guests
from hypervisor.selftest import libvirtd


def is_alive(pid):
    """Say whether a process runs; one that has ended may wait for its parent.
    """
    try:
        with open('/proc/%d/stat' % pid) as stat:
            return stat.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def files_of(prefix):
    return {os.path.join(folder, name)
            for top in ('etc', 'var')
            for folder, _, names in os.walk(os.path.join(prefix, top))
            for name in names}


@pytest.mark.parametrize('end', ['stop', 'kill'])
def test_nothing_is_left(prefix, tmp_path, end):
    before = files_of(prefix)
    with libvirtd.PrivateLibvirtd(prefix, tmp_path) as daemon:
        guest = guests.Guest(daemon, prefix, tmp_path)
        guest.create()
        with open(tmp_path / 'var/run/libvirt/qemu'
                  / (guest.name + '.pid')) as file:
            emulator = int(file.read())
        libvirtd_pid, run = daemon.pid, os.path.dirname(daemon.socket)
        virtlogd_pid = daemon.virtlogd()
        assert is_alive(emulator) and is_alive(libvirtd_pid)
        getattr(daemon, end)()
        assert is_alive(emulator) and is_alive(virtlogd_pid)
    assert not is_alive(libvirtd_pid)
    assert not is_alive(emulator)
    assert not is_alive(virtlogd_pid)
    assert not os.path.exists(run)
    assert files_of(prefix) == before


def test_what_is_missing_is_named(tmp_path):
    assert str(tmp_path) in libvirtd.obstacle(str(tmp_path))
    with pytest.raises(libvirtd.Failure, match='hypervisor/build'):
        with libvirtd.PrivateLibvirtd(tmp_path, tmp_path):
            pass
