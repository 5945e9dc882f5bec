# SPDX-License-Identifier: Apache-2.0

"""Settings of the vPools: from options of the command line or from a file.

The file is INI with a section per vPool, as in cinder.conf. Its sections have
the names of the vPools and its options are few, so configparser reads it:
the service needs the standard library only.
"""

import configparser
import dataclasses
import ipaddress
import os
import re
import socket
import uuid

from ovs_drivers import location
from ovs_storagedriver import errors

DEFAULT_NAME = 'myvpool01'
DEFAULT_LISTEN = '127.0.0.1'
DEFAULT_TLS_DIR = '/etc/openvstorage/tls'
DEFAULT_FILE = '/etc/ovs-storagedriver/ovs-storagedriver.conf'
# From one node's ports to the next one's, where they are not given.
PORT_STEP = 10
NODES_MAX = 64

OPTIONS = ('data', 'guid', 'listen', 'edge_port', 'xml_rpc_port', 'nodes',
           'multiattach', 'engine', 'host_names', 'allow', 'tls', 'tls_dir',
           'tls_verify_client', 'insecure')
TLS_OFF, TLS_PSK, TLS_X509 = TLS_MODES = ('off', 'psk', 'x509')

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z')
_HOST_NAME = re.compile(r'[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z')
_NUMBER = re.compile(r'[0-9]{1,5}\Z')
_FLAGS = {'true': True, 'yes': True, 'on': True, '1': True,
          'false': False, 'no': False, 'off': False, '0': False}


@dataclasses.dataclass(frozen=True)
class Node:
    """One storagedriver of a vPool: an edge port and an XML-RPC port."""

    id: str
    host: str
    edge_port: int
    xml_rpc_port: int

    @property
    def family(self):
        return socket.AF_INET6 if ':' in self.host else socket.AF_INET

    @property
    def is_everywhere(self):
        """Return true if it listens on all addresses of the host."""
        return ipaddress.ip_address(self.host).is_unspecified

    @property
    def edge_address(self):
        return location.endpoint(self.host, self.edge_port)

    @property
    def xml_rpc_address(self):
        return location.endpoint(self.host, self.xml_rpc_port)


@dataclasses.dataclass(frozen=True)
class VPoolSettings:
    """The settings of a vPool; None: as its data folder says."""

    data: str
    nodes: tuple
    name: str = None
    guid: str = None
    multiattach: bool = True
    engine: str = None
    tls: str = TLS_OFF
    tls_dir: str = DEFAULT_TLS_DIR
    tls_verify_client: bool = False
    # How callers may call this host, beside its addresses.
    host_names: tuple = ()
    # ip_networks that may connect; none: everyone may.
    allow: tuple = ()
    # The engine logs each of its control requests, too.
    verbose: bool = False


def from_options(name, options):
    """Return VPoolSettings.

    :param name: the vPool, or None
    :param options: a dict of strings with keys of OPTIONS; what is missing
                    or None has its default
    :raises: errors.SettingsError
    """
    given = {key: value for key, value in options.items()
             if value is not None}
    unknown = sorted(set(given) - set(OPTIONS))
    if unknown:
        raise errors.SettingsError(
            'unknown option %s. hint: the options of a vPool are %s'
            % (unknown[0], ', '.join(OPTIONS)))
    if not given.get('data'):
        raise errors.SettingsError('data is missing. hint: name the folder '
                                   'where the vPool keeps its volumes')
    nodes, tls = _nodes(given), _tls(given.get('tls', TLS_OFF))
    if tls == TLS_OFF and not _flag('insecure',
                                    given.get('insecure', 'false')):
        _check_loopback(nodes)
    return VPoolSettings(
        data=os.path.abspath(given['data']),
        nodes=nodes,
        name=None if name is None else _check_name(name),
        guid=_guid(given['guid']) if 'guid' in given else None,
        multiattach=_flag('multiattach', given.get('multiattach', 'true')),
        engine=given.get('engine'),
        tls=tls,
        tls_dir=os.path.abspath(given.get('tls_dir') or DEFAULT_TLS_DIR),
        tls_verify_client=_flag('tls_verify_client',
                                given.get('tls_verify_client', 'false')),
        host_names=_host_names(given),
        allow=_networks(given['allow']) if given.get('allow') else ())


def from_file(path):
    """Return a list of VPoolSettings.

    :raises: errors.SettingsError that names the file and the vPool
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding='utf-8') as lines:
            parser.read_file(lines)
    except (OSError, UnicodeError, configparser.Error) as error:
        raise errors.SettingsError('the configuration %s cannot be read: %s'
                                   % (path, ' '.join(str(error).split())))
    if not parser.sections():
        raise errors.SettingsError('the configuration %s has no vPool. hint: '
                                   'write a section per vPool, as in [%s]'
                                   % (path, DEFAULT_NAME))
    vpools = []
    for name in parser.sections():
        try:
            vpools.append(from_options(name, dict(parser[name])))
        except errors.SettingsError as error:
            raise errors.SettingsError('%s: [%s] %s' % (path, name, error))
    check_together(vpools)
    return vpools


def check_together(vpools):
    """Make sure that the vPools share neither a port nor a folder.

    :raises: errors.SettingsError
    """
    users = {}
    for vpool in vpools:
        shared = [os.path.realpath(vpool.data)]
        for node in vpool.nodes:
            shared += [node.edge_address, node.xml_rpc_address]
        for thing in shared:
            if thing in users:
                raise errors.SettingsError(
                    '%s is used twice (%s, %s). hint: give each node ports '
                    'and each vPool a folder of its own'
                    % (thing, users[thing], vpool.name or 'the vPool'))
            users[thing] = vpool.name or 'the vPool'


def _nodes(given):
    listen = _list(given.get('listen', DEFAULT_LISTEN))
    edge_ports = _list(given.get('edge_port',
                                 '%d' % location.DEFAULT_EDGE_PORT))
    xml_rpc_ports = _list(given.get('xml_rpc_port',
                                    '%d' % location.DEFAULT_XML_RPC_PORT))
    longest = max(len(listen), len(edge_ports), len(xml_rpc_ports))
    count = _number('nodes', given.get('nodes', '%d' % longest), NODES_MAX)
    hosts = [_host(host) for host in _each('listen', listen, count)]
    edge_ports = _ports('edge_port', edge_ports, count, hosts)
    xml_rpc_ports = _ports('xml_rpc_port', xml_rpc_ports, count, hosts)
    return tuple(Node('node%d' % (index + 1), hosts[index],
                      edge_ports[index], xml_rpc_ports[index])
                 for index in range(count))


def _ports(option, values, count, hosts):
    """One port per node; a single one is counted up where it has to be."""
    step = PORT_STEP if len(set(hosts)) < len(hosts) else 0
    if len(values) == 1:
        first = _number(option, values[0], 65535)
        values = ['%d' % (first + index * step) for index in range(count)]
    return [_number(option, value, 65535)
            for value in _each(option, values, count)]


def _each(option, values, count):
    if len(values) == 1:
        return values * count
    if len(values) != count:
        raise errors.SettingsError(
            '%s has %d values for %d nodes. hint: give one for all or one '
            'per node'
            % (option, len(values), count))
    return values


def _list(text):
    return [word.strip() for word in text.split(',')]


def _host(text):
    """Return the address of a host that may be given by its name."""
    try:
        found = socket.getaddrinfo(text, None, type=socket.SOCK_STREAM)
        if text:
            return found[0][4][0]
    except (OSError, UnicodeError):
        pass
    raise errors.SettingsError(
        'listen = %s: it is neither an address nor the name of a known host. '
        'hint: write 127.0.0.1 to serve this machine only' % text)


def _number(option, text, most):
    if not _NUMBER.match(text) or not 0 < int(text) <= most:
        raise errors.SettingsError(
            '%s = %s: it is not a number from 1 to %d. hint: give one'
            % (option, text, most))
    return int(text)


def _check_name(name):
    if not _NAME.match(name):
        raise errors.SettingsError(
            '%r cannot be the name of a vPool. hint: use letters, digits, '
            '".", "_" and "-", at most 64' % name)
    return name


def _guid(text):
    try:
        guid = str(uuid.UUID(text))
    except ValueError:
        guid = None
    if guid != text.lower():
        raise errors.SettingsError(
            'guid = %s: it is not a guid. hint: write one as in '
            '7968a798-a0ab-4f6a-8f3d-32f785215307, or leave it out to have '
            'one made' % text)
    return guid


def _flag(option, text):
    try:
        return _FLAGS[text.lower()]
    except KeyError:
        raise errors.SettingsError(
            '%s = %s: it is not a truth value. hint: write true or false'
            % (option, text))


def _tls(text):
    if text not in TLS_MODES:
        raise errors.SettingsError('tls = %s: unknown mode. hint: write %s'
                                   % (text, ', '.join(TLS_MODES)))
    return text


def _check_loopback(nodes):
    """Let nothing leave this host that others could read or change."""
    for node in nodes:
        if not ipaddress.ip_address(node.host).is_loopback:
            raise errors.SettingsError(
                'listen = %s: other hosts reach this address, and nothing '
                'protects the volumes. hint: set tls = x509 or psk (files in '
                'tls_dir, made by "ovs-storagedriver tls-init"), or insecure '
                '= true in a network that is closed' % node.host)


def _host_names(given):
    """Return the names that were given for this host, as such or to listen."""
    names = _list(given['host_names']) if given.get('host_names') else []
    for name in names:
        if not _HOST_NAME.match(name):
            raise errors.SettingsError(
                'host_names = %s: %r is not a host name. hint: write the '
                'names that callers have for this host, with commas between '
                'them' % (given['host_names'], name))
    listen = _list(given.get('listen', DEFAULT_LISTEN))
    return tuple(names + [host for host in listen if not _is_address(host)])


def _is_address(text):
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def _networks(text):
    try:
        return tuple(ipaddress.ip_network(word) for word in _list(text))
    except ValueError as error:
        raise errors.SettingsError(
            'allow = %s: %s. hint: write addresses or networks with commas '
            'between them, as in 127.0.0.1,10.0.0.0/24' % (text, error))
