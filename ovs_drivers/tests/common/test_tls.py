# SPDX-License-Identifier: Apache-2.0

"""XML-RPC by HTTPS, on each Python and under eventlet."""

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import textwrap
import unittest

import fixtures

from ovs_drivers import storagedriver
from ovs_drivers.tests.fakes import fixture
from ovs_drivers import xml_rpc

REQUEST = textwrap.dedent('''\
    [req]
    distinguished_name = subject
    prompt = no
    [subject]
    CN = %s
    [authority]
    basicConstraints = critical, CA:true
    keyUsage = critical, keyCertSign
    subjectKeyIdentifier = hash
    [server]
    subjectAltName = %s
    authorityKeyIdentifier = keyid
    ''')


class Authority(object):
    """Signs certificates, with openssl."""

    def __init__(self, folder):
        self._folder = folder
        self.cert = self._file('ca.pem')
        self._openssl(
            'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256',
            '-days', '2', '-config', self._request('ca'),
            '-extensions', 'authority',
            '-keyout', self._file('ca.key'), '-out', self.cert)

    def sign(self, names):
        """Return paths of a certificate for NAMES and of its key."""
        cert, key = self._file('server.pem'), self._file('server.key')
        request = self._request('server', names)
        self._openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes',
                      '-config', request, '-keyout', key,
                      '-out', self._file('csr'))
        self._openssl('x509', '-req', '-sha256', '-days', '2',
                      '-in', self._file('csr'), '-CA', self.cert,
                      '-CAkey', self._file('ca.key'), '-set_serial', '2',
                      '-extfile', request, '-extensions', 'server',
                      '-out', cert)
        return cert, key

    def _request(self, name, names='DNS:x'):
        with open(self._file('request'), 'w') as stream:
            stream.write(REQUEST % (name, names))
        return self._file('request')

    def _openssl(self, *words):
        subprocess.check_output(('openssl',) + words,
                                stderr=subprocess.STDOUT)

    def _file(self, name):
        return os.path.join(self._folder, name)


class TlsTestCase(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        super(TlsTestCase, cls).setUpClass()
        cls.folder = tempfile.mkdtemp()
        cls.authority = Authority(cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        super(TlsTestCase, cls).tearDownClass()

    def use(self, one):
        one.setUp()
        self.addCleanup(one.cleanUp)
        return one

    def serve(self, names):
        """Start a fake vPool by HTTPS, with a certificate for NAMES."""
        fake = fixture.FakeVPool()
        context = ssl.SSLContext(getattr(ssl, 'PROTOCOL_TLS_SERVER',
                                         ssl.PROTOCOL_SSLv23))
        context.load_cert_chain(*self.authority.sign(names))
        fake.tls = context
        return self.use(fake)

    def ask(self, fake, host='127.0.0.1', ca_file=None):
        return storagedriver.StorageDriver(
            [host], fake.xml_rpc.port, fake.vpool.guid, 10,
            tls=xml_rpc.tls_context(ca_file or self.authority.cert)
        ).volume_names()

    def assertRefused(self, *arguments):
        with self.assertRaises(storagedriver.Unreachable) as caught:
            self.ask(*arguments)
        self.assertIn('certificate', str(caught.exception))

    def test_names_and_addresses(self):
        fake = self.serve('IP:127.0.0.2, DNS:localhost, IP:127.0.0.1')
        self.assertEqual([], self.ask(fake))
        self.assertEqual([], self.ask(fake, 'localhost'))

    def test_a_certificate_of_another_name(self):
        self.assertRefused(self.serve('IP:127.0.0.1'), 'localhost')
        self.assertRefused(self.serve('DNS:localhost'))
        # An address is no name, even if it looks like one.
        self.assertRefused(self.serve('DNS:127.0.0.1'))

    def test_another_authority(self):
        fake = self.serve('IP:127.0.0.1')
        other = Authority(self.use(fixtures.TempDir()).path)
        self.assertRefused(fake, '127.0.0.1', other.cert)

    def test_nothing_is_asked_of_who_is_not_trusted(self):
        fake = self.serve('IP:127.0.0.2')
        self.assertRefused(fake)
        self.assertEqual([], fake.vpool.calls)

    def test_files_that_cannot_be_used(self):
        empty = os.path.join(self.use(fixtures.TempDir()).path, 'empty')
        open(empty, 'w').close()
        for files in ((empty,), ('/no/such/file',),
                      (self.authority.cert, empty, empty),
                      (self.authority.cert, '/no/such/file', empty)):
            with self.assertRaises(xml_rpc.TlsError) as caught:
                xml_rpc.tls_context(*files)
            for name in files[1:] or files:
                self.assertIn(name, str(caught.exception))

    def test_green_threads(self):
        fake = self.serve('IP:127.0.0.1')
        asked = subprocess.check_output(
            [sys.executable, '-W', 'ignore', '-c', textwrap.dedent('''
                import eventlet
                eventlet.monkey_patch()
                import sys
                from ovs_drivers import storagedriver
                from ovs_drivers import xml_rpc
                client = storagedriver.StorageDriver(
                    ['127.0.0.1'], int(sys.argv[1]), sys.argv[2], 60,
                    tls=xml_rpc.tls_context(sys.argv[3]))
                client.create('green', 4096)
                sys.stdout.write(' '.join(client.volume_names()))
                '''), '%d' % fake.xml_rpc.port, fake.vpool.guid,
             self.authority.cert])
        self.assertEqual(b'green', asked)
