# SPDX-License-Identifier: Apache-2.0

"""One vPool that is being served: its folder, its engine, its nodes."""

import contextlib
import errno
import logging
import os
import socket

from ovs_storagedriver import calls
from ovs_storagedriver import data_folder
from ovs_storagedriver import engine
from ovs_storagedriver import engine_process
from ovs_storagedriver import errors
from ovs_storagedriver import http_server
from ovs_storagedriver import settings
from ovs_storagedriver import tls

LOG = logging.getLogger(__name__)

# Callers do not notice that an engine died and came back within this time;
# it is less than what they wait for an answer.
_PATIENCE_SECONDS = 20
_FINISH_SECONDS = 5


class VPool:
    """A vPool between start() and stop().

    :param chosen: VPoolSettings
    :param binary: path of the engine
    """

    def __init__(self, chosen, binary):
        self._settings = chosen
        self._binary = binary
        self._folder = data_folder.DataFolder(chosen.data)
        self._process = None
        self._servers = []
        self.nodes = chosen.nodes
        self._engine = engine.Engine(self._folder.engine_socket,
                                     _PATIENCE_SECONDS)
        # Do not wait: the caller looks for what is wrong.
        self._impatient_engine = engine.Engine(self._folder.engine_socket)

    @property
    def name(self):
        return self._folder.name

    @property
    def guid(self):
        return self._folder.guid

    def start(self):
        """Serve; on failure nothing is left behind.

        :raises: errors.ServiceError
        """
        with contextlib.ExitStack() as undo:
            undo.callback(self._folder.undo)
            self._folder.open(self._settings.name, self._settings.guid)
            os.makedirs(self._folder.store, 0o700, exist_ok=True)
            undo.callback(self._close_servers, 0)
            self._open_servers()
            self._check_edge_ports()
            self._process = engine_process.EngineProcess(
                self._binary, self._folder,
                [node.edge_address for node in self.nodes], self.name,
                _engine_options(self._settings))
            undo.callback(self._process.stop)
            self._process.start()
            self._folder.keep()
            undo.pop_all()
        for server in self._servers:
            server.start()

    def stop(self):
        self._close_servers(_FINISH_SECONDS)
        self._engine.close()
        self._impatient_engine.close()
        self._process.stop()
        self._folder.close()
        LOG.info('%s: stopped', self.name)

    def describe(self):
        """Return one line that tells where the vPool is served."""
        return '%s (guid %s) from %s: %s' % (
            self.name, self.guid, self._folder.path, ', '.join(
                '%s edge %s xml-rpc %s' % (node.id, node.edge_address,
                                           node.xml_rpc_address)
                for node in self.nodes))

    def node(self, node_id):
        """Return the node of this id, or None."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        return None

    def owner(self, label):
        """Return the node that owns a volume with this owner's LABEL.

        A volume that was made at the edge port has no label, and a node may
        have been taken out of the configuration: the first one has these.
        """
        return self.node(label) or self.nodes[0]

    def info(self, asked):
        """Return the answer of vpoolInfo: all strings, sizes in bytes.

        :param asked: the Engine to ask
        """
        stat = asked.stat()
        volumes = asked.volumes()
        return {
            'name': self.name,
            'vpool_guid': self.guid,
            'data': self._folder.path,
            'total': '%d' % stat.total,
            'used': '%d' % stat.used,
            'free': '%d' % stat.free,
            'provisioned': '%d' % sum(volume.size for volume in volumes),
            'volumes': '%d' % len(volumes),
            'tls': self._settings.tls,
            'allow': ','.join(map(str, self._settings.allow)),
            'multiattach': str(self._settings.multiattach).lower(),
            'online_extend': 'true',
            'engine_pid': '%d' % (self._process.pid or 0),
            'engine_uptime': '%d' % self._process.uptime,
            'engine_restarts': '%d' % self._process.restarts,
            'nodes': [{'vrouter_id': node.id, 'host': node.host,
                       'edge_port': '%d' % node.edge_port,
                       'xml_rpc_port': '%d' % node.xml_rpc_port}
                      for node in self.nodes]}

    def _open_servers(self):
        host_names = (socket.gethostname(),) + self._settings.host_names
        context = None
        if self._settings.tls != settings.TLS_OFF:
            context = tls.server_context(self._settings.tls_dir,
                                         self._settings.tls_verify_client)
        for node in self.nodes:
            where = '%s %s XML-RPC %s' % (self.name, node.id,
                                          node.xml_rpc_address)
            carry_out = calls.Calls(self, self._engine, node)
            try:
                self._servers.append(http_server.Server(
                    (node.host, node.xml_rpc_port), carry_out.answer, where,
                    node.family, host_names=host_names,
                    allow=self._settings.allow, tls=context))
            except OSError as error:
                raise _cannot_listen(where, '--xml-rpc-port', error)
        self._servers.append(http_server.UnixServer(
            self._folder.service_socket,
            calls.Calls(self, self._impatient_engine).answer))

    def _check_edge_ports(self):
        """Find a taken port while it is easy to say which one it is."""
        for node in self.nodes:
            with socket.socket(node.family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((node.host, node.edge_port))
                except OSError as error:
                    where = '%s %s edge %s' % (self.name, node.id,
                                               node.edge_address)
                    raise _cannot_listen(where, '--edge-port', error)

    def _close_servers(self, seconds):
        for server in self._servers:
            server.stop(seconds)
        self._servers = []


def _engine_options(chosen):
    options = []
    if chosen.tls != settings.TLS_OFF:
        options += ['--tls', chosen.tls, '--tls-dir', chosen.tls_dir]
        if chosen.tls_verify_client:
            options.append('--tls-verify-client')
    if chosen.allow:
        options += ['--allow', ','.join(map(str, chosen.allow))]
    if chosen.verbose:
        options.append('--verbose')
    return options


def _cannot_listen(where, option, error):
    if error.errno == errno.EADDRINUSE:
        return errors.PortTaken(
            '%s: another process listens there. hint: stop it ("ss -ltnp" '
            'shows it), or give another port with %s' % (where, option))
    return errors.ServiceError('%s: cannot listen there: %s'
                               % (where, error.strerror))
