# SPDX-License-Identifier: Apache-2.0

"""The sandbox of a testbed: namespaces, so that nothing of it touches the
machine and nothing stays.

All services run in one network namespace. Open vSwitch's bridges, the taps of
the servers and the address of the public network live in it and go with it;
two testbeds cannot collide; and everything listens on that namespace's own
127.0.0.1, so that no service had to be told another address. The price is
that the machine reaches nothing of it. ``relay`` therefore repeats the APIs
on the machine's own 127.0.0.1, at the same ports, so that the credentials
file is right inside and outside. What needs the servers' addresses (Tempest's
SSH) runs inside: ``ovs-testbed shell``.

They also share one mount namespace, in which the testbed has its own copy of
what it changes at a fixed path: the Python environment that the drivers are
installed into, and libvirtd's folders under the hypervisor's prefix.
"""

import contextlib
import os
import signal
import time

from harness import errors
from harness import files
from harness import run
from ovs_doctor import procfs
from ovs_testbed import namespaces
from ovs_testbed import supervisor

_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       'enter-sandbox')


class Sandbox:
    """The namespaces of one testbed."""

    def __init__(self, testbed):
        self.testbed = testbed
        self.net = testbed.net
        self.supervisor = supervisor.Supervisor(testbed)

    def exists(self):
        return os.path.exists(self.net) and bool(self.supervisor.pid())

    def open(self, mounts):
        """Make the namespaces and start the supervisor in them.

        :param mounts: {path: folder that is seen there}
        """
        _kill_all(self.processes)
        if not os.path.exists(self.net):
            run.run(['ip', 'netns', 'add', self.testbed.namespace])
        with namespaces.entered(self.net):
            run.run(['ip', 'link', 'set', 'lo', 'up'])
        pairs = [item for pair in mounts.items() for item in pair]
        run.run(['unshare', '--mount', '--propagation', 'private', _SCRIPT,
                 self.net] + pairs + ['--'] + self.supervisor.command(),
                log=self.testbed.log('sandbox'))
        self.supervisor.wait_until_up()

    def show(self, mounts):
        """Have folders seen at other paths in the sandbox, which is open."""
        for path, folder in mounts.items():
            run.run(self.inside(['mount', '--bind', folder, path], '/'),
                    log=self.testbed.log('sandbox'))

    def shows(self, path):
        """Return true if something is mounted at a path in the sandbox."""
        with open('/proc/%d/mountinfo' % self.supervisor.pid()) as stream:
            return any(line.split()[4] == path for line in stream)

    def inside(self, command, folder=None):
        """Prefix a command that is to run in the sandbox.

        :param folder: where it is run; without one, where we are
        """
        pid = self.supervisor.pid()
        if not pid:
            raise errors.Error(
                'testbed "%s" is not up: its supervisor is not there'
                % self.testbed.name, hint='bin/ovs-testbed up')
        return ['nsenter', '--mount=/proc/%d/ns/mnt' % pid,
                '--net=%s' % self.net,
                '--wd=%s' % (folder or os.getcwd()), '--'] + command

    def processes(self):
        """All processes of the testbed, of any user."""
        return sorted(set(members(self.net)) | {
            pid for pid in self.supervisor.processes()
            if os.path.exists('/proc/%d' % pid)})

    def close(self):
        """End everything in the sandbox and remove it."""
        _kill_all(self.processes)
        if os.path.exists(self.net):
            run.run(['ip', 'netns', 'delete', self.testbed.namespace])
        files.remove_tree(self.testbed.sockets)


def members(net):
    """The processes in a network namespace."""
    try:
        wanted = os.stat(net)
    except FileNotFoundError:
        return []
    found = []
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            seen = os.stat('/proc/%s/ns/net' % name)
        except OSError:
            continue
        if (seen.st_dev, seen.st_ino) == (wanted.st_dev, wanted.st_ino):
            found.append(int(name))
    return found


def _kill_all(processes, timeout=30):
    """Kill processes until there are none: they may start others."""
    end = time.monotonic() + timeout
    while pids := set(processes()):
        _kill(pids, processes)
        if time.monotonic() > end:
            raise errors.Error(
                'processes that cannot be killed: %s' % ', '.join(
                    '%d (%s)' % (pid, procfs.command_of(pid))
                    for pid in sorted(pids)),
                hint='see what they wait for: cat /proc/PID/stack')
        time.sleep(0.05)


def _kill(pids, processes):
    """Kill the processes that are still the testbed's once a handle holds
    them: another process may have the number of one that has ended."""
    with contextlib.ExitStack() as handles:
        held = {}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                held[pid] = os.pidfd_open(pid)
                handles.callback(os.close, held[pid])
        for pid in held.keys() & set(processes()):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(held[pid], signal.SIGKILL)
