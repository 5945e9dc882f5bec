# SPDX-License-Identifier: Apache-2.0

"""Is this machine able to: rights, system, memory, disk, ports."""

import os
import platform
import shutil
import subprocess

from harness import apt
from harness import errors
from ovs_doctor import finding
from ovs_testbed import environment
from ovs_testbed import packages
from ovs_testbed import ports
from ovs_testbed import python27
from ovs_testbed import sandbox
from ovs_testbed import testbeds

#: the releases of Debian that the project is tested on
_DEBIANS = ('12', '13')
_GIB = 1 << 30
#: the stack takes 2.5 GiB, a guest less than half of one
_MEMORY, _MEMORY_LEAST = 6 * _GIB, 3 * _GIB
#: the same of a stack that is up
_MEMORY_UP = _GIB, _GIB // 4
#: what is built and downloaded at first, and what a testbed takes
_DISK_FRESH, _DISK, _DISK_UP = 8 * _GIB, 2 * _GIB, _GIB // 2


def look(testbed, folder, is_up=False):
    """Look at the machine; a testbed has more needs than none.

    :param is_up: what is to come needs no room any more
    """
    findings = [check() for check in (_user, _system, _processors, _devices,
                                      _namespaces, _packages)]
    findings += [_memory(is_up), _disk(testbed, folder, is_up),
                 _leftovers(folder)]
    if testbed:
        findings.append(python(testbed.release))
    return findings


def _user():
    return finding.judge(
        'user', 'uid %d' % os.geteuid(), os.geteuid() != 0,
        'run it as root or through sudo')


def _system():
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    seen = '%s, %s' % (release.get('PRETTY_NAME', 'unknown'),
                       platform.machine())
    right = (platform.machine() == 'x86_64' and release.get('ID') == 'debian'
             and release.get('VERSION_ID') in _DEBIANS)
    return finding.judge('system', seen, not right,
                         'take a Debian %s on x86_64' % ' or '.join(_DEBIANS))


def python(release):
    """Look for the release's interpreter, neither older nor newer."""
    if not release.interpreter:
        return _python27()
    try:
        seen = subprocess.run(
            [release.interpreter, '-c',
             'import sys; print("%d.%d" % sys.version_info[:2])'],
            capture_output=True, text=True).stdout.strip()
    except OSError as error:
        seen = '%s: %s' % (release.interpreter, error.strerror)
    return finding.judge(
        'Python', seen, seen != release.python,
        'OpenStack %s runs on Python %s: install %s, or take another '
        '--release ("bin/ovs-testbed releases" lists them)' % (
            release.name, ' or '.join(release.pythons), release.interpreter))


def _python27():
    """One that is not there is made; one that is chosen has to work."""
    try:
        seen = python27.chosen() or 'found or made'
    except errors.Error as error:
        return finding.Finding(finding.ERROR, 'Python', str(error), error.hint)
    return finding.Finding(finding.GOOD, 'Python', seen)


def _processors():
    count = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return finding.judge(
        'processors', '%d, load %.1f' % (count, load),
        count < 2 or load > 2 * count,
        'two idle ones are what the times are meant for',
        finding.WARNING)


def _memory(is_up=False):
    with open('/proc/meminfo') as stream:
        sizes = {line.split(':')[0]: int(line.split()[1]) * 1024
                 for line in stream}
    free = sizes['MemAvailable']
    wanted, least = _MEMORY_UP if is_up else (_MEMORY, _MEMORY_LEAST)
    level = finding.ERROR if free < least else finding.WARNING
    return finding.judge(
        'memory', '%.1f GiB available' % (free / _GIB),
        free < wanted,
        'the stack takes 2.5 GiB and each guest 0.4: stop something', level)


def _disk(testbed, folder, is_up):
    path = folder or testbeds.FOLDER
    while not os.path.exists(path):
        path = os.path.dirname(path)
    free = shutil.disk_usage(path).free
    cached = testbed is not None and environment.is_there(testbed)
    needed = _DISK_UP if is_up else _DISK if cached else _DISK_FRESH
    return finding.judge(
        'disk', '%.1f GiB free in %s' % (free / _GIB, path),
        free < needed, 'make %.1f GiB free' % (needed / _GIB))


def _devices():
    there = os.path.exists('/dev/net/tun')
    return finding.judge(
        '/dev/net/tun', 'there' if there else 'missing',
        not there,
        'modprobe tun; in a container, let it have the device')


def _namespaces():
    there = [name for name in ('net', 'mnt')
             if not os.path.exists('/proc/self/ns/' + name)]
    return finding.judge(
        'namespaces', 'missing: ' + ', '.join(there) if there
        else 'there', bool(there),
        'a kernel with namespaces is needed')


def _packages():
    names = apt.missing(packages.WANTED)
    return finding.judge(
        'Debian packages', '%d missing' % len(names),
        bool(names), '"up" installs: ' + ' '.join(names),
        finding.WARNING)


def _leftovers(folder):
    known = [testbeds.load(name, folder).namespace
             for name in testbeds.names(folder)]
    lost = [name for name in ports.taken_blocks()
            if name not in known and not sandbox.members(
                os.path.join(ports.NAMESPACES, name))]
    return finding.judge(
        'leftovers', ', '.join(lost) or 'none', bool(lost),
        '"bin/ovs-testbed clean"', finding.WARNING)


def ports_of(testbed):
    """Look whether the ports of a testbed that is down are free."""
    taken = ports.taken_ports(testbed.base_port)
    return finding.judge(
        'ports', ports.taken_message(taken) or 'free',
        bool(taken),
        'stop what listens there, or take another --name')
