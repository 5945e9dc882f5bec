# SPDX-License-Identifier: Apache-2.0

"""One testbed: where it keeps what, its ports and its passwords.

A testbed is a folder, ``.testbed/NAME`` in the checkout unless told
otherwise::

    testbed.json    name, release, ports, TLS, threads, the folder of
                    checkouts; after an upgrade the release that it began
                    with
    passwords.json  made for this testbed, readable by root only
    done/RELEASE/   which steps are done
    python-RELEASE/ the Python environment of the services
    etc/ log/ data/ what the services are configured with, say and keep
    run/            the supervisor's pid file
    openvstorage/   /etc/openvstorage of the testbed: keys, with TLS

Sockets live in /run/ovs-testbed/PORT: their names may not be longer than 107
characters.
"""

import glob
import os
import re
import secrets

from harness import errors
from harness import files
from ovs_testbed import cache
from ovs_testbed import checkouts
from ovs_testbed import environment
from ovs_testbed import ports
from ovs_testbed import release

CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(CHECKOUT, '.testbed')
SOCKETS = '/run/ovs-testbed'
#: what nova, neutron and OVN call the only host
HOST = 'testbed'
ADDRESS = '127.0.0.1'
REGION = 'RegionOne'
#: the back ends of cinder
VPOOLS = ('myvpool01', 'myvpool02')
#: services that a testbed has only if it is asked for them
EXTRAS = ('backup', 'barbican')
_NAME = re.compile(r'[a-z][a-z0-9-]{0,30}\Z')
_PASSWORDS = ('database', 'messaging', 'admin', 'demo', 'glance', 'placement',
              'neutron', 'nova', 'cinder', 'barbican', 'tempest')


class Testbed:
    """The folders, ports and passwords of one testbed."""

    def __init__(self, name, folder, state):
        self.name = name
        self.folder = folder
        self.release = release.load(state['release'])
        #: the release that its databases and volumes were made by
        self.first_release = state.get('first_release', self.release.name)
        #: how the ports of the vPools are protected: off, psk or x509
        self.tls = state.get('tls', 'off')
        #: whether its services run in native threads, all that can
        self.threads = state.get('threads', False)
        #: what it has beyond the usual, of EXTRAS
        self.extras = tuple(state.get('extras', ()))
        #: the folder of the checkouts that its release wants
        self.source = state.get('source')
        self.base_port = state['base_port']
        self.ports = ports.Ports(self.base_port)
        self.cache = cache.Cache(self.release)
        #: where the Tempest is that tests it
        self.tests = cache.Cache(release.load(self.release.tested_by))
        self.sockets = os.path.join(SOCKETS, str(self.base_port))
        self.namespace = ports.namespace(self.base_port)
        #: the network namespace, as a file to enter it by
        self.net = os.path.join(ports.NAMESPACES, self.namespace)
        self._passwords = None

    @property
    def passwords(self):
        """The passwords, made when first asked for."""
        if self._passwords is None:
            path = self.path('passwords.json')
            self._passwords = files.read_json(path)
        if self._passwords is None:
            self._passwords = {user: secrets.token_hex(12)
                               for user in _PASSWORDS}
            self._passwords['volume-key'] = secrets.token_hex(32)
            files.write_json(path, self._passwords)
        return self._passwords

    def caches(self):
        """The caches that it uses."""
        return [self.cache] + ([self.tests] if self.tests.release.name
                               != self.release.name else [])

    def path(self, *names):
        """The path of a file of the testbed."""
        return os.path.join(self.folder, *names)

    def mark(self, step):
        """The path of the file that says that a step is done."""
        return self.path('done', self.release.name, step)

    def was_installed(self):
        """Tell whether the plugin was installed, by this release or an earlier
        one."""
        return bool(glob.glob(self.path('done', '*', 'install')))

    def etc(self, *names):
        return self.path('etc', *names)

    def log(self, name):
        """The path of a log."""
        return self.path('log', name + '.log')

    def data(self, *names):
        """The path of a folder for data, which is there afterwards."""
        path = self.path('data', *names)
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def socket(self, name):
        return os.path.join(self.sockets, name)

    def url(self, service, path=''):
        """The address of an API."""
        return 'http://%s:%d%s' % (ADDRESS, self.ports[service], path)

    def make_folders(self):
        for folder in (self.folder, self.etc(), self.path('log'),
                       self.path('data'), self.path('run')):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        os.makedirs(self.sockets, mode=0o700, exist_ok=True)


def folder_of(name, folder=None):
    if not _NAME.match(name):
        raise errors.Error(
            'the name %r of a testbed is not usable' % name,
            hint='take up to 31 lower-case letters, digits and "-"')
    return os.path.join(os.path.abspath(folder or FOLDER), name)


def load(name, folder=None):
    """Find a testbed; None if there is none of that name."""
    path = folder_of(name, folder)
    state = files.read_json(os.path.join(path, 'testbed.json'))
    return state and Testbed(name, path, state)


def names(folder=None):
    """The names of all testbeds of the checkout."""
    folder = folder or FOLDER
    if not os.path.isdir(folder):
        return []
    return sorted(name for name in os.listdir(folder) if os.path.exists(
        os.path.join(folder, name, 'testbed.json')))


def make(name, release_name=None, base_port=None, folder=None, tls=None,
         threads=None, extras=(), source=None):
    """Find a testbed or make a new one, with ports of its own."""
    source = source and os.path.abspath(source)
    found = load(name, folder)
    if found:
        _check_same(found, release_name, base_port, tls, threads, extras)
        found.source = source or found.source
        if source or environment.lacks_checkouts(found.release):
            _check_source(found.release, found.source)
        return found
    wanted = release.load(release_name or release.DEFAULT)
    if threads:
        _check_threads(wanted)
    _check_extras(wanted, extras)
    _check_source(wanted, source)
    path = folder_of(name, folder)
    _check_free(path)
    state = {'name': name, 'release': wanted.name,
             'base_port': ports.claim(base_port), 'tls': tls or 'off',
             'threads': bool(threads), 'extras': sorted(set(extras)),
             'source': source}
    made = Testbed(name, path, state)
    # first the mark of a testbed's folder: "down" removes such a folder
    files.write_json(os.path.join(path, 'testbed.json'), state)
    made.make_folders()
    return made


def switch(testbed, release_name):
    """Give a testbed another release, in one step; return it."""
    state = files.read_json(testbed.path('testbed.json'))
    state.update(release=release_name, first_release=testbed.first_release)
    files.write_json(testbed.path('testbed.json'), state)
    return Testbed(testbed.name, testbed.folder, state)


def _check_free(path):
    """Raise if a folder holds something that is no testbed's."""
    if os.path.isdir(path) and os.listdir(path):
        raise errors.Error(
            'the folder %s is no testbed and is not empty' % path,
            hint='take another --name or --folder: "down" removes all of it')


def _check_threads(wanted):
    if not wanted.native_threads:
        raise errors.Error(
            'OpenStack %s runs in green threads only' % wanted.name,
            hint='--threads goes with --release %s' % ' or '.join(
                name for name in release.names()
                if release.load(name).native_threads))


def _check_extras(wanted, extras):
    missing = set(extras) - set(wanted.extras)
    if missing:
        raise errors.Error(
            'OpenStack %s comes without %s here' % (
                wanted.name, ', '.join(sorted(missing))),
            hint='--with takes %s for this release'
                 % ' and '.join(wanted.extras))


def _check_source(wanted, source):
    if source:
        checkouts.check(wanted, source)
    elif environment.lacks_checkouts(wanted):
        raise checkouts.missing(wanted)


def _check_same(found, release_name, base_port, tls, threads, extras):
    for what, wanted, has in (
            ('release', release_name, found.release.name),
            ('base port', base_port, found.base_port),
            ('TLS', tls, found.tls),
            ('native threads', threads, found.threads)):
        if wanted and wanted != has:
            raise errors.Error(
                'testbed "%s" has %s %s, not %s' % (found.name, what, has,
                                                    wanted),
                hint='take another --name, or take it down first')
    missing = set(extras) - set(found.extras)
    if missing:
        raise errors.Error(
            'testbed "%s" has no %s' % (found.name,
                                        ', '.join(sorted(missing))),
            hint='take another --name, or take it down first')
