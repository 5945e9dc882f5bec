# SPDX-License-Identifier: Apache-2.0

"""Write the settings, the units and the starter that libvirt needs."""

import grp
import os
import re

# The distribution's choice, when its own packages have made it.
ADMIN_GROUP = 'libvirt'
UNIT = 'openvstorage-libvirtd.service'
LOG_UNIT = 'openvstorage-virtlogd.service'
UNITS = (UNIT, LOG_UNIT)
SAMPLES = 'share/openvstorage/libvirt'
_IN_RUN_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                              'in-run-folder')

_STARTER = '''#!/bin/sh
# Starts the daemon so that it finds this QEMU first, and its folders; before
# it virtlogd, which outlives it as the guests do.
PATH={prefix}/bin:$PATH
export PATH
mkdir -p {prefix}/var/log/libvirt
start={prefix}/sbin/openvstorage-in-run-folder
logger=$(cat {prefix}/var/run/virtlogd.pid 2>/dev/null)
if [ "$(readlink "/proc/$logger/exe")" != {prefix}/sbin/virtlogd ]; then
    $start {prefix}/var/run/libvirt {prefix}/sbin/virtlogd --daemon || exit
fi
exec $start {prefix}/var/run/libvirt {prefix}/sbin/libvirtd "$@"
'''

_LOG_UNIT = '''[Unit]
Description=logs of the guests of libvirt with Open vStorage Edge volumes
Before={unit}
Documentation=man:virtlogd(8)

[Service]
Type=notify
ExecStartPre=/bin/mkdir -p {prefix}/var/log/libvirt
ExecStart={prefix}/sbin/openvstorage-in-run-folder {prefix}/var/run/libvirt \\
    {prefix}/sbin/virtlogd
# goes on as the program that is there now, and loses no line
ExecReload=/bin/kill -USR1 $MAINPID
Restart=on-failure
LimitNOFILE=16384
OOMScoreAdjust=-900
'''

_UNIT = '''[Unit]
Description=libvirt with Open vStorage Edge volumes
Requires={log_unit}
After=network.target dbus.service local-fs.target apparmor.service {log_unit}
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

# virtlogd bounds what a guest writes to its console: virtlogd.conf
stdio_handler = "logd"

user = "{user}"
group = "{user}"
'''
_USER = re.compile(r'^user\s*=\s*"([^"]*)"', re.MULTILINE)

_VIRTLOGD = '''# Settings of the virtlogd in {prefix}; all are explained in
# {prefix}/{samples}/virtlogd.conf

# A log has this many bytes at most, and this many older ones beside it.
max_size = 2097152
max_backups = 3
'''


def support_files(prefix):
    """Return {path below the prefix: text} of files that never change."""
    values = {'prefix': prefix, 'unit': UNIT, 'log_unit': LOG_UNIT}
    files = {path: text.format(**values) for path, text in (
        ('sbin/openvstorage-libvirtd', _STARTER),
        ('lib/systemd/system/' + UNIT, _UNIT),
        ('lib/systemd/system/' + LOG_UNIT, _LOG_UNIT))}
    with open(_IN_RUN_FOLDER) as file:
        files['sbin/openvstorage-in-run-folder'] = file.read()
    return files


def settings(prefix, user, group):
    """Return {path below the prefix: text} of files of the operator.

    :param user: who runs QEMU
    :param group: who may use libvirtd; None: root only
    """
    access = _GROUP_MAY.format(group=group) if group else _ROOT_MAY
    values = {'prefix': prefix, 'samples': SAMPLES, 'access': access,
              'user': user}
    return {'etc/libvirt/%s.conf' % name: text.format(**values)
            for name, text in (('libvirtd', _LIBVIRTD), ('qemu', _QEMU),
                               ('virtlogd', _VIRTLOGD))}


def user_of(text):
    """Return the user that a qemu.conf names, None if it names none."""
    found = _USER.search(text)
    return found.group(1) if found else None


def admin_group():
    """Return the group that may use libvirtd, None if there is none."""
    try:
        return grp.getgrnam(ADMIN_GROUP).gr_name
    except KeyError:
        return None


def socket(prefix):
    return os.path.join(prefix, 'var', 'run', 'libvirt', 'libvirt-sock')
