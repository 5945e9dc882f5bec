# SPDX-License-Identifier: Apache-2.0

"""The vPools under test, as ``[openvstorage] vpool`` gives them."""

import collections

from ovs_drivers import location

DEFAULTS = {'edge_port': '%d' % location.DEFAULT_EDGE_PORT,
            'edge_protocol': 'tcp',
            'xml_rpc_port': '%d' % location.DEFAULT_XML_RPC_PORT}
REQUIRED = ('backend', 'storage_ip', 'vpool_guid')
TLS = ('xml_rpc_tls', 'xml_rpc_ca_file', 'xml_rpc_cert_file',
       'xml_rpc_key_file')
OPTIONAL = ('volume_type', 'xml_rpc_redirect_hosts') + TLS

VPoolSettings = collections.namedtuple(
    'VPoolSettings', ['backend', 'volume_type', 'hosts', 'edge_port',
                      'edge_protocol', 'xml_rpc_port', 'guid', 'options'])


class BadSettings(ValueError):
    """A value of [openvstorage] vpool that cannot be right."""


def parse_vpool(text):
    """Read one value of the option.

    :raises: BadSettings that says what is wrong and what belongs there
    """
    words = dict(DEFAULTS)
    for word in text.split():
        key, equals, value = word.partition('=')
        if not equals or not value:
            raise _bad(text, '%r is not of the form key=value' % word)
        if key not in REQUIRED + OPTIONAL and key not in DEFAULTS:
            raise _bad(text, 'there is no %r' % key)
        words[key] = value
    for key in REQUIRED:
        if key not in words:
            raise _bad(text, '%s is missing' % key)
    try:
        return VPoolSettings(
            words['backend'], words.get('volume_type', words['backend']),
            [location.check_host(_text(host))
             for host in words['storage_ip'].split(',')],
            location.check_port(words['edge_port']),
            location.check_transport(words['edge_protocol']),
            location.check_port(words['xml_rpc_port']), words['vpool_guid'],
            words)
    except location.LocationError as error:
        raise _bad(text, '%s' % error)


def parse_vpools(texts):
    """Read all values of the option; each back end is named once."""
    vpools = [parse_vpool(text) for text in texts]
    backends = [vpool.backend for vpool in vpools]
    if len(set(backends)) != len(backends):
        raise BadSettings('[openvstorage] vpool: a back end is given twice: '
                          '%s' % ', '.join(backends))
    return vpools


def _bad(text, problem):
    return BadSettings('[openvstorage] vpool = %s: %s; it reads '
                       '"backend=NAME storage_ip=ADDRESS vpool_guid=GUID '
                       '..."' % (text, problem))


def _text(value):
    return value.decode('utf-8') if isinstance(value, bytes) else value
