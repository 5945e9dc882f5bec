# SPDX-License-Identifier: Apache-2.0

"""Names of volumes and snapshots, and the paths that XML-RPC makes of them.

A name is text with the bytes that are not UTF-8 as lone surrogates
(``surrogateescape``): what came from a client of the edge port goes back to
the engine unchanged, whatever it was.
"""

import re

BYTES_MAX = 254

_FORBIDDEN = re.compile('[/\x00-\x1f\x7f]')
_NOT_XML = re.compile('[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]')
_PATH = re.compile(r'/(.+)\.raw\Z', re.DOTALL)


def check(name, what):
    """Return NAME if a volume or snapshot can have it.

    :param what: what the name is given for, to say so in the error
    :raises: ValueError
    """
    size = len(name.encode('utf-8', 'surrogateescape'))
    if not 0 < size <= BYTES_MAX:
        raise ValueError('%s has %d bytes; a name has 1 to %d'
                         % (what, size, BYTES_MAX))
    if _FORBIDDEN.search(name) or name in ('.', '..'):
        raise ValueError("%s is no name: '/', control characters, '.' and "
                         "'..' are refused" % what)
    return name


def of_path(path):
    """Return the name of the volume at PATH ("/name.raw").

    :raises: ValueError
    """
    match = _PATH.match(path)
    if not match:
        raise ValueError('target_path is not of the form /NAME.raw')
    return check(match.group(1), 'the name in target_path')


def to_path(name):
    return '/%s.raw' % printable(name)


def printable(name):
    r"""Return NAME as XML and terminals can show it, the rest as \xNN."""
    return _NOT_XML.sub(_escape, name)


def _escape(match):
    code = ord(match.group())
    if 0xdc80 <= code <= 0xdcff:
        code -= 0xdc00
    return ('\\x%02x' if code < 0x100 else '\\u%04x') % code
