# SPDX-License-Identifier: Apache-2.0

"""A libvirtd of one's own, from an installed prefix.

::

    with PrivateLibvirtd('/opt/openvstorage', folder) as daemon:
        print(daemon.virsh('list', '--all'))

It runs in a mount namespace in which PREFIX/etc/libvirt and PREFIX/var are
folders of its own, so that it neither sees nor disturbs a libvirtd of the same
prefix that serves this machine. Each one takes itself for a host of its own:
two of them can migrate a domain from one to the other. Everything it writes is
in ``folder``; its domains and its virtlogd end with it. Needs root, as a
system libvirtd does.
"""

import os
import select
import signal
import subprocess
import sys
import tempfile
import uuid

from harness import errors
from harness import wait

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

START_SECONDS = 60
STOP_SECONDS = 30
VIRSH_SECONDS = 120
# The longest path of a UNIX socket is 107 bytes.
_SOCKET_PATH = 107

_LIBVIRTD_CONF = '''
unix_sock_dir = "{run}"
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "{uuid}"
log_level = 3
log_outputs = "3:file:{log}"
'''

# QEMU runs outside of control groups and of namespaces of its own, and of
# profiles in the kernel: a test needs nothing that outlives it.
_QEMU_CONF = '''
security_driver = "none"
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "logd"
'''
_QEMU_USER = '''
user = "{user}"
group = "{user}"
'''


class Failure(errors.Error):
    """libvirtd or virsh did not do what was asked; the text says what."""


def obstacle(prefix):
    """Return why a libvirtd cannot be run from PREFIX here, None if it can."""
    for program in ('sbin/libvirtd', 'sbin/virtlogd', 'bin/virsh'):
        if not os.access(os.path.join(prefix, program), os.X_OK):
            return 'there is no %s; install it with hypervisor/build' % (
                os.path.join(prefix, program))
    if os.geteuid() != 0:
        return 'a system libvirtd needs root'
    return None


class PrivateLibvirtd:
    """A libvirtd with configuration, state and sockets of its own.

    :param prefix: where QEMU and libvirt are installed
    :param folder: an existing folder, which keeps the daemon's files
    :param user: QEMU's user; root may read files of a test that others may
        not. None: the built-in user
    :param virtlogd_conf: lines for its virtlogd.conf

    Once started: ``uri`` for clients; ``log``, the path of its log; ``pid``.
    """

    def __init__(self, prefix, folder, user='root', virtlogd_conf=''):
        self.prefix = os.path.abspath(prefix)
        self.folder = os.path.abspath(folder)
        self.log = os.path.join(self.folder, 'libvirtd.log')
        # The sockets: outside of the folder, whose path may be too long.
        self._run = None
        self._user = user
        self._virtlogd_conf = virtlogd_conf
        self._process = None

    @property
    def socket(self):
        return os.path.join(self._run.name, 'libvirt-sock')

    @property
    def uri(self):
        return 'qemu+unix:///system?socket=' + self.socket

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def __enter__(self):
        reason = obstacle(self.prefix)
        if reason:
            raise Failure(reason)
        self._run = tempfile.TemporaryDirectory(prefix='ovs-libvirtd-')
        try:
            self._write_configuration()
            self.start()
        except BaseException:
            self._end_everything()
            raise
        return self

    def __exit__(self, *error):
        self._end_everything()

    def start(self):
        """Start it, again with the same domains after a stop."""
        with open(os.path.join(self.folder, 'stderr'), 'ab') as stderr:
            self._process = subprocess.Popen(
                ['unshare', '--mount', '--propagation', 'private', '--',
                 sys.executable, '-m', 'hypervisor.selftest.libvirtd',
                 self.prefix, self.folder],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                start_new_session=True,     # Ctrl-C is for who runs it
                env=dict(os.environ, PATH=self._path(),
                         PYTHONPATH=_CHECKOUT))
        wait.until('libvirtd to answer', self._probe, START_SECONDS,
                   self._check_running, self.log)

    def _probe(self):
        try:
            return self.virsh('uri'), ''
        except Failure as failure:
            return None, failure

    def _check_running(self):
        if not self.is_running:
            raise Failure('libvirtd has ended:\n' + self.read_log())

    def stop(self):
        """Stop it; its domains run on, as they do when it is upgraded."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure('libvirtd did not stop within %d s:\n%s'
                          % (STOP_SECONDS, self.read_log()))

    def kill(self):
        self._process.kill()
        self._process.wait()

    def virsh(self, *arguments, text=None, seconds=VIRSH_SECONDS):
        """Return what virsh prints; its message as a Failure if it fails.

        :param text: what it reads as /dev/stdin
        """
        try:
            done = subprocess.run(
                [os.path.join(self.prefix, 'bin', 'virsh'), '--quiet',
                 '--connect', self.uri] + [str(word) for word in arguments],
                input=text or '', capture_output=True, text=True,
                timeout=seconds, env=dict(os.environ, LC_ALL='C'))
        except subprocess.TimeoutExpired:
            raise Failure('virsh %s did not end within %d s'
                          % (' '.join(map(str, arguments)), seconds))
        if done.returncode != 0:
            raise Failure(done.stderr.strip() or done.stdout.strip())
        return done.stdout.strip()

    def read_log(self):
        """Return what it wrote to stderr and to its log."""
        texts = []
        for path in (os.path.join(self.folder, 'stderr'), self.log):
            if os.path.exists(path):
                with open(path, errors='replace') as file:
                    texts.append(file.read())
        return ''.join(texts)

    def _path(self):
        return os.pathsep.join([os.path.join(self.prefix, 'bin'),
                                os.environ.get('PATH', os.defpath)])

    def _write_configuration(self):
        run = self._run.name
        if len(os.fsencode(self.socket)) > _SOCKET_PATH:
            raise Failure('%s is too long for a socket; set TMPDIR to a '
                          'shorter path' % self.socket)
        configuration = os.path.join(self.folder, 'etc', 'libvirt')
        os.makedirs(configuration, exist_ok=True)
        # virtlogd makes no folder for its own log
        os.makedirs(os.path.join(self.folder, 'var', 'log', 'libvirt'),
                    exist_ok=True)
        for name, text in (
                ('libvirtd.conf', _LIBVIRTD_CONF.format(
                    run=run, log=self.log, uuid=uuid.uuid4())),
                ('qemu.conf', _QEMU_CONF + (
                    _QEMU_USER.format(user=self._user) if self._user else '')),
                ('virtlogd.conf', self._virtlogd_conf)):
            with open(os.path.join(configuration, name), 'w') as file:
                file.write(text)

    def _end_everything(self):
        """End the domains and libvirtd, whatever state they are in."""
        try:
            if self.is_running:
                self._destroy_domains()
                self.stop()
        finally:
            if self.is_running:
                self.kill()
            self._kill_emulators()
            self._kill_virtlogd()
            self._run.cleanup()

    def _destroy_domains(self):
        try:
            for name in self.virsh('list', '--name').split():
                self.virsh('destroy', name)
        except Failure:
            pass    # what is left is killed

    def _kill_emulators(self):
        """Kill what libvirtd could not end; their pids are in its folder."""
        folder = os.path.join(self.folder, 'var', 'run', 'libvirt', 'qemu')
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if not name.endswith('.pid'):
                continue
            with open(os.path.join(folder, name)) as file:
                _kill(int(file.read()), 'qemu')

    def virtlogd(self):
        """Return the process of its virtlogd, None if there is none."""
        return _virtlogd(self.folder)

    def _kill_virtlogd(self):
        pid = self.virtlogd()
        if pid:
            _kill(pid, 'virtlogd')


def _kill(pid, program):
    """Kill a process and wait for its end, if it runs that program."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if program in os.readlink('/proc/%d/exe' % pid):
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], STOP_SECONDS)
    except (FileNotFoundError, ProcessLookupError):
        pass    # it has just ended
    finally:
        os.close(process)


def _virtlogd(folder):
    """Return the process of the folder's virtlogd, None if there is none."""
    try:
        with open(os.path.join(folder, 'virtlogd.pid')) as file:
            pid = int(file.read())
        if 'virtlogd' in os.readlink('/proc/%d/exe' % pid):
            return pid
    except FileNotFoundError:
        pass
    return None


def _run_in_namespace(prefix, folder):
    """Put the folder's etc and var over the prefix's; become libvirtd.

    Before it virtlogd is started, unless one is left from before.
    """
    for name in ('etc/libvirt', 'var'):
        place = os.path.join(prefix, name)
        os.makedirs(place, exist_ok=True)
        subprocess.run(['mount', '--bind', os.path.join(folder, name), place],
                       check=True)
    if not _virtlogd(folder):
        subprocess.run([os.path.join(prefix, 'sbin', 'virtlogd'), '--daemon',
                        '--pid-file', os.path.join(folder, 'virtlogd.pid')],
                       check=True)
    os.execv(os.path.join(prefix, 'sbin', 'libvirtd'), [
        'libvirtd', '--pid-file', os.path.join(folder, 'libvirtd.pid')])


if __name__ == '__main__':
    _run_in_namespace(*sys.argv[1:])
