# SPDX-License-Identifier: Apache-2.0

"""The supervisor of a testbed: supervisord, with a program file a process.

A program that ends is not started again: a service that dies is a finding.
"""

import http.client
import os
import shlex
import socket
import sys
import time
import xmlrpc.client

from harness import errors
from harness import files
from harness import run
from harness import wait
from ovs_testbed import ini
from ovs_testbed import plugin_path

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SECTION = 'program:%s'
#: until a program that is told to stop is killed
_STOP_SECONDS = 20
#: states of supervisord that a program does not come out of by itself
_ENDED = ('EXITED', 'FATAL', 'BACKOFF', 'UNKNOWN')


class Program:
    """A process to be kept.

    :param inside: in the testbed's network, as all but the relay are
    :param umask: of what it writes; '022' for what QEMU's user has to reach
    """

    def __init__(self, name, command, env=None, folder='/', inside=True,
                 stop_signal='TERM', umask='077'):
        self.name = name
        self.command = command
        self.env = dict(env or {})
        self.folder = folder
        self.inside = inside
        self.stop_signal = stop_signal
        self.umask = umask


class Supervisor:
    """The supervisord of one testbed."""

    def __init__(self, testbed):
        self._testbed = testbed
        self._socket = testbed.socket('supervisor')
        self._pid_file = testbed.path('run', 'supervisord.pid')
        self._conf = testbed.etc('supervisord.conf')
        self._programs = testbed.etc('programs')

    def command(self):
        """Write the configuration; return the command that starts it."""
        os.makedirs(self._programs, mode=0o700, exist_ok=True)
        ini.write(self._conf, {
            'supervisord': {
                'logfile': self._testbed.log('supervisord'),
                'pidfile': self._pid_file,
                'childlogdir': self._testbed.path('log'),
                'directory': '/', 'umask': '077', 'minfds': 4096,
                'user': 'root'},
            'unix_http_server': {'file': self._socket, 'chmod': '0700'},
            'rpcinterface:supervisor': {
                'supervisor.rpcinterface_factory':
                'supervisor.rpcinterface:make_main_rpcinterface'},
            'supervisorctl': {'serverurl': 'unix://' + self._socket},
            'include': {'files': os.path.join(self._programs, '*.conf')},
        })
        # its programs get the variables that are given to them, and nothing
        # of the shell that "up" was called from
        return ['env', '--ignore-environment', 'PATH=' + plugin_path.SYSTEM,
                _tool(self._testbed, 'supervisord'),
                '--configuration', self._conf]

    def pid(self):
        """The process id of the supervisor, if it is there."""
        try:
            with open(self._pid_file) as stream:
                pid = int(stream.read())
            with open('/proc/%d/cmdline' % pid) as stream:
                return pid if self._conf in stream.read() else None
        except (OSError, ValueError):
            return None

    def wait_until_up(self):
        def probe():
            try:
                return self._call('getState')['statename'] == 'RUNNING', ''
            except OSError as error:
                return False, error
        wait.until('the supervisor', probe, 20)

    def processes(self):
        """The supervisor and the children it has outside of the network."""
        pid = self.pid()
        if not pid:
            return []
        with open('/proc/%d/task/%d/children' % (pid, pid)) as stream:
            return [pid] + [int(child) for child in stream.read().split()]

    def start(self, program):
        """Start a program, or leave it running as it is."""
        section = self.section(program)
        path = os.path.join(self._programs, program.name + '.conf')
        files.write(path, section)
        self._call('reloadConfig')
        state = self.state(program.name)
        if state is None:
            self._call('addProcessGroup', program.name)
        if state not in ('RUNNING', 'STARTING'):
            self._call('startProcess', program.name, False)

    def section(self, program):
        """The text of a program's file."""
        command = program.command
        if program.inside:
            command = ['nsenter', '--net=/run/netns/%s'
                       % self._testbed.namespace, '--'] + command
        # What goes through supervisord costs a sixth of a processor. And it
        # takes a whole one where a program closed its standard input, if the
        # pipe's other end is numbered as a connection to supervisord that
        # has just ended: so this end is kept open.
        command = ['sh', '-c', 'exec "$@" 9<&0 </dev/null >>"$0" 2>&1',
                   self._testbed.log(program.name)] + command
        return ini.render({_SECTION % program.name: {
            'command': ' '.join(_quoted(word) for word in command),
            'environment': ','.join(
                '%s="%s"' % (name, value.replace('%', '%%'))
                for name, value in sorted(program.env.items())) or None,
            'directory': program.folder, 'umask': program.umask,
            'autostart': False, 'autorestart': False,
            'startsecs': 0, 'startretries': 0,
            'stopsignal': program.stop_signal,
            'stopwaitsecs': _STOP_SECONDS,
            'stopasgroup': True, 'killasgroup': True,
            'redirect_stderr': True, 'stdout_logfile': 'NONE'}})

    def stop(self, name):
        """Stop a program and forget it."""
        self.halt(name)
        path = os.path.join(self._programs, name + '.conf')
        if os.path.exists(path):
            os.unlink(path)
        if self.state(name):
            self._call('removeProcessGroup', name)
        self._call('reloadConfig')

    def restart(self, name):
        """Stop a program and start it as it was started."""
        self.halt(name)
        self._call('startProcess', name, False)

    def halt(self, name):
        """Stop a program that is to start again."""
        if self.state(name) in ('RUNNING', 'STARTING'):
            # asked to answer when it is done, supervisord takes a whole
            # processor until then
            self._call('stopProcess', name, False)
        self._wait_until_stopped(name)

    def _wait_until_stopped(self, name):
        def probe():
            state = self.state(name)
            return state not in ('RUNNING', 'STOPPING'), state
        wait.until('%s to stop' % name, probe, 2 * _STOP_SECONDS,
                   log=self._testbed.log('supervisord'))

    def all(self):
        """{name: what supervisord knows of it}; empty if it is not there."""
        try:
            return {info['name']: info
                    for info in self._call('getAllProcessInfo')}
        except OSError:
            return {}

    def state(self, name):
        info = self.all().get(name)
        return info and info['statename']

    def check_alive(self, *names):
        """Raise if one of the programs has ended."""
        known = self.all()
        for name in names:
            info = known.get(name) or {'statename': 'UNKNOWN'}
            if info['statename'] in _ENDED:
                log = self._testbed.log(name)
                raise errors.Error(
                    '%s ended%s: %s' % (
                        name, _how(info), first_error(log) or
                        'it said nothing'), log=log)

    def _call(self, method, *arguments):
        server = xmlrpc.client.ServerProxy(
            'http://localhost', transport=_UnixTransport(self._socket))
        try:
            return getattr(server.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            raise errors.Error('supervisord, %s%s: %s' % (
                method, arguments, fault.faultString),
                log=self._testbed.log('supervisord'))


def _tool(testbed, name):
    """A program of the environment that bin/ovs-testbed makes."""
    return testbed.cache.path('tools', 'bin', name)


def restart_command(testbed, name):
    """The command that restarts a program, for another process."""
    return shlex.join([
        'env', 'PYTHONPATH=', _tool(testbed, 'supervisorctl'),
        '--configuration', testbed.etc('supervisord.conf'), 'restart', name])


def relay(testbed):
    """The program that shows the APIs on the machine's own 127.0.0.1."""
    return Program('relay', [
        sys.executable, '-m', 'ovs_testbed.relay', testbed.net] + [
            str(port) for port in testbed.ports.outside().values()],
        env={'PYTHONPATH': _CHECKOUT, 'PYTHONDONTWRITEBYTECODE': '1'},
        inside=False)


def _how(info):
    if info['statename'] == 'UNKNOWN':
        return ' (the supervisor does not know it)'
    status = info.get('exitstatus')
    ended = time.strftime('%H:%M:%S', time.localtime(info.get('stop', 0)))
    return ' at %s with exit status %s' % (ended, status)


def first_error(log):
    """The first line of a log that tells an error."""
    try:
        with open(log, errors='replace') as stream:
            return run.first_error(stream.read()[-200000:])
    except OSError:
        return ''


def _quoted(word):
    """Write a word as supervisord's parser takes it."""
    word = word.replace('%', '%%')
    if word and not set(word) & set(' \t"\'\\;'):
        return word
    return '"%s"' % word.replace('\\', '\\\\').replace('"', '\\"')


class _UnixConnection(http.client.HTTPConnection):

    def __init__(self, path):
        super().__init__('localhost', timeout=60)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _UnixTransport(xmlrpc.client.Transport):

    def __init__(self, path):
        super().__init__()
        self._path = path

    def make_connection(self, host):
        return _UnixConnection(self._path)
