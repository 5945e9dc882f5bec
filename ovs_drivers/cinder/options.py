# SPDX-License-Identifier: Apache-2.0

"""Options of a vPool's section in cinder.conf."""

import collections
import uuid

from oslo_config import cfg
from oslo_config import types

from ovs_drivers import edge
from ovs_drivers import location
from ovs_drivers import storagedriver
from ovs_drivers import xml_rpc


class _NamesValue(object):
    """Add the value, which oslo.config's types leave out of their errors."""

    def __call__(self, value):
        try:
            return super(_NamesValue, self).__call__(value)
        except ValueError as error:
            raise ValueError('%r: %s' % (value, error))


class Port(_NamesValue, types.Port):
    pass


class Integer(_NamesValue, types.Integer):
    pass


OPTS = [
    cfg.StrOpt('storage_ip',
               default='',
               help='Address of a storagedriver of the vPool, or several, '
                    'separated by commas: the first that answers is used.'),
    cfg.Opt('edge_port',
            type=Port(min=1),
            default=location.DEFAULT_EDGE_PORT,
            help='Port where the storagedrivers serve the edge protocol.'),
    cfg.StrOpt('edge_protocol',
               default='tcp',
               choices=list(location.TRANSPORTS),
               help='Transport of the edge protocol.'),
    cfg.Opt('xml_rpc_port',
            type=Port(min=1),
            default=location.DEFAULT_XML_RPC_PORT,
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
    cfg.Opt('edge_timeout',
            type=Integer(min=1),
            default=edge.DEFAULT_TIMEOUT,
            help='Seconds to wait for a storagedriver to take a connection '
                 'or to answer a request.'),
    cfg.Opt('snapshot_timeout',
            type=Integer(min=1),
            default=location.DEFAULT_SNAPSHOT_TIMEOUT,
            help='Seconds to wait until a snapshot is safe on the back end '
                 'of the vPool.'),
]

Settings = collections.namedtuple(
    'Settings', ['hosts', 'edge_port', 'edge_protocol', 'xml_rpc_port',
                 'vpool_guid', 'edge_timeout', 'snapshot_timeout',
                 'xml_rpc_redirect_hosts', 'xml_rpc_tls'])


# Hints for values that oslo.config refuses
_CURES = {
    'edge_port': 'give the port of the storagedriver, usually %d'
                 % location.DEFAULT_EDGE_PORT,
    'edge_protocol': 'give tcp, or rdma where the network has it',
    'xml_rpc_port': 'give the port of the storagedriver, usually %d'
                    % location.DEFAULT_XML_RPC_PORT,
    'xml_rpc_tls': 'give true or false',
    'edge_timeout': 'give a number of seconds, at least 1',
    'snapshot_timeout': 'give a number of seconds, at least 1',
}


class OptionError(ValueError):
    """An option with a value that cannot be right."""

    def __init__(self, option, problem, cure):
        super(OptionError, self).__init__(
            'option %s of the vPool in cinder.conf: %s. hint: %s'
            % (option, problem, cure))


def list_opts():
    """Entry point oslo.config.opts, for sample configuration files."""
    return [('vpool', OPTS)]


def read(configuration):
    """Read the section of a vPool.

    :raises: OptionError with the option, its value and the cure
    """
    checked = dict((option, _checked(configuration, option, cure))
                   for option, cure in _CURES.items())
    tls = checked.pop('xml_rpc_tls')
    return Settings(
        hosts=_storage_ip(configuration.storage_ip),
        vpool_guid=_guid(configuration.vpool_guid),
        xml_rpc_redirect_hosts=_redirect_hosts(
            configuration.xml_rpc_redirect_hosts),
        xml_rpc_tls=_tls_context(configuration) if tls else None,
        **checked)


def _checked(configuration, option, cure):
    try:
        return getattr(configuration, option)
    except cfg.Error as error:
        raise OptionError(option, '%s' % error, cure)


def _tls_context(configuration):
    """Return the context that verifies storagedrivers."""
    cert_file = configuration.xml_rpc_cert_file
    key_file = configuration.xml_rpc_key_file
    if bool(cert_file) != bool(key_file):
        raise OptionError('xml_rpc_cert_file',
                          '%r needs xml_rpc_key_file (%r), and the other way '
                          'round' % (cert_file, key_file),
                          'give both or none')
    try:
        return xml_rpc.tls_context(configuration.xml_rpc_ca_file,
                                   cert_file or None, key_file or None)
    except xml_rpc.TlsError as error:
        raise OptionError('xml_rpc_tls', 'true: %s' % error,
                          'give files that Cinder can read in '
                          'xml_rpc_ca_file, xml_rpc_cert_file and '
                          'xml_rpc_key_file')


def _storage_ip(text):
    cure = ('give the address of a storagedriver of the vPool, or several '
            'with commas between them')
    if not text.strip():
        raise OptionError('storage_ip', '%r: it is empty' % text, cure)
    return _hosts('storage_ip', text, cure)


def _redirect_hosts(text):
    if text.strip() == storagedriver.ANY_HOST:
        return [storagedriver.ANY_HOST]
    if not text.strip():
        return []
    return _hosts('xml_rpc_redirect_hosts', text,
                  'give the addresses of further nodes of the vPool with '
                  'commas between them, or * for any')


def _hosts(option, text, cure):
    try:
        return [location.check_host(host.strip())
                for host in text.split(',')]
    except location.LocationError as error:
        raise OptionError(option, '%r: %s' % (text, error), cure)


def _guid(text):
    try:
        if str(uuid.UUID(text)) == text.lower():
            return text
    except (ValueError, AttributeError):
        pass
    raise OptionError('vpool_guid', '%r is not a guid' % text,
                      'copy the guid of the vPool from its storagedriver '
                      '("ovs-storagedriver status" shows it), as in '
                      '7968a798-a0ab-4f6a-8f3d-32f785215307')
