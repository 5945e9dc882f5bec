# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What libvirt needs beside its own files: settings, a unit, a starter."""

import grp
import os
import pwd

# The distribution's choices, when its own packages have made them.
QEMU_USER = 'libvirt-qemu'
ADMIN_GROUP = 'libvirt'
UNIT = 'openvstorage-libvirtd.service'
SAMPLES = 'share/openvstorage/libvirt'

_STARTER = '''#!/bin/sh
# Starts the daemon so that it finds this QEMU first, and its folders.
PATH={prefix}/bin:$PATH
export PATH
mkdir -p {prefix}/var/log/libvirt {prefix}/var/run
exec {prefix}/sbin/libvirtd "$@"
'''

_UNIT = '''[Unit]
Description=libvirt with Open vStorage Edge volumes
After=network.target dbus.service local-fs.target
Documentation=man:libvirtd(8)

[Service]
Type=notify
ExecStart={prefix}/sbin/openvstorage-libvirtd
ExecReload=/bin/kill -HUP $MAINPID
# guests outlive the daemon
KillMode=process
Restart=on-failure
LimitNOFILE=8192
TasksMax=32768
LimitMEMLOCK=64M
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
'''

_LIBVIRTD = '''# Settings of the libvirtd in {prefix}; all are explained in
# {prefix}/{samples}/libvirtd.conf

# Reached by its own UNIX sockets only, beside the distribution's libvirtd:
#   qemu+unix:///system?socket={prefix}/var/run/libvirt/libvirt-sock
{access}
auth_unix_ro = "none"
auth_unix_rw = "none"
'''
_GROUP_MAY = '''unix_sock_group = "{group}"
unix_sock_ro_perms = "0770"
unix_sock_rw_perms = "0770"'''
_ROOT_MAY = '''unix_sock_ro_perms = "0700"
unix_sock_rw_perms = "0700"'''

_QEMU = '''# Settings of the QEMU driver in {prefix}; all are explained in
# {prefix}/{samples}/qemu.conf

# There is no virtlogd here.
stdio_handler = "file"

user = "{user}"
group = "{user}"
'''


def support_files(prefix):
    """Return {path below the prefix: text} of files that never change."""
    return {
        'sbin/openvstorage-libvirtd': _STARTER.format(prefix=prefix),
        'lib/systemd/system/' + UNIT: _UNIT.format(prefix=prefix),
    }


def settings(prefix, user, group):
    """Return {path below the prefix: text} of files of the operator.

    :param user: who runs QEMU
    :param group: who may use libvirtd; None: root only
    """
    access = _GROUP_MAY.format(group=group) if group else _ROOT_MAY
    return {
        'etc/libvirt/libvirtd.conf': _LIBVIRTD.format(
            prefix=prefix, samples=SAMPLES, access=access),
        'etc/libvirt/qemu.conf': _QEMU.format(
            prefix=prefix, samples=SAMPLES, user=user),
    }


def qemu_user():
    """Return who shall run QEMU on this machine."""
    try:
        pwd.getpwnam(QEMU_USER)
        grp.getgrnam(QEMU_USER)
    except KeyError:
        return 'root'
    return QEMU_USER


def admin_group():
    """Return the group that may use libvirtd, None if there is none."""
    try:
        return grp.getgrnam(ADMIN_GROUP).gr_name
    except KeyError:
        return None


def socket(prefix):
    return os.path.join(prefix, 'var', 'run', 'libvirt', 'libvirt-sock')
