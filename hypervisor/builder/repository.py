# SPDX-License-Identifier: Apache-2.0

"""An apt repository in one folder, signed or not."""

import email.utils
import glob
import gzip
import hashlib
import os
import stat

from harness import apt
from harness import run

ORIGIN = 'openvstorage'
KEY = 'openvstorage.asc'
_SIGNATURES = ('InRelease', 'Release.gpg', KEY)


def write(folder, log, key, keyring):
    """Write the indexes of all packages in a folder.

    :param key: None: unsigned; '': a key of our own; else a key of gpg
    :param keyring: folder that keeps the key of our own
    """
    for name in _SIGNATURES:
        if os.path.exists(os.path.join(folder, name)):
            os.unlink(os.path.join(folder, name))
    index = ''.join(_entry(path) for path in
                    sorted(glob.glob(os.path.join(folder, '*.deb'))))
    _write(folder, 'Packages', index.encode())
    _write(folder, 'Packages.gz', gzip.compress(index.encode(), mtime=0))
    _write(folder, 'Release', _release(folder).encode())
    if key is not None:
        _sign(folder, log, key, keyring)


def how_to_use(folder, signed):
    """Yield lines for a person: the source to add, DevStack's settings."""
    trust = ('signed-by=%s' % os.path.join(folder, KEY) if signed
             else 'trusted=yes')
    yield 'deb [%s] file://%s ./' % (trust, folder)
    if signed:
        yield 'in local.conf:'
        yield 'OPENVSTORAGE_HYPERVISOR=repo'
        yield 'OPENVSTORAGE_APT_REPO="file://%s ./"' % folder
        yield 'OPENVSTORAGE_APT_KEY=' + os.path.join(folder, KEY)
    closed = _closed_folder(folder)
    if closed:
        yield ('(apt reads as a user of its own, who cannot get into %s: use '
               'another --output, or a web server)' % closed)


def _closed_folder(path):
    """Return the folder on the way that others cannot enter, or None."""
    while path != '/':
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return path
        path = os.path.dirname(path)
    return None


def _entry(path):
    control = run.output(['dpkg-deb', '--field', path]).rstrip('\n')
    with open(path, 'rb') as file:
        content = file.read()
    return '%s\nFilename: ./%s\nSize: %d\nMD5sum: %s\nSHA256: %s\n\n' % (
        control, os.path.basename(path), len(content),
        hashlib.md5(content).hexdigest(),
        hashlib.sha256(content).hexdigest())


def _release(folder):
    lines = ['Origin: ' + ORIGIN, 'Label: ' + ORIGIN,
             'Date: ' + email.utils.formatdate(usegmt=True),
             'Architectures: ' + run.output(
                 ['dpkg', '--print-architecture']).strip(),
             'Description: QEMU and libvirt with Open vStorage Edge volumes',
             'SHA256:']
    for name in ('Packages', 'Packages.gz'):
        with open(os.path.join(folder, name), 'rb') as file:
            content = file.read()
        lines.append(' %s %d %s' % (hashlib.sha256(content).hexdigest(),
                                    len(content), name))
    return '\n'.join(lines + [''])


def _write(folder, name, content):
    with open(os.path.join(folder, name), 'wb') as file:
        file.write(content)


def _sign(folder, log, key, keyring):
    missing = apt.missing(['gnupg'])
    if missing:
        apt.install(missing, log)
    if key:
        _sign_with(['gpg', '--local-user', key], folder, log, key)
        return
    os.makedirs(keyring, mode=0o700, exist_ok=True)
    gpg = ['gpg', '--homedir', keyring]
    key = ORIGIN + ' repository'
    try:
        if not os.path.exists(os.path.join(keyring, 'pubring.kbx')):
            run.run(gpg + ['--batch', '--passphrase', '',
                           '--quick-generate-key', key, 'default',
                           'default', 'never'], log, clean=True)
        _sign_with(gpg, folder, log, key)
    finally:
        # gpg leaves a process behind that waits for more
        run.run(['gpgconf', '--homedir', keyring, '--kill', 'all'], log,
                clean=True)


def _sign_with(gpg, folder, log, key):
    release = os.path.join(folder, 'Release')
    for name, options in (
            ('InRelease', ['--clearsign', release]),
            ('Release.gpg', ['--armor', '--detach-sign', release]),
            (KEY, ['--armor', '--export', key])):
        run.run(gpg + ['--batch', '--yes', '--output',
                       os.path.join(folder, name)] + options, log, clean=True,
                hint='"gpg --list-secret-keys" names the keys')
