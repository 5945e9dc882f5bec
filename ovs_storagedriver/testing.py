# SPDX-License-Identifier: Apache-2.0

"""A storagedriver of one's own for a test, without a test framework.

::

    with testing.RunningStorageDriver(nodes=2) as running:
        client = storagedriver.StorageDriver(
            [running.host], running.xml_rpc_port, running.guid)

Unlike the service this module runs on Python 2.7 too: the drivers' tests
need it there. The service itself is started with Python 3.
"""

import glob
import json
import os
import random
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

try:
    from xmlrpc import client as xmlrpc_client
except ImportError:
    import xmlrpclib as xmlrpc_client

from ovs_drivers import location

READY_SECONDS = 60
STOP_SECONDS = 60
_PORT_TAKEN = 3
_TRIES = 5
# Below the ports that the kernel gives to outgoing connections: one of
# those may be taken while a service is restarted.
_PORTS = range(20000, 32000)
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failure(Exception):
    """The service did not do what a test needs; the text has its log."""


def find_engine():
    """Return the engine to test with: $OVS_EDGE, or one built from here.

    None if there is neither: the service then looks for an installed one.
    """
    built = sorted(glob.glob(os.path.join(_HOME, 'edge', 'build*', 'server',
                                          'ovs-edge')), key=os.path.getmtime)
    return os.environ.get('OVS_EDGE') or (built[-1] if built else None)


def free_ports(count):
    """Return ports of 127.0.0.1 that are free at the moment."""
    ports = []
    while len(ports) < count:
        port = random.SystemRandom().choice(_PORTS)
        probe = socket.socket()
        try:
            probe.bind(('127.0.0.1', port))
        except socket.error:
            continue
        finally:
            probe.close()
        if port not in ports:
            ports.append(port)
    return ports


class RunningStorageDriver(object):
    """A service with one vPool in a temporary folder, on free ports.

    :param engine: path of ovs-edge (default: find_engine())
    :param nodes: how many storagedrivers the vPool shows
    :param data: a folder to serve instead of a temporary one; it is kept
    :param options: more options of "ovs-storagedriver serve"
    :param host: the address to listen on
    :param python: a Python 3 (default: this one, or python3)
    :param tls: "psk" or "x509", with the files of "tls-init" in TLS_DIR

    Once started: ``host``; ``edge_port`` and ``xml_rpc_port`` of the first
    node, ``edge_ports`` and ``xml_rpc_ports`` of all; ``guid``; ``data``;
    ``log``, the path of a file with what the service wrote.
    """

    def __init__(self, engine=None, nodes=1, data=None, options=(),
                 python=None, host='127.0.0.1', tls=None, tls_dir=None):
        self.host = host
        self.tls_dir = tls_dir if tls else None
        self._engine = engine or find_engine()
        self._nodes = nodes
        self._options = list(options)
        if tls:
            self._options += ['--tls', tls, '--tls-dir', tls_dir]
        self._python = python or (
            sys.executable if sys.version_info[0] > 2 else 'python3')
        self._folder = None
        self._process = None
        self.data = data
        self.edge_ports = self.xml_rpc_ports = None
        self.guid = None
        self.log = None

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix='ovs-storagedriver-')
        self.data = self.data or os.path.join(self._folder, 'vpool')
        self.log = os.path.join(self._folder, 'log')
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *error):
        try:
            if self.is_running:
                self.stop()
        finally:
            self._process.stdout.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def edge_port(self):
        return self.edge_ports[0]

    @property
    def xml_rpc_port(self):
        return self.xml_rpc_ports[0]

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    @property
    def engine_pid(self):
        """Process id of the engine, 0 while there is none."""
        return int(self.ask('vpoolInfo')['engine_pid'])

    def ask(self, call, **request):
        """Return the answer to an XML-RPC call at the first node."""
        where = '%s/RPC2' % location.endpoint(self.host, self.xml_rpc_port)
        proxy = (xmlrpc_client.ServerProxy(
            'https://' + where, context=ssl.create_default_context(
                cafile=os.path.join(self.tls_dir, 'ca-cert.pem')))
            if self.tls_dir else xmlrpc_client.ServerProxy('http://' + where))
        request.setdefault('vrouter_cluster_id', self.guid)
        return getattr(proxy, call)(request)

    def start(self):
        """Start it, again with the same data and ports after a stop."""
        ports_are_ours_to_choose = self.edge_ports is None
        for last in (False,) * (_TRIES - 1) + (True,):
            if ports_are_ours_to_choose:
                ports = free_ports(2 * self._nodes)
                self.edge_ports = ports[:self._nodes]
                self.xml_rpc_ports = ports[self._nodes:]
            if self._launch():
                break
            if last or not (ports_are_ours_to_choose and
                            self._process.returncode == _PORT_TAKEN):
                raise Failure('the storagedriver did not start:\n%s'
                              % self.read_log())
        with open(os.path.join(self.data, 'vpool.json')) as identity:
            self.guid = str(json.load(identity)['guid'])

    def stop(self):
        """Stop it as an operator does; the data stays."""
        self._process.send_signal(signal.SIGTERM)
        if not _wait(self._has_ended, STOP_SECONDS):
            self.kill()
            raise Failure('the storagedriver did not stop within %d s:\n%s'
                          % (STOP_SECONDS, self.read_log()))
        self._process.stdout.close()
        if self._process.returncode != 0:
            raise Failure('the storagedriver stopped with code %d:\n%s'
                          % (self._process.returncode, self.read_log()))

    def kill(self):
        """Kill the service; the engine ends by itself."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def kill_engine(self):
        """Kill the engine; the service starts another one."""
        pid = self.engine_pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def read_log(self):
        with open(self.log) as log:
            return log.read()

    def _launch(self):
        """Start the service; False if it ended before it was ready."""
        command = [self._python, '-m', 'ovs_storagedriver', '-v', 'serve',
                   '--data', self.data, '--listen', self.host,
                   '--edge-port', ','.join(map(str, self.edge_ports)),
                   '--xml-rpc-port', ','.join(map(str, self.xml_rpc_ports))]
        if self._engine:
            command += ['--engine', self._engine]
        path = [_HOME] + [os.environ.get('PYTHONPATH')]
        environment = dict(os.environ,
                           PYTHONPATH=os.pathsep.join(filter(None, path)))
        with open(self.log, 'ab') as log:
            self._process = subprocess.Popen(
                command + self._options, env=environment, stderr=log,
                stdout=subprocess.PIPE)
        line = self._first_line()
        if line.startswith(b'ready:'):
            return True
        self._process.wait()
        self._process.stdout.close()
        return False

    def _first_line(self):
        """Return what the service says first, b'' if it ends instead."""
        stdout = self._process.stdout
        if not select.select([stdout], [], [], READY_SECONDS)[0]:
            self.kill()
            raise Failure('the storagedriver was not ready within %d s:\n%s'
                          % (READY_SECONDS, self.read_log()))
        return stdout.readline()

    def _has_ended(self):
        return self._process.poll() is not None


def _wait(condition, seconds):
    """Wait until CONDITION() is true; say whether it became so in time."""
    deadline = time.time() + seconds
    while not condition():
        if time.time() > deadline:
            return False
        time.sleep(0.02)
    return True
