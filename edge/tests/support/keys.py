# SPDX-License-Identifier: Apache-2.0

"""Folders of keys and certificates for TLS, with the names of QEMU."""

import os
import secrets
import shutil
import ssl
import subprocess

_NEW_KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
            '-nodes')


def _openssl(*arguments):
    subprocess.run(('openssl',) + arguments, check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


class Authority:
    """Signs certificates; `folder` is where it keeps its own."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.certificate = os.path.join(folder, 'ca-cert.pem')
        self._key = os.path.join(folder, 'ca-key.pem')
        _openssl('req', '-x509', *_NEW_KEY, '-keyout', self._key, '-out',
                 self.certificate, '-days', '30', '-subj', '/CN=authority',
                 '-addext', 'basicConstraints=critical,CA:TRUE',
                 '-addext', 'keyUsage=critical,keyCertSign')

    def issue(self, folder, role, names='DNS:localhost,IP:127.0.0.1,IP:::1',
              days=30):
        """A certificate for `role`: server or client."""
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, role)
        _openssl('req', *_NEW_KEY, '-keyout', path + '-key.pem',
                 '-out', path + '.csr', '-subj', '/CN=' + role)
        with open(path + '.ext', 'w') as extensions:
            extensions.write('extendedKeyUsage=%sAuth\n'
                             'subjectAltName=%s\n' % (role, names))
        _openssl('x509', '-req', '-in', path + '.csr', '-days', str(days),
                 '-CA', self.certificate, '-CAkey', self._key,
                 '-set_serial', str(secrets.randbits(64)),
                 '-extfile', path + '.ext', '-out', path + '-cert.pem')
        os.chmod(path + '-key.pem', 0o600)
        shutil.copy(self.certificate, folder)
        return folder


def pre_share(folder, *identities):
    """New keys for these identities."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, 'keys.psk')
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
              'w') as keys:
        for identity in identities:
            keys.write('%s:%s\n' % (identity, secrets.token_hex(32)))
    return folder


def x509_folder(folder):
    """All that servers and clients of 127.0.0.1 need."""
    authority = Authority(folder + '.authority')
    for role in ('server', 'client'):
        authority.issue(folder, role)
    return folder


def client_context(folder, certificate=False):
    """For Python's ssl, which has no pre-shared keys before 3.13."""
    context = ssl.create_default_context(
        cafile=os.path.join(folder, 'ca-cert.pem'))
    if certificate:
        context.load_cert_chain(os.path.join(folder, 'client-cert.pem'),
                                os.path.join(folder, 'client-key.pem'))
    return context
