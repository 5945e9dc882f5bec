# SPDX-License-Identifier: Apache-2.0

"""The files that TLS needs, as ``tls-init`` makes them with openssl.

A folder has the names that QEMU has for them: the certificate of an authority
of its own (with its key, which stays where certificates are made), one for
servers, one for clients, and the pre-shared keys. Each file is its owner's
from the first byte, and takes its name when it is complete.
"""

import contextlib
import fcntl
import ipaddress
import os
import re
import secrets
import shutil
import stat
import subprocess
import tempfile

from ovs_storagedriver import errors

CA_CERT, CA_KEY = 'ca-cert.pem', 'ca-key.pem'
SERVER_CERT, SERVER_KEY = 'server-cert.pem', 'server-key.pem'
CLIENT_CERT, CLIENT_KEY = 'client-cert.pem', 'client-key.pem'
PSK = 'keys.psk'

CA_DAYS = 3650
DAYS = 825
# A certificate that ends sooner is made again.
_SECONDS_MIN = 30 * 24 * 3600
_PSK_BYTES = 32
_IDENTITY = re.compile(r'[A-Za-z0-9._@-]{1,64}\Z')
_HOST_NAME = re.compile(r'[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z')
_CURVE = 'ec_paramgen_curve:P-256'
_REQUEST = '''[req]
distinguished_name = subject
prompt = no
[subject]
CN = %(name)s
[extensions]
subjectKeyIdentifier = hash
%(extensions)s
'''
_CA_EXTENSIONS = '''basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign'''
_EXTENSIONS = '''authorityKeyIdentifier = keyid
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = %sAuth'''


def check_hosts(hosts):
    """:raises: errors.SettingsError unless each is a name or an address"""
    for host in hosts:
        if not (_is_address(host) or _HOST_NAME.match(host)):
            raise errors.SettingsError(
                '--host %s: it is neither a name nor an address of a host. '
                'hint: give the name that clients use' % host)


def check_identities(identities):
    """:raises: errors.SettingsError unless each can be one"""
    for identity in identities:
        if not _IDENTITY.match(identity):
            raise errors.SettingsError(
                '--psk %r: it cannot be an identity. hint: use letters, '
                'digits, ".", "_", "-" and "@", at most 64' % identity)


@contextlib.contextmanager
def opened(path):
    """Give the Folder at PATH, made and locked.

    :raises: errors.ServiceError
    """
    if not shutil.which('openssl'):
        raise errors.ServiceError('openssl makes the certificates and is not '
                                  'installed. hint: install the package '
                                  'openssl')
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise errors.ServiceError('the folder %s cannot be used: %s'
                                  % (path, error.strerror))
    try:
        _check_private(path, os.fstat(handle))
        fcntl.flock(handle, fcntl.LOCK_EX)
        with tempfile.TemporaryDirectory(prefix='.new-', dir=path) as new:
            yield Folder(path, new)
    finally:
        os.close(handle)


def _check_private(path, status):
    """Raise if another user could exchange the files in the folder."""
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise errors.ServiceError(
            'the folder %s belongs to the user %d and has the mode %o: '
            'another user could exchange the keys in it. hint: give an empty '
            'folder of your own' % (path, status.st_uid,
                                    stat.S_IMODE(status.st_mode)))


class Folder:
    """A folder of certificates and keys.

    :param new: a folder on the same disk for incomplete files
    """

    def __init__(self, path, new):
        self._path = path
        self._new = new

    def make_authority(self):
        """Return whether there was none that can be used."""
        if self._is_pair(CA_CERT, CA_KEY, CA_CERT):
            return False
        name = 'Open vStorage Edge %s' % secrets.token_hex(4)
        request = self._request(name, _CA_EXTENSIONS)
        self._make_key(CA_KEY)
        self._openssl('req', '-x509', '-new', '-sha256', '-config', request,
                      '-extensions', 'extensions', '-days', '%d' % CA_DAYS,
                      '-set_serial', _serial(), '-key', self._draft(CA_KEY),
                      '-out', self._draft(CA_CERT))
        self._keep(CA_KEY, CA_CERT)
        return True

    def make_server(self, hosts, renew=False):
        """Make the servers' certificate, unless it has all the hosts."""
        if not renew and self._is_pair(SERVER_CERT, SERVER_KEY, CA_CERT) and (
                all(self._names(SERVER_CERT, host) for host in hosts)):
            return False
        names = ', '.join('%s:%s' % ('IP' if _is_address(host) else 'DNS',
                                     host) for host in hosts)
        self._make_pair(SERVER_CERT, SERVER_KEY, 'openvstorage-server',
                        _EXTENSIONS % 'server' +
                        '\nsubjectAltName = ' + names)
        return True

    def make_client(self, renew=False):
        """Make the certificate that clients show to servers."""
        if not renew and self._is_pair(CLIENT_CERT, CLIENT_KEY, CA_CERT):
            return False
        self._make_pair(CLIENT_CERT, CLIENT_KEY, 'openvstorage-client',
                        _EXTENSIONS % 'client')
        return True

    def make_psk(self, identities, renew=False):
        """Make a pre-shared key for each identity that has none."""
        keys = self._psk()
        missing = [identity for identity in identities
                   if renew or identity not in keys]
        if not missing:
            return False
        for identity in missing:
            keys[identity] = secrets.token_hex(_PSK_BYTES)
        with open(self._draft(PSK), 'x', encoding='ascii',
                  opener=_private) as lines:
            for identity, key in keys.items():
                lines.write('%s:%s\n' % (identity, key))
        self._keep(PSK)
        return True

    def _psk(self):
        try:
            with open(self._file(PSK), encoding='ascii') as lines:
                return dict(line.strip().split(':') for line in lines
                            if line.strip())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise errors.ServiceError(
                '%s cannot be read (%s): its lines are identity:key. hint: '
                'remove the file, and all its keys are made again'
                % (self._file(PSK), type(error).__name__))

    def _make_pair(self, cert, key, name, extensions):
        self._make_key(key)
        request = self._request(name, extensions)
        self._openssl('req', '-new', '-sha256', '-config', request,
                      '-key', self._draft(key), '-out', self._draft('csr'))
        self._openssl('x509', '-req', '-sha256', '-in', self._draft('csr'),
                      '-CA', self._file(CA_CERT), '-CAkey',
                      self._file(CA_KEY), '-set_serial', _serial(),
                      '-days', '%d' % DAYS, '-extfile', request,
                      '-extensions', 'extensions', '-out', self._draft(cert))
        self._keep(key, cert)

    def _make_key(self, key):
        # It writes into a file that is private already.
        os.close(_private(self._draft(key), os.O_WRONLY | os.O_CREAT |
                          os.O_EXCL))
        self._openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', _CURVE,
                      '-out', self._draft(key))

    def _request(self, name, extensions):
        path = self._draft('request')
        with open(path, 'w', encoding='ascii', opener=_private) as lines:
            lines.write(_REQUEST % {'name': name, 'extensions': extensions})
        return path

    def _is_pair(self, cert, key, authority):
        """Return true if both exist, match and are good for a month."""
        files = [self._file(name) for name in (cert, key, authority)]
        if not all(map(os.path.exists, files)):
            return False
        return (self._works('x509', '-checkend', '%d' % _SECONDS_MIN,
                            '-noout', '-in', files[0]) and
                self._works('verify', '-CAfile', files[2], files[0]) and
                self._said('x509', '-pubkey', '-noout', '-in', files[0]) ==
                self._said('pkey', '-pubout', '-in', files[1]))

    def _names(self, cert, host):
        option = '-checkip' if _is_address(host) else '-checkhost'
        return b'does match' in self._said('x509', '-noout', option, host,
                                           '-in', self._file(cert))

    def _file(self, name):
        return os.path.join(self._path, name)

    def _draft(self, name):
        return os.path.join(self._new, name)

    def _keep(self, *names):
        for name in names:
            with open(self._draft(name), 'rb') as complete:
                os.fchmod(complete.fileno(), 0o600)
                os.fsync(complete.fileno())
            os.rename(self._draft(name), self._file(name))

    def _openssl(self, *words):
        done = _run(words)
        if done.returncode:
            raise errors.ServiceError(
                'openssl %s failed: %s' % (words[0], ' '.join(
                    done.stderr.decode(errors='replace').split())))
        return done.stdout

    def _works(self, *words):
        return _run(words).returncode == 0

    def _said(self, *words):
        return _run(words).stdout


def _run(words):
    """Run openssl; neither its words nor its output have secrets."""
    return subprocess.run(('openssl',) + words, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _private(path, flags):
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _serial():
    # Positive, and never the same again.
    return '0x%x' % (secrets.randbits(126) | 1 << 126)


def _is_address(host):
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        return False
