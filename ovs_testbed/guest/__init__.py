"""The guest: what servers boot from and tests ask over SSH.

A Linux of Debian's packages, small enough to boot in seconds without KVM:
Debian's cloud kernel, busybox, dropbear, and the tools that upstream Tempest's
scenarios use. The first partition has syslinux and the kernel, the second one
is the root file system, on ext4, so that what a test writes survives as it
does on a real server. It tells the serial console which disks it has, with
bytes and serial, as they come, go and grow. Its user is ``cirros``, with the
keys of the config drive or, without one, of the metadata service; user data
that is a script is run.
"""

from ovs_testbed.guest.image import is_there
from ovs_testbed.guest.image import make
from ovs_testbed.guest.image import path

__all__ = ['is_there', 'make', 'path']
