# SPDX-License-Identifier: Apache-2.0

"""The string that tells every part of OpenStack where a volume lives.

``openvstorage+PROTOCOL:HOST[:PORT]/NAME[:OPTION=VALUE...]`` is what Cinder
gives to Nova, to os-brick and to qemu-img. This module is the only one that
writes or reads it.

* an IPv6 address stands in brackets;
* a port that is not given is QEMU's default, 21321;
* characters of NAME that mean something to the grammar are written as %xx;
* the options are those of the QEMU driver: ``snapshot-timeout=SECONDS`` and
  ``enable-ha=on|off``.
"""

import collections
import re
import socket

try:
    from urllib import parse as urllib_parse
except ImportError:
    import urllib as urllib_parse

TRANSPORTS = ('tcp', 'rdma')
DEFAULT_PORT = 21321
# Where a storagedriver listens unless it is told otherwise
DEFAULT_EDGE_PORT = 26203
DEFAULT_XML_RPC_PORT = 26201
DEFAULT_SNAPSHOT_TIMEOUT = 120
NAME_BYTES_MAX = 254

_SCHEME = 'openvstorage'
_SHAPE = re.compile(r'openvstorage\+(?P<transport>[^:/]*):'
                    r'(?P<host>\[[^\]/]*\]|[^:/\[\]]*)(:(?P<port>[^:/]*))?'
                    r'/(?P<name>[^/:]*)(?P<options>:.*)?\Z', re.DOTALL)
_HOST_NAME = re.compile(r'[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z')
# int() takes signs, spaces and digits of every script; the grammar does not
_NUMBER = re.compile(r'[0-9]{1,10}\Z')
_ESCAPE = re.compile(r'%(?![0-9A-Fa-f]{2})')
_CONTROL = re.compile(u'[\x00-\x1f\x7f]')
_SWITCH = {'on': True, 'off': False}


class LocationError(ValueError):
    """A location, or a part of one, that is not well-formed."""


class BadShape(LocationError):
    """The text is not a location at all."""


class BadTransport(LocationError):
    """The protocol is none of those that exist."""


class BadHost(LocationError):
    """The host is neither a name nor an address."""


class BadPort(LocationError):
    """The port is not a number from 1 to 65535."""


class BadName(LocationError):
    """No volume can have this name."""


class BadOption(LocationError):
    """An option is unknown, given twice, or has a wrong value."""


_Fields = collections.namedtuple(
    '_Fields', ['transport', 'host', 'port', 'name', 'snapshot_timeout',
                'enable_ha'])


class Location(_Fields):
    """Where a volume lives; always valid, whatever it was made from."""

    __slots__ = ()

    def __new__(cls, transport, host, port, name, snapshot_timeout=None,
                enable_ha=None):
        return super(Location, cls).__new__(
            cls, check_transport(transport), check_host(host),
            check_port(port), check_name(name),
            _check_timeout(snapshot_timeout), _check_switch(enable_ha))

    def __str__(self):
        text = '%s+%s:%s/%s' % (_SCHEME, self.transport,
                                endpoint(self.host, self.port),
                                _quote(self.name))
        if self.snapshot_timeout is not None:
            text += ':snapshot-timeout=%d' % self.snapshot_timeout
        if self.enable_ha is not None:
            text += ':enable-ha=%s' % ('on' if self.enable_ha else 'off')
        return text

    def image_opts(self):
        """The same volume in the words of ``qemu-img --image-opts``."""
        options = [('driver', _SCHEME), ('transport', self.transport),
                   ('host', self.host), ('port', '%d' % self.port),
                   ('volume', self.name)]
        if self.snapshot_timeout is not None:
            options.append(('snapshot-timeout', '%d' % self.snapshot_timeout))
        if self.enable_ha is not None:
            options.append(('enable-ha', 'on' if self.enable_ha else 'off'))
        return options


def parse(text):
    """Read a location.

    :raises: LocationError (one of its kinds) that says what is wrong.
    """
    match = _SHAPE.match(_as_text(text))
    if not match:
        raise BadShape('%r is not a location of the form '
                       'openvstorage+PROTOCOL:HOST:PORT/NAME' % (text,))
    host = match.group('host')
    if host.startswith('['):
        host = host[1:-1]
        if ':' not in host:
            raise BadHost('%r: only an IPv6 address stands in brackets'
                          % (text,))
    port = match.group('port')
    options = _parse_options(match.group('options') or '')
    return Location(match.group('transport'), host,
                    DEFAULT_PORT if port is None else port,
                    _unquote(match.group('name')), **options)


def of_connection(data):
    """Read the location in the ``data`` of a connection_info.

    Cinder calls it ``device_path``, Nova's driver keeps it as ``location``.
    """
    text = data.get('location') or data.get('device_path')
    if not text:
        raise BadShape('the connection has no device_path: the location of '
                       'the volume is needed')
    return parse(text)


def endpoint(host, port):
    """Return HOST:PORT as in a URL: an IPv6 address stands in brackets."""
    return '%s:%d' % ('[%s]' % host if ':' in host else host, port)


def check_transport(transport):
    if transport not in TRANSPORTS:
        raise BadTransport('the protocol %r is none of %s'
                           % (transport, ', '.join(TRANSPORTS)))
    return str(transport)


def check_host(host):
    """Return HOST in its plain spelling (no brackets)."""
    host = _as_text(host)
    if ':' in host:
        try:
            socket.inet_pton(socket.AF_INET6, host)
        except (socket.error, ValueError):
            raise BadHost('%r is not an IPv6 address' % host)
    elif not _HOST_NAME.match(host) or len(host) > 253:
        raise BadHost('%r is neither a host name nor an address' % host)
    return str(host)


def check_port(port):
    if not _NUMBER.match('%s' % (port,)) or not 0 < int(port) < 65536:
        raise BadPort('the port %r is not a number from 1 to 65535' % (port,))
    return int(port)


def check_name(name):
    """Return NAME as text if a vPool could hold a volume of that name."""
    name = _as_text(name)
    try:
        length = len(name.encode('utf-8'))
    except UnicodeError:
        raise BadName('the name %r has a character that UTF-8 cannot hold'
                      % name)
    if not 0 < length <= NAME_BYTES_MAX:
        raise BadName('the name %r has %d bytes; 1 to %d are allowed'
                      % (name, length, NAME_BYTES_MAX))
    if '/' in name or _CONTROL.search(name):
        raise BadName("the name %r has a '/' or a control character" % name)
    return name


def _check_timeout(seconds):
    if seconds is None:
        return None
    if not _NUMBER.match('%s' % (seconds,)):
        raise BadOption('snapshot-timeout: %r is not a number of seconds'
                        % (seconds,))
    return int(seconds)


def _check_switch(value):
    if value not in (None, True, False):
        raise BadOption('enable-ha: %r is neither on nor off' % (value,))
    return value


def _parse_options(text):
    options = {}
    for word in text.split(':')[1:]:
        key, equals, value = word.partition('=')
        name = key.replace('-', '_')
        if key not in ('snapshot-timeout', 'enable-ha') or not equals:
            raise BadOption('%r is none of the options snapshot-timeout=N '
                            'and enable-ha=on|off' % word)
        if name in options:
            raise BadOption('the option %s is given twice' % key)
        options[name] = _SWITCH.get(value, value) if key == 'enable-ha' \
            else value
    return options


def _as_text(value):
    if isinstance(value, bytes):
        try:
            return value.decode('utf-8')
        except UnicodeError:
            raise BadShape('%r is not text' % (value,))
    if not isinstance(value, type(u'')):
        raise BadShape('%r is not text' % (value,))
    return value


def _quote(name):
    return str(urllib_parse.quote(name.encode('utf-8'), safe="-._~@+,="))


def _unquote(text):
    if _ESCAPE.search(text):
        raise BadName('%r: two hexadecimal digits must follow each %%' % text)
    try:
        raw = urllib_parse.unquote_to_bytes(text)
    except AttributeError:
        raw = urllib_parse.unquote(text.encode('utf-8'))
    try:
        return raw.decode('utf-8')
    except UnicodeError:
        raise BadName('%r is not UTF-8 once its %%xx are decoded' % text)
