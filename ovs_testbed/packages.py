# SPDX-License-Identifier: Apache-2.0

"""Debian packages: installed without starting or enabling anything."""

import contextlib
import os
import subprocess

from harness import apt
from harness import errors
from harness import files

WANTED = (
    # the services that are no Python packages
    'mariadb-server-core', 'mariadb-client', 'rabbitmq-server',
    'openvswitch-switch', 'ovn-central', 'ovn-host', 'qemu-utils',
    # the tools that services and tests call
    'iproute2', 'iputils-ping', 'genisoimage', 'openssh-client', 'kmod',
    'cryptsetup-bin', 'procps', 'util-linux',
    # programs that make and protect the keys of TLS
    'openssl', 'acl',
    # what builds uwsgi, libvirt-python and the C parts
    'build-essential', 'pkg-config', 'python3-dev', 'python3-venv',
    'libvirt-dev', 'libpcre2-dev', 'git',
    # what makes the guest image
    'mtools', 'syslinux', 'dosfstools', 'e2fsprogs',
)
_POLICY = '/usr/sbin/policy-rc.d'
#: by this text a later run knows that it may remove the file
_OUR_POLICY = '#!/bin/sh\n# by ovs-testbed, for a moment\nexit 101\n'
_UNITS = '/etc/systemd/system'


def install(log, wanted=WANTED):
    """Install what is missing."""
    names = apt.missing(wanted)
    if not names:
        return 'nothing missing'
    before = _enabled()
    with _nothing_starts():
        apt.install(names, log)
    _disable(_enabled() - before)
    return '%d packages' % len(names)


@contextlib.contextmanager
def _nothing_starts():
    """Tell Debian that services must not be started for the moment."""
    with _policy_locked():
        _remove_ours()
        if os.path.exists(_POLICY):
            _check_other_policy()
            yield
            return
        handle = os.open(_POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
        with os.fdopen(handle, 'w') as stream:
            stream.write(_OUR_POLICY)
            os.fchmod(handle, 0o755)
        try:
            yield
        finally:
            _remove_ours()


def take_policy_back():
    """Let services start again if a run that was killed forbids it."""
    try:
        with _policy_locked('packages are being installed'):
            _remove_ours()
    except errors.Busy:
        pass    # a run that installs takes it back itself


def _policy_locked(busy=None):
    """Keep all other runs away from the policy."""
    return files.locked(os.path.dirname(_POLICY), busy)


def _remove_ours():
    """Remove the policy if a testbed wrote it."""
    try:
        with open(_POLICY) as stream:
            is_ours = stream.read() == _OUR_POLICY
    except (FileNotFoundError, UnicodeDecodeError):
        return
    if is_ours:
        os.unlink(_POLICY)


def _check_other_policy():
    """Raise unless the administrator's own policy forbids it, too."""
    answer = subprocess.run([_POLICY, 'any', 'start'], capture_output=True)
    if answer.returncode != 101:
        raise errors.Error(
            '%s lets services start' % _POLICY,
            hint='move it away, or have it exit with 101, while the testbed '
                 'installs packages')


def _enabled():
    """The links by which systemd starts units at boot."""
    return {os.path.join(folder, name)
            for folder, _, names in os.walk(_UNITS)
            if folder.endswith(('.wants', '.requires')) for name in names}


def _disable(links):
    """Take back what the packages just installed have enabled."""
    for link in links:
        os.unlink(link)
