# SPDX-License-Identifier: Apache-2.0

"""A signed apt repository with the packages of the hypervisor.

The packages have the names and places of the real ones, with the C library
of this checkout and the qemu-img of the fake vPool in them.
"""

import email.utils
import glob
import hashlib
import os
import shutil
import subprocess
import tempfile

from tests.ansible import cloud

_CONTROL = '''\
Package: %s
Version: 1.0
Architecture: all
Maintainer: Test <test@example.org>
Description: for a test
'''


def make(folder, library):
    """Make the repository; return the file of its public key."""
    contents = {
        'edge': {'lib/libovsvolumedriver.so.1': library},
        'qemu': {'bin/qemu-img': cloud.TOP
                 + '/ovs_drivers/tests/fakes/qemu-img'},
        'libvirt': {'share/libvirt/README': cloud.TOP + '/README.rst'},
    }
    for name, files in contents.items():
        _make_package(folder, 'openvstorage-' + name, files)
    with open(os.path.join(folder, 'Packages'), 'w') as target:
        subprocess.run(['dpkg-scanpackages', '--multiversion', '.'],
                       cwd=folder, check=True, stdout=target,
                       stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, 'Packages'), 'rb') as source:
        packages = source.read()
    with open(os.path.join(folder, 'Release'), 'w') as target:
        target.write('Date: %s\nSHA256:\n %s %d Packages\n' % (
            email.utils.formatdate(usegmt=True),
            hashlib.sha256(packages).hexdigest(), len(packages)))
    os.chmod(folder, 0o755)  # apt reads as a user of its own
    return _sign(folder)


def fingerprint(key):
    """Return the fingerprint of a key, as gpg shows it to people."""
    shown = subprocess.run(['gpg', '--show-keys', key], check=True,
                           capture_output=True, text=True).stdout
    return shown.split('\n')[1].strip()


def _make_package(folder, name, files):
    tree = os.path.join(folder, name)
    os.makedirs(os.path.join(tree, 'DEBIAN'))
    with open(os.path.join(tree, 'DEBIAN', 'control'), 'w') as target:
        target.write(_CONTROL % name)
    for path, source in files.items():
        place = os.path.join(tree, 'opt/openvstorage', path)
        os.makedirs(os.path.dirname(place))
        shutil.copy(source, place)
        os.chmod(place, 0o755)
    subprocess.run(['dpkg-deb', '--root-owner-group', '--build', tree, folder],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    assert glob.glob(os.path.join(folder, name + '_*.deb'))


def _sign(folder):
    key = os.path.join(folder, 'key.asc')
    # gpg-agent removes its sockets while it ends: this takes no notice
    with tempfile.TemporaryDirectory() as home:
        gpg = ['gpg', '--batch', '--quiet', '--homedir', home]
        subprocess.run(gpg + ['--passphrase', '', '--quick-generate-key',
                              'Test <test@example.org>', 'ed25519', 'sign'],
                       check=True)
        subprocess.run(gpg + ['--clearsign', '--output', 'InRelease',
                              'Release'], cwd=folder, check=True)
        subprocess.run(gpg + ['--armor', '--output', key, '--export'],
                       check=True)
        subprocess.run(['gpgconf', '--homedir', home, '--kill', 'all'],
                       check=True)
    return key
