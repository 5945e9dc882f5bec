# SPDX-License-Identifier: Apache-2.0

"""The commands of ``ovs-storagedriver``."""

import dataclasses
import logging
import os
import subprocess

from ovs_drivers import command_line
from ovs_drivers import location
from ovs_storagedriver import control
from ovs_storagedriver import data_folder
from ovs_storagedriver import engine
from ovs_storagedriver import engine_process
from ovs_storagedriver import errors
from ovs_storagedriver import key_material
from ovs_storagedriver import names
from ovs_storagedriver import service
from ovs_storagedriver import settings
from ovs_storagedriver import sizes
from ovs_storagedriver import tables

LOG_FORMAT = '%(asctime)s %(levelname)s %(message)s'
ENGINE_HELP = ('program of the engine (default: $%s, then %s/bin/%s, then '
               'PATH)' % (engine_process.ENVIRONMENT, engine_process.PREFIX,
                          engine_process.BINARY))


class Serve(command_line.Command):
    """Serve vPools until TERM or INT.

    One vPool needs no configuration file:

      ovs-storagedriver serve --data /var/lib/ovs-storagedriver/myvpool01

    makes the vPool if the folder is empty, and serves it on 127.0.0.1: edge
    port 26203, XML-RPC port 26201. With two nodes you can test redirects; the
    ports of the second one are higher by 10, or those that you name:

      ovs-storagedriver serve --data DIR --nodes 2
      ovs-storagedriver serve --data DIR --edge-port 26203,26303 \\
          --xml-rpc-port 26201,26301

    Several vPools in one process are sections of a file:

      [myvpool01]
      data = /var/lib/ovs-storagedriver/myvpool01
      [myvpool02]
      data = /var/lib/ovs-storagedriver/myvpool02
      edge_port = 26213
      xml_rpc_port = 26211

    When every port serves, the service prints one line that begins with
    "ready:" to standard output. The log goes to standard error. Exit codes: 0
    stopped as asked, 2 wrong settings, 3 a port is taken, 4 the data folder is
    in use, 1 another error.
    """

    def add_arguments(self, parser):
        parser.add_argument(
            '--config', metavar='FILE',
            help='serve the vPools of this file (default, without --data: '
                 '%s)' % settings.DEFAULT_FILE)
        parser.add_argument(
            '--data', metavar='DIR',
            help='folder of the vPool; made if it is missing')
        parser.add_argument(
            '--name', help='name of the vPool (default of a new one: %s)'
            % settings.DEFAULT_NAME)
        parser.add_argument(
            '--guid', help='guid of the vPool, vpool_guid in cinder.conf '
                           '(default: made once and kept)')
        parser.add_argument(
            '--listen', metavar='ADDRESS[,…]',
            help='address to listen on, for all nodes or one each (default: '
                 '%s, this machine only)' % settings.DEFAULT_LISTEN)
        parser.add_argument(
            '--edge-port', metavar='PORT[,…]',
            help='edge ports (default: %d)' % location.DEFAULT_EDGE_PORT)
        parser.add_argument(
            '--xml-rpc-port', metavar='PORT[,…]',
            help='XML-RPC ports (default: %d)'
                 % location.DEFAULT_XML_RPC_PORT)
        parser.add_argument(
            '--nodes', metavar='COUNT',
            help='number of storagedrivers that the vPool shows (default: 1, '
                 'or the number of ports)')
        parser.add_argument(
            '--multiattach', metavar='true|false',
            help='true: several servers may have a volume attached at once '
                 '(default: true)')
        parser.add_argument(
            '--tls', metavar='off|psk|x509',
            help='TLS of the edge ports: a pre-shared key or certificates; '
                 'XML-RPC is then HTTPS; the socket in DIR stays plain '
                 '(default: off)')
        parser.add_argument(
            '--tls-dir', metavar='DIR',
            help='folder of certificates and keys, as "tls-init" makes it '
                 '(default: %s)' % settings.DEFAULT_TLS_DIR)
        parser.add_argument(
            '--tls-verify-client', metavar='true|false',
            help='true: clients must show a certificate, too (default: '
                 'false)')
        parser.add_argument(
            '--insecure', metavar='true|false',
            help='true: serve an address that other hosts reach without TLS '
                 '(default: false)')
        parser.add_argument(
            '--host-names', metavar='NAME[,…]',
            help='names of this host that callers of the XML-RPC port use '
                 '(default: the host name; those of --listen always count)')
        parser.add_argument(
            '--allow', metavar='NETWORK[,…]',
            help='addresses and networks that may connect to the ports, as '
                 'in 127.0.0.1,10.0.0.0/24 (default: all)')
        parser.add_argument('--engine', metavar='PATH', help=ENGINE_HELP)

    def run(self, arguments):
        for handler in logging.getLogger().handlers:
            handler.setFormatter(logging.Formatter(LOG_FORMAT))
        vpools = [dataclasses.replace(vpool, verbose=arguments.verbose)
                  for vpool in self._settings(arguments)]
        service.serve(vpools, _report)

    def _settings(self, arguments):
        options = {option: getattr(arguments, option)
                   for option in settings.OPTIONS}
        if arguments.data:
            if arguments.config:
                raise errors.SettingsError('--config and --data exclude each '
                                           'other. hint: give one of them')
            vpools = [settings.from_options(arguments.name, options)]
            settings.check_together(vpools)
            return vpools
        if arguments.name or any(options.values()):
            raise errors.SettingsError(
                '--data is missing. hint: give it, or write the options of '
                'the vPool into the configuration file')
        return settings.from_file(_config_file(arguments.config))


class _OfVPools(command_line.Command):
    """Options that choose vPools by their folders."""

    def add_arguments(self, parser):
        parser.add_argument(
            '--data', metavar='DIR', action='append',
            help='folder of the vPool; may be repeated')
        parser.add_argument(
            '--config', metavar='FILE',
            help='all vPools of this file (default, without --data: %s)'
                 % settings.DEFAULT_FILE)

    def _folders(self, arguments):
        paths = list(arguments.data or ())
        if arguments.config or not paths:
            paths += [vpool.data for vpool in settings.from_file(
                _config_file(arguments.config))]
        return [data_folder.DataFolder(os.path.abspath(path))
                for path in paths]


class _Lister(_OfVPools):
    """A command that answers with a table."""

    titles = ()

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            '-f', '--format', choices=sorted(tables.FORMATS),
            default='table', help='format of the answer (default: table)')
        parser.add_argument(
            '-c', '--column', metavar='COLUMN', action='append',
            choices=self.titles,
            help='show this column only; may be repeated')

    def run(self, arguments):
        columns = [self.titles.index(title)
                   for title in arguments.column or self.titles]
        rows = [[row[column] for column in columns]
                for folder in self._folders(arguments)
                for row in self._rows(folder)]
        if rows or arguments.format != 'table':
            print(tables.FORMATS[arguments.format](
                [self.titles[column] for column in columns], rows))

    def _rows(self, folder):
        """Return the rows of a vPool."""
        raise NotImplementedError


class Status(_Lister):
    """Show vPools that are being served: nodes, ports, capacity, engine.

    Asks the service through the socket in the vPool's folder. Sizes are
    bytes with "-f json".
    """

    titles = ('vPool', 'GUID', 'Data', 'Nodes', 'TLS', 'Allowed', 'Volumes',
              'Capacity', 'Multiattach', 'Engine')

    def _rows(self, folder):
        info = control.vpool_info(folder)
        nodes = [{'vrouter_id': node['vrouter_id'],
                  'edge': location.endpoint(node['host'],
                                            int(node['edge_port'])),
                  'xml_rpc': location.endpoint(node['host'],
                                               int(node['xml_rpc_port']))}
                 for node in info['nodes']]
        capacity = {what: int(info[what])
                    for what in ('total', 'used', 'free', 'provisioned')}
        process = {what: int(info['engine_' + what])
                   for what in ('pid', 'uptime', 'restarts')}
        yield (info['name'], info['vpool_guid'], info['data'],
               tables.Shown(nodes, _show_nodes), info['tls'],
               info['allow'] or 'all', int(info['volumes']),
               tables.Shown(capacity, _show_capacity),
               info['multiattach'] == 'true',
               tables.Shown(process, _show_engine))


class List(_Lister):
    """List the volumes of vPools that are being served.

    "Stored" is the space of a volume and its snapshots on the disk, without
    that of its parent. "Parent" is volume@snapshot, or the template of the
    clone.
    """

    titles = ('vPool', 'Name', 'ID', 'Size', 'Stored', 'Type', 'Parent',
              'Snapshots', 'Clones', 'Owner')

    def _rows(self, folder):
        info = control.vpool_info(folder)
        nodes = [node['vrouter_id'] for node in info['nodes']]
        with engine.Engine(folder.engine_socket) as asked:
            entries = asked.volumes()
            name_of = {entry.id: names.printable(entry.name)
                       for entry in entries}
            for entry in entries:
                volume = asked.find(entry.id)
                if volume is None:
                    continue
                yield (info['name'], name_of[volume.id], str(volume.id),
                       tables.Shown(volume.size, sizes.readable),
                       tables.Shown(volume.stored, sizes.readable),
                       'template' if volume.is_template else 'volume',
                       _parent(volume, name_of), volume.snapshots,
                       volume.clones, volume.owner if volume.owner in nodes
                       else nodes[0])


class Check(_OfVPools):
    """Verify vPools that are not being served.

    Reads the vPool's own files, and lets the engine read all of its store.
    Changes nothing. Exit codes: 0 no finding, 1 findings, 4 the vPool is
    being served.
    """

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument('--engine', metavar='PATH', help=ENGINE_HELP)

    def run(self, arguments):
        binary = engine_process.find(arguments.engine)
        results = [self._is_sound(binary, folder)
                   for folder in self._folders(arguments)]
        return 0 if all(results) else 1

    def _is_sound(self, binary, folder):
        folder.open_existing()
        try:
            checked = subprocess.run(
                [binary, 'check', '--data', folder.store],
                stdin=subprocess.DEVNULL)
        finally:
            folder.close()
        if checked.returncode not in (0, 1):
            raise errors.ServiceError(
                'the store %s could not be checked: the engine ended with '
                'code %d' % (folder.store, checked.returncode))
        sound = checked.returncode == 0
        print('%s (guid %s): %s' % (folder.path, folder.guid,
                                    'sound' if sound else 'DAMAGED'))
        return sound


class TlsInit(command_line.Command):
    """Make the certificates and keys for TLS on the ports.

      ovs-storagedriver tls-init --dir /etc/openvstorage/tls \\
          --host 10.0.0.1 --host sd1.example.net --psk compute

    makes an authority (ca-cert.pem, ca-key.pem), the certificate of the
    storagedrivers at these names and addresses (server-cert.pem,
    server-key.pem), the certificate of clients (client-cert.pem,
    client-key.pem), and for each --psk a pre-shared key in keys.psk. Files
    that are good for another 30 days stay, so you can run the command again
    at any time. Only the owner can read the keys.

    Servers need ca-cert.pem, server-*.pem and keys.psk; clients need
    ca-cert.pem, client-*.pem or keys.psk; ca-key.pem stays where it is.
    """

    def add_arguments(self, parser):
        parser.add_argument('--dir', metavar='DIR', required=True,
                            help='folder of the files; made if it is not '
                                 'there')
        parser.add_argument('--host', metavar='HOST', action='append',
                            required=True,
                            help='name or address by which clients reach the '
                                 'storagedrivers; may be repeated')
        parser.add_argument('--psk', metavar='IDENTITY', action='append',
                            default=[],
                            help='make a pre-shared key of this name; may be '
                                 'repeated')
        parser.add_argument('--renew', action='store_true',
                            help='make all but the authority again, also '
                                 'what is still good')

    def run(self, arguments):
        key_material.check_hosts(arguments.host)
        key_material.check_identities(arguments.psk)
        renew = arguments.renew
        with key_material.opened(os.path.abspath(arguments.dir)) as folder:
            # A new authority needs new certificates.
            renew |= self._say(key_material.CA_CERT, folder.make_authority())
            self._say(key_material.SERVER_CERT,
                      folder.make_server(arguments.host, renew))
            self._say(key_material.CLIENT_CERT, folder.make_client(renew))
            if arguments.psk:
                self._say(key_material.PSK, folder.make_psk(
                    arguments.psk, arguments.renew))

    def _say(self, name, is_new):
        print('%s: %s' % (name, 'made' if is_new else 'kept'))
        return is_new


def _report(line):
    print(line, flush=True)


def _show_nodes(nodes):
    return '\n'.join('%(vrouter_id)s edge %(edge)s xml-rpc %(xml_rpc)s' % node
                     for node in nodes)


def _show_capacity(capacity):
    return '\n'.join('%s %s' % (name, sizes.readable(size))
                     for name, size in capacity.items())


def _show_engine(process):
    if not process['pid']:
        return 'down, restarts %(restarts)d' % process
    return 'pid %(pid)d\nup %(uptime)d s\nrestarts %(restarts)d' % process


def _config_file(given):
    if not given and not os.path.exists(settings.DEFAULT_FILE):
        raise errors.SettingsError(
            'no vPool is named, and there is no %s. hint: give --data DIR or '
            '--config FILE' % settings.DEFAULT_FILE)
    return given or settings.DEFAULT_FILE


def _parent(volume, name_of):
    if volume.parent_id is None:
        return ''
    name = name_of.get(volume.parent_id, str(volume.parent_id))
    if not volume.parent_snapshot:
        return name
    return '%s@%s' % (name, names.printable(volume.parent_snapshot))
