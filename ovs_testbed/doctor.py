"""Looks at the machine before anything starts, and at the services after.

A check returns findings; what cannot work is an error, what may hurt is a
warning, and each has a hint.
"""

import os
import platform
import shutil
import subprocess

from harness import apt
from harness import errors
from ovs_testbed import environment
from ovs_testbed import packages
from ovs_testbed import ports
from ovs_testbed import python27
from ovs_testbed import sandbox
from ovs_testbed import services
from ovs_testbed import supervisor
from ovs_testbed import testbeds

ERROR, WARNING, GOOD = 'error', 'warning', 'good'
_GIB = 1 << 30
#: the stack takes 2.5 GiB, a guest less than half of one
_MEMORY, _MEMORY_LEAST = 6 * _GIB, 3 * _GIB
#: what is built and downloaded at first, and what a testbed takes
_DISK_FRESH, _DISK = 8 * _GIB, 2 * _GIB
_HINT = 'bin/ovs-testbed up starts it again; why it ended: %s'


class Finding:
    """The finding of a check."""

    def __init__(self, level, what, seen, hint=''):
        self.level = level
        self.what = what
        self.seen = seen
        self.hint = hint


def examine(testbed=None, folder=None):
    """Make all checks that fit: of the machine, and of a testbed."""
    findings = [check() for check in (_user, _system, _processors, _memory,
                                      _devices, _namespaces)]
    findings.append(_disk(testbed, folder))
    findings.append(_packages())
    findings.append(_leftovers(folder))
    if testbed:
        findings.append(python(testbed.release))
        findings.append(Finding(GOOD, 'TLS of the vPools', testbed.tls))
        supervisord = supervisor.Supervisor(testbed)
        if supervisord.pid():
            findings += _health(testbed, supervisord)
        else:
            findings.append(_ports(testbed))
    return findings


def before(testbed):
    """Raise if the machine cannot do it; return what may hurt."""
    findings = examine(testbed, os.path.dirname(testbed.folder))
    wrong = [found for found in findings if found.level == ERROR
             and found.what not in services.load(testbed)
             and not found.what.startswith('service ')]
    if wrong:
        raise errors.Error(
            '; '.join('%s: %s' % (found.what, found.seen)
                      for found in wrong),
            hint='; '.join(found.hint for found in wrong))
    return '; '.join('%s: %s' % (found.what, found.seen)
                     for found in findings if found.level == WARNING)


def _finding(what, seen, wrong, hint, level=ERROR):
    return Finding(level if wrong else GOOD, what, seen,
                   hint if wrong else '')


def _user():
    return _finding('user', 'uid %d' % os.geteuid(), os.geteuid() != 0,
                    'run it as root or through sudo')


def _system():
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    seen = '%s, %s' % (release.get('PRETTY_NAME', 'unknown'),
                       platform.machine())
    wrong = (release.get('ID'), release.get('VERSION_ID'),
             platform.machine()) != ('debian', '12', 'x86_64')
    return _finding('system', seen, wrong, 'take a Debian 12 on x86_64')


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
    return _finding(
        'Python', seen, seen != release.python,
        'OpenStack %s runs on Python %s: install it as %s, or take another '
        '--release ("bin/ovs-testbed releases" lists them)' % (
            release.name, release.python, release.interpreter))


def _python27():
    """One that is not there is made; one that is chosen has to work."""
    try:
        seen = python27.chosen() or 'found or made'
    except errors.Error as error:
        return Finding(ERROR, 'Python', str(error), error.hint)
    return Finding(GOOD, 'Python', seen)


def _processors():
    count = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return _finding('processors', '%d, load %.1f' % (count, load),
                    count < 2 or load > 2 * count,
                    'two idle ones are what the times are meant for',
                    WARNING)


def _memory():
    with open('/proc/meminfo') as stream:
        sizes = {line.split(':')[0]: int(line.split()[1]) * 1024
                 for line in stream}
    free = sizes['MemAvailable']
    level = ERROR if free < _MEMORY_LEAST else WARNING
    return _finding('memory', '%.1f GiB available' % (free / _GIB),
                    free < _MEMORY, 'the stack takes 2.5 GiB and each guest '
                    '0.4: stop something', level)


def _disk(testbed, folder):
    path = folder or testbeds.FOLDER
    while not os.path.exists(path):
        path = os.path.dirname(path)
    free = shutil.disk_usage(path).free
    cached = testbed is not None and environment.is_there(testbed)
    needed = _DISK if cached else _DISK_FRESH
    return _finding('disk', '%.1f GiB free in %s' % (free / _GIB, path),
                    free < needed, 'make %d GiB free' % (needed // _GIB))


def _devices():
    there = os.path.exists('/dev/net/tun')
    return _finding('/dev/net/tun', 'there' if there else 'missing',
                    not there, 'modprobe tun; in a container, let it have '
                    'the device')


def _namespaces():
    there = [name for name in ('net', 'mnt')
             if not os.path.exists('/proc/self/ns/' + name)]
    return _finding('namespaces', 'missing: ' + ', '.join(there) if there
                    else 'there', bool(there),
                    'a kernel with namespaces is needed')


def _packages():
    names = apt.missing(packages.WANTED)
    return _finding('Debian packages', '%d missing' % len(names),
                    bool(names), '"up" installs: ' + ' '.join(names),
                    WARNING)


def _leftovers(folder):
    known = [testbeds.load(name, folder).namespace
             for name in testbeds.names(folder)]
    lost = [name for name in ports.taken_blocks()
            if name not in known and not sandbox.members(
                os.path.join(ports.NAMESPACES, name))]
    return _finding('leftovers', ', '.join(lost) or 'none', bool(lost),
                    'bin/ovs-testbed clean', WARNING)


def _ports(testbed):
    taken = ports.taken_ports(testbed.base_port)
    return _finding('ports', ports.taken_message(taken) or 'free',
                    bool(taken), 'stop what listens there, or take another '
                    '--name')


def _health(testbed, supervisord):
    """One finding a service: does it run, does it answer?"""
    findings = []
    known = supervisord.all()
    for service in services.load(testbed).values():
        down = [program.name for program in service.programs()
                if known.get(program.name, {}).get('statename') != 'RUNNING']
        seen = 'not running: ' + ', '.join(down) if down else 'runs'
        if not down and not service.is_ready():
            down, seen = [service.name], 'does not answer'
        log = testbed.log(down[0]) if down else ''
        findings.append(_finding(
            'service ' + service.name, seen, bool(down), _HINT % log))
    for name in sorted(set(known) - {
            program.name for service in services.load(testbed).values()
            for program in service.programs()}):
        state = known[name]['statename']
        findings.append(_finding(
            'service ' + name, state.lower(), state != 'RUNNING',
            _HINT % testbed.log(name)))
    return findings
