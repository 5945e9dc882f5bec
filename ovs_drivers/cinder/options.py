# SPDX-License-Identifier: Apache-2.0

"""Options of a vPool's section in cinder.conf."""

import collections
import uuid

from oslo_config import cfg

from ovs_drivers import location
from ovs_drivers import storagedriver
from ovs_drivers import xml_rpc

# Limits are not left to oslo.config: its messages name neither the value nor
# a cure, and come at the first use.
OPTS = [
    cfg.StrOpt('storage_ip',
               default='',
               help='Address of a storagedriver of the vPool, or several, '
                    'separated by commas: the first that answers is used.'),
    cfg.IntOpt('edge_port',
               default=26203,
               help='Port where the storagedrivers serve the edge '
                    'protocol.'),
    cfg.StrOpt('edge_protocol',
               default='tcp',
               help='Transport of the edge protocol: tcp or rdma.'),
    cfg.IntOpt('xml_rpc_port',
               default=storagedriver.DEFAULT_PORT,
               help='Port where the storagedrivers serve XML-RPC.'),
    cfg.BoolOpt('xml_rpc_tls',
                default=False,
                help='Whether XML-RPC is HTTPS: the storagedrivers show a '
                     'certificate for their entry in storage_ip, which is '
                     'verified.'),
    cfg.StrOpt('xml_rpc_ca_file',
               default=storagedriver.DEFAULT_CA_FILE,
               help='With xml_rpc_tls: certificates of the authorities that '
                    'sign those of the storagedrivers.'),
    cfg.StrOpt('xml_rpc_cert_file',
               default='',
               help='With xml_rpc_tls: certificate to show to '
                    'storagedrivers that verify their clients.'),
    cfg.StrOpt('xml_rpc_key_file',
               default='',
               help='With xml_rpc_tls: key of xml_rpc_cert_file.'),
    cfg.StrOpt('xml_rpc_redirect_hosts',
               default='',
               help='Hosts to which a storagedriver may send a request on, '
                    'beside those of storage_ip: addresses and names, '
                    'separated by commas; * for any.'),
    cfg.StrOpt('vpool_guid',
               default='',
               help='Guid of the vPool.'),
    cfg.IntOpt('edge_timeout',
               default=30,
               help='Seconds to wait for a storagedriver to take a '
                    'connection or to answer a request; at least 1.'),
    cfg.IntOpt('snapshot_timeout',
               default=location.DEFAULT_SNAPSHOT_TIMEOUT,
               help='Seconds to wait until a snapshot is safe on the back '
                    'end of the vPool; at least 1.'),
]

Settings = collections.namedtuple(
    'Settings', ['hosts', 'edge_port', 'edge_protocol', 'xml_rpc_port',
                 'vpool_guid', 'edge_timeout', 'snapshot_timeout',
                 'xml_rpc_redirect_hosts', 'xml_rpc_tls'])


class OptionError(ValueError):
    """An option with a value that cannot be right."""

    def __init__(self, option, value, reason, cure):
        super(OptionError, self).__init__(
            'option %s = %r of the vPool in cinder.conf: %s. %s'
            % (option, value, reason, cure))


def list_opts():
    """Entry point oslo.config.opts, for sample configuration files."""
    return [('vpool', OPTS)]


def read(configuration):
    """Read the section of a vPool.

    :raises: OptionError with the option, its value and the cure
    """
    return Settings(
        hosts=_storage_ip(_value(configuration, 'storage_ip')),
        edge_port=_port(configuration, 'edge_port', 26203),
        edge_protocol=_protocol(_value(configuration, 'edge_protocol')),
        xml_rpc_port=_port(configuration, 'xml_rpc_port',
                           storagedriver.DEFAULT_PORT),
        vpool_guid=_guid(_value(configuration, 'vpool_guid')),
        edge_timeout=_seconds(configuration, 'edge_timeout'),
        snapshot_timeout=_seconds(configuration, 'snapshot_timeout'),
        xml_rpc_redirect_hosts=_redirect_hosts(
            _value(configuration, 'xml_rpc_redirect_hosts')),
        xml_rpc_tls=_tls_context(configuration))


def _tls_context(configuration):
    """Return the context that verifies storagedrivers, or None."""
    if not _value(configuration, 'xml_rpc_tls', 'Give true or false.'):
        return None
    ca_file, cert_file, key_file = [
        _value(configuration, option) for option in
        ('xml_rpc_ca_file', 'xml_rpc_cert_file', 'xml_rpc_key_file')]
    if bool(cert_file) != bool(key_file):
        raise OptionError('xml_rpc_cert_file', cert_file,
                          'it has no meaning without xml_rpc_key_file',
                          'Give both or none.')
    try:
        return xml_rpc.tls_context(ca_file, cert_file or None,
                                   key_file or None)
    except xml_rpc.TlsError as error:
        raise OptionError('xml_rpc_tls', True, '%s' % error,
                          'Give files that Cinder can read in '
                          'xml_rpc_ca_file, xml_rpc_cert_file and '
                          'xml_rpc_key_file.')


def _value(configuration, option, cure='Give a number.'):
    try:
        return getattr(configuration, option)
    except cfg.Error as error:
        # The value has the wrong type; oslo.config quotes it.
        raise OptionError(option, None, '%s' % error, cure)


def _storage_ip(text):
    cure = ('Give the address of a storagedriver of the vPool, or several '
            'with commas between them.')
    if not text.strip():
        raise OptionError('storage_ip', text, 'it is empty', cure)
    return _hosts('storage_ip', text, cure)


def _redirect_hosts(text):
    if text.strip() == storagedriver.ANY_HOST:
        return [storagedriver.ANY_HOST]
    if not text.strip():
        return []
    return _hosts('xml_rpc_redirect_hosts', text,
                  'Give the addresses of further nodes of the vPool with '
                  'commas between them, or * for any.')


def _hosts(option, text, cure):
    try:
        return [location.check_host(host.strip())
                for host in text.split(',')]
    except location.LocationError as error:
        raise OptionError(option, text, '%s' % error, cure)


def _port(configuration, option, usual):
    port = _value(configuration, option)
    try:
        return location.check_port(port)
    except location.LocationError as error:
        raise OptionError(option, port, '%s' % error,
                          'Give the port of the storagedriver, usually %d.'
                          % usual)


def _protocol(text):
    try:
        return location.check_transport(text)
    except location.LocationError as error:
        raise OptionError('edge_protocol', text, '%s' % error,
                          'Give tcp, or rdma where the network has it.')


def _seconds(configuration, option):
    seconds = _value(configuration, option)
    if seconds < 1:
        raise OptionError(option, seconds, 'it is less than a second',
                          'Give a number of seconds.')
    return seconds


def _guid(text):
    try:
        if str(uuid.UUID(text)) == text.lower():
            return text
    except (ValueError, AttributeError):
        pass
    raise OptionError('vpool_guid', text, 'it is not a guid',
                      'Copy the guid of the vPool from its storagedriver '
                      '("ovs-storagedriver status" shows it), as in '
                      '7968a798-a0ab-4f6a-8f3d-32f785215307.')
