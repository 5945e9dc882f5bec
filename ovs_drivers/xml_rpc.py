# SPDX-License-Identifier: Apache-2.0

"""One XML-RPC call: a connection, a request, an answer, all within a time.

The client of the standard library bounds the time of each piece, but not of
the call. It repeats calls that may do harm. It expands the entities of a
document type declaration.
"""

import contextlib
import io
import socket
import ssl
import time
from xml.parsers import expat

# Python 2's names first: under it, the package "future" has a part of the
# others.
try:
    import httplib as http_client
    import xmlrpclib as xmlrpc_client
except ImportError:
    from http import client as http_client
    from xmlrpc import client as xmlrpc_client

Binary = xmlrpc_client.Binary
Fault = xmlrpc_client.Fault

PATH = '/RPC2'
ANSWER_BYTES_MAX = 64 * 1024 * 1024

# A clock that is set must not end a call; Python 2 has no other.
_clock = getattr(time, 'monotonic', time.time)


class NotConnected(Exception):
    """The connection was not made, so nothing can have been sent."""


class NoAnswer(Exception):
    """The request was sent, and its answer never came."""


class BadAnswer(Exception):
    """The answer breaks the protocol."""


class TlsError(ValueError):
    """A file of TLS cannot be used."""


class Deadline(object):
    """The end of the time that something may take."""

    def __init__(self, seconds):
        self.seconds = seconds
        self._end = _clock() + seconds

    def left(self):
        left = self._end - _clock()
        if left <= 0:
            raise socket.timeout('%s s are over' % self.seconds)
        return left


def tls_context(ca_file, cert_file=None, key_file=None):
    """Return the SSLContext that verifies storagedrivers, TLS 1.2 or newer.

    :param ca_file: certificates of the authorities to trust
    :param cert_file: this client's certificate, if it has to show one
    :param key_file: its key
    :raises: TlsError with the name of the file
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (IOError, ssl.SSLError) as error:
        raise TlsError('the certificates of %s cannot be used: %s'
                       % (ca_file, error))
    if hasattr(ssl, 'TLSVersion'):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    else:
        context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
        # Python 2 looks for names only: _check_name() does it all.
        context.check_hostname = False
    if cert_file:
        try:
            context.load_cert_chain(cert_file, key_file)
        except (IOError, ssl.SSLError) as error:
            raise TlsError('the certificate %s with the key %s cannot be '
                           'used: %s' % (cert_file, key_file, error))
    return context


def call(host, port, method, parameter, deadline, tls=None):
    """Return the answer of a method.

    :param tls: an SSLContext for HTTPS, None for HTTP
    :raises: NotConnected, NoAnswer, BadAnswer, Fault
    """
    body = xmlrpc_client.dumps((parameter,), method)
    if not isinstance(body, bytes):
        body = body.encode('utf-8', 'xmlcharrefreplace')
    with contextlib.closing(_connect(host, port, deadline, tls)) as peer:
        try:
            return _parse(_post(host, port, peer, body, deadline))
        except (http_client.HTTPException, socket.error) as error:
            raise NoAnswer('%s' % error or type(error).__name__)


def _connect(host, port, deadline, tls):
    try:
        connection = _connect_plain(host, port, deadline)
        return _secured(connection, host, deadline, tls) if tls else connection
    except ssl.CertificateError as error:
        raise NotConnected('the certificate is not trusted: %s' % error)
    except socket.error as error:
        raise NotConnected('%s' % error or type(error).__name__)


def _connect_plain(host, port, deadline):
    failure = None
    for family, kind, protocol, _name, address in socket.getaddrinfo(
            host, port, 0, socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.left())
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        except socket.error as error:
            connection.close()
            failure = error
    raise failure


def _secured(connection, host, deadline, tls):
    try:
        connection.settimeout(deadline.left())
        connection = tls.wrap_socket(connection, server_hostname=host)
        if not tls.check_hostname:
            _check_name(connection.getpeercert(), host)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_name(certificate, host):
    """Make sure that a certificate is that of HOST, where Python 2 does not.

    :raises: ssl.CertificateError
    """
    names = certificate.get('subjectAltName', ())
    address = _packed(host)
    if address is None:
        # Without the subject: only a name that is meant as one counts.
        ssl.match_hostname({'subjectAltName': names}, host)
    elif address not in [_packed(value) for kind, value in names
                         if kind == 'IP Address']:
        raise ssl.CertificateError('the certificate is not for %s' % host)


def _packed(address):
    """Return the bytes of an address, None of anything else."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, address.strip())
        except (socket.error, ValueError):
            continue
    return None


def _post(host, port, peer, body, deadline):
    """Return the body that answers BODY."""
    connection = http_client.HTTPConnection(host, port)
    connection.sock = _TimedSocket(peer, deadline)
    connection.request('POST', PATH, body, {'Content-Type': 'text/xml'})
    response = connection.getresponse()
    if response.status != 200:
        raise BadAnswer('HTTP status %d %s'
                        % (response.status, response.reason))
    answer = response.read(ANSWER_BYTES_MAX + 1)
    if len(answer) > ANSWER_BYTES_MAX:
        raise BadAnswer('an answer of over %d bytes' % ANSWER_BYTES_MAX)
    return answer


class _TimedSocket(object):
    """The part of a socket that HTTPConnection needs, with a deadline.

    The maker of the socket closes it: the connection would close it too early.
    """

    def __init__(self, connection, deadline):
        self._socket = connection
        self._deadline = deadline

    def sendall(self, data):
        data = memoryview(data)
        while len(data):
            self._socket.settimeout(self._deadline.left())
            data = data[self._socket.send(data):]

    def makefile(self, *_arguments):
        return io.BufferedReader(_TimedReader(self._socket, self._deadline))

    def close(self):
        pass


class _TimedReader(io.RawIOBase):

    def __init__(self, connection, deadline):
        super(_TimedReader, self).__init__()
        self._socket = connection
        self._deadline = deadline

    def readable(self):
        return True

    def readinto(self, data):
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv_into(data)


def _parse(body):
    try:
        answer = unmarshal(body).close()
    except Fault:
        raise
    except Exception as error:
        raise BadAnswer('the answer is not XML-RPC: %s: %s'
                        % (type(error).__name__, error))
    return answer[0] if len(answer) == 1 else answer


def unmarshal(body):
    """Return the Unmarshaller that has read an answer or a request.

    It and its close() raise not only errors of their own: well-formed XML
    with the wrong elements makes it fail in ways that it does not name.
    """
    unmarshaller = xmlrpc_client.Unmarshaller()
    parser = expat.ParserCreate()
    # Python 2's parser hands out text as bytes or not, as it is told.
    unmarshaller.xml(None if getattr(parser, 'returns_unicode', True)
                     else 'utf-8', None)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = unmarshaller.start
    parser.EndElementHandler = unmarshaller.end
    parser.CharacterDataHandler = unmarshaller.data
    parser.Parse(body, True)
    return unmarshaller


def _refuse_document_type(*_arguments):
    raise ValueError('it has a document type declaration')
