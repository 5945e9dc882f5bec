# SPDX-License-Identifier: Apache-2.0

"""Hosts to try playbooks on, reached over SSH; they need root."""

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile

_HERE = os.path.dirname(os.path.realpath(__file__))
_NAMESPACES = ('--mount', '--uts', '--ipc', '--net', '--pid')
_SSHD_CONFIG = '''\
HostKey /run/sshd/host_key
AuthorizedKeysFile /run/sshd/authorized_keys
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
'''
# Paths that every program changes on a host
_VOLATILE = ('var/cache', 'var/log', 'var/lib/apt', 'var/lib/dpkg')


def why_not():
    """Return why there can be no such host here, or None."""
    if os.geteuid() != 0:
        return 'test hosts need root'
    for program in ('unshare', 'nsenter', 'ssh', 'ssh-keygen',
                    '/usr/sbin/sshd'):
        if not shutil.which(program):
            return 'test hosts need %s' % program
    tried = subprocess.run(
        ['unshare', '--mount', '--net', 'sh', '-c',
         'mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/r && '
         'mount -t overlay none /mnt/r '
         '-o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w'],
        capture_output=True, text=True)
    if tried.returncode:
        return ('test hosts need namespaces and overlays: %s'
                % tried.stderr.strip())
    return None


class Host(object):
    """A host of its own for a test."""

    def __init__(self, test, name, visible=()):
        """Start a host.

        :param test: the test (or test class) at whose end the host vanishes
        :param visible: folders of this machine that it can read
        """
        self.name = name
        self._cleanup = getattr(test, 'addClassCleanup', test.addCleanup)
        self._folder = tempfile.mkdtemp(prefix='ovs-host-')
        self._cleanup(shutil.rmtree, self._folder)
        self._process = subprocess.Popen(
            ['unshare', *_NAMESPACES, '--fork', '--kill-child=KILL',
             '--propagation', 'private',
             os.path.join(_HERE, 'make-host'), self._folder, name, *visible],
            stdout=subprocess.PIPE, text=True)
        self._cleanup(self._stop)
        if self._process.stdout.readline() != 'ready\n':
            raise RuntimeError('host %s did not start' % name)
        self._pid = self._child()
        self._prepare_ssh()

    def _stop(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def _child(self):
        path = '/proc/{0}/task/{0}/children'.format(self._process.pid)
        with open(path) as source:
            return source.read().split()[0]

    def path(self, path):
        """Return where a file of the host is for this process."""
        return '/proc/%s/root%s/root%s' % (self._pid, self._folder, path)

    def _upper(self):
        return '/proc/%s/root%s/upper' % (self._pid, self._folder)

    def _prepare_ssh(self):
        key = os.path.join(self._folder, 'key')
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f',
                        key], check=True)
        self.write('/run/sshd/sshd_config', _SSHD_CONFIG)
        shutil.copy(key, self.path('/run/sshd/host_key'))
        shutil.copy(key + '.pub', self.path('/run/sshd/authorized_keys'))
        self._key = key

    def _enter(self):
        return ['nsenter', '--target', self._pid, *_NAMESPACES, 'chroot',
                self._folder + '/root']

    def variables(self):
        """Return the variables of the inventory that reach the host."""
        sshd = self._enter() + ['/usr/sbin/sshd', '-i', '-f',
                                '/run/sshd/sshd_config']
        return {
            'ansible_user': 'root',
            'ansible_ssh_private_key_file': self._key,
            'ansible_ssh_common_args':
                '-F none -o StrictHostKeyChecking=no -o LogLevel=ERROR '
                '-o UserKnownHostsFile=/dev/null '
                '-o ProxyCommand="%s"' % ' '.join(sshd)}

    def command(self, *command):
        """Return the command of this machine that runs one on the host."""
        return self._enter() + list(command)

    def run(self, *command):
        """Run a command on the host and return its output."""
        return subprocess.run(self.command(*command), check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def write(self, path, content, mode=0o644):
        """Write a file of the host."""
        place = self.path(path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, 'w') as target:
            target.write(content)
        os.chmod(place, mode)

    def read(self, path):
        """Read a file of the host."""
        with open(self.path(path)) as source:
            return source.read()

    def overlay(self, name, lower, target):
        """Show a folder of this machine at TARGET, to be changed freely."""
        upper = os.path.join(self._upper(), name)
        os.makedirs(upper)
        os.makedirs(upper.replace('/upper/', '/work/'))
        os.makedirs(self.path(target))
        inside = self._folder
        subprocess.run(
            ['nsenter', '--target', self._pid, '--mount', 'mount', '-t',
             'overlay', 'overlay', '%s/root%s' % (inside, target), '-o',
             'lowerdir={0},upperdir={1}/upper/{2},workdir={1}/work/{2}'
             .format(lower, inside, name)], check=True)

    def changes(self):
        """Return layer and path -> what differs from what is below."""
        lowers = self._lowers()
        found = {}
        for layer in os.listdir(self._upper()):
            top = os.path.join(self._upper(), layer)
            for folder, folders, names in os.walk(top):
                for name in folders + names:
                    path = os.path.join(folder, name)
                    inside = os.path.relpath(path, top)
                    now = _describe(path)
                    if not _is_volatile(inside) and now != _describe(
                            os.path.join(lowers[layer], inside)):
                        found[layer, inside] = now
        return found

    def _lowers(self):
        """Return layer -> what lies below it."""
        found = {}
        with open('/proc/%s/mounts' % self._pid) as source:
            for line in source:
                options = dict(option.partition('=')[::2]
                               for option in line.split()[3].split(','))
                if options.get('upperdir', '').startswith(self._folder):
                    layer = os.path.basename(options['upperdir'])
                    found[layer] = options['lowerdir']
        return found


def _is_volatile(path):
    """Say whether programs change a path without being asked to."""
    return path.startswith(_VOLATILE) or path.endswith(
        ('.pyc', '__pycache__'))


def _describe(path):
    """Return type, mode, owner and content of what is at a path."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        content = None
    elif stat.S_ISLNK(found.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(found.st_mode):
        with open(path, 'rb') as source:
            content = hashlib.sha256(source.read()).hexdigest()
    else:
        content = found.st_rdev
    return oct(found.st_mode), found.st_uid, found.st_gid, content
