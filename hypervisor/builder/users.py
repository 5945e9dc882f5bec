# SPDX-License-Identifier: Apache-2.0

"""Choose the user of QEMU: never root, unless the operator says so."""

import grp
import pwd

from harness import errors
from harness import run

# The distribution's, when its own packages have made it.
DISTRIBUTION = 'libvirt-qemu'
OWN = 'openvstorage-qemu'
# The number that Debian reserves for libvirt-qemu: a user without a name,
# where no user may be made.
NUMBER = '+64055'
_KVM = 'kvm'


def choose(named=None, may_make=True):
    """Return the user.

    :param named: the user that the operator wants
    :param may_make: whether this is the machine that it will run on
    """
    if named:
        if may_make and not is_usable(named):
            raise errors.Error(
                'there is no user %s with a group of that name to run QEMU'
                % named, 'adduser --system --group %s, or leave out '
                '--qemu-user' % named)
        return named
    if is_usable(DISTRIBUTION):
        return DISTRIBUTION
    return OWN if may_make else NUMBER


def make(user):
    """Make the user if it is ours to make; it may use /dev/kvm."""
    if user != OWN:
        return
    if not is_usable(user):
        run.output(['useradd', '--system', '--user-group',
                    '--no-create-home', '--home-dir', '/nonexistent',
                    '--shell', '/usr/sbin/nologin', user])
    if _has_group(_KVM) and user not in grp.getgrnam(_KVM).gr_mem:
        run.output(['usermod', '--append', '--groups', _KVM, user])


def is_usable(user):
    """Say whether there are a user and a group of that name."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        return user.startswith('+')
    return _has_group(user)


def _has_group(name):
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
