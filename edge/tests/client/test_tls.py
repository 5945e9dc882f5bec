# SPDX-License-Identifier: Apache-2.0

"""The library by TLS: the same as without it, and what it refuses."""

import errno
import os
import subprocess
import sys
import tempfile
import unittest

import cases
import real_engine
import secured
import test_context
import test_io
import test_restart

from support import keys


class PskIoTest(secured.Psk, test_io.IoTest):
    pass


class X509IoTest(secured.X509, test_io.IoTest):
    pass


class PskRestartTest(secured.Psk, test_restart.RestartTest):
    pass


class X509RestartTest(secured.X509, test_restart.RestartTest):
    pass


class X509InitTest(secured.X509, test_context.InitTest):
    pass


CONNECT = '''
import ctypes
import sys

import ovs

attributes = ovs.lib.ovs_ctx_attr_new()
host, port = sys.argv[1:]
assert ovs.lib.ovs_ctx_attr_set_transport(attributes, b'tcp', host.encode(),
                                          int(port)) == 0
context = ovs.lib.ovs_ctx_new(attributes)
print(ctypes.get_errno() if not context else 0)
'''


class RefusalCase(cases.LibraryCase):
    """Check the errno of ovs_ctx_new and its log."""

    def connect(self, host='127.0.0.1'):
        """Return errno (0: success) and the log of a new process."""
        done = subprocess.run(
            [sys.executable, '-c', CONNECT, host, str(self.port)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=os.path.dirname(os.path.abspath(__file__)),
            timeout=cases.PATIENCE, check=True)
        return int(done.stdout), done.stderr

    def assertRefused(self, number, *words, **options):
        seen, log = self.connect(**options)
        self.assertEqual(cases.errno_name(number), cases.errno_name(seen),
                         log)
        for word in words:
            self.assertIn(word, log)

    def assertWelcome(self, **options):
        self.assertEqual((0, ''), self.connect(**options))


class X509RefusalTest(secured.X509, RefusalCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-edge-tls-')
        self.addCleanup(folder.cleanup)
        self.place = os.path.join(folder.name, 'keys')
        self.authority = keys.Authority(folder.name + '/authority')

    def serve(self, *more, **certificate):
        """Start an engine with the certificate of this test."""
        self.authority.issue(self.place, 'server', **certificate)
        self.authority.issue(self.place, 'client')
        real_engine.arguments = ['--tls', 'x509', '--tls-dir', self.place,
                                 *more]
        self.port = real_engine.start(self.addCleanup).address[1]
        self.configure(tls_dir=self.place)

    def test_the_name_must_be_in_the_certificate(self):
        self.serve(names='DNS:storage1,IP:192.0.2.1')
        self.assertRefused(errno.EACCES, "'127.0.0.1'", 'does not match')
        self.assertRefused(errno.EACCES, "'localhost'", 'does not match',
                           host='localhost')
        self.configure(tls_dir=self.place, tls_hostname='storage2')
        self.assertRefused(errno.EACCES, "'storage2'", 'does not match')
        self.configure(tls_dir=self.place, tls_hostname='storage1')
        self.assertWelcome()

    def test_an_expired_certificate(self):
        self.serve(days=-1)
        self.assertRefused(errno.EACCES, 'expired')

    def test_another_authority(self):
        self.serve()
        self.configure(tls_dir=self.keys)
        self.assertRefused(errno.EACCES, 'issuer is unknown')

    def test_no_authority(self):
        self.serve()
        os.unlink(os.path.join(self.place, 'ca-cert.pem'))
        self.assertRefused(errno.ENOENT, self.place + '/ca-cert.pem')

    def test_a_key_that_others_may_read(self):
        self.serve()
        path = os.path.join(self.place, 'client-key.pem')
        os.chmod(path, 0o644)
        self.assertRefused(errno.EACCES, 'chmod o= ' + path)

    def test_servers_verify_clients(self):
        self.serve('--tls-verify-client')
        self.assertWelcome()
        for name in ('client-cert.pem', 'client-key.pem'):
            os.unlink(os.path.join(self.place, name))
        seen, log = self.connect()
        # the server may have hung up before its reason was read
        self.assertIn(seen, (errno.EACCES, errno.ECONNRESET, errno.EPIPE))

    def test_a_server_that_has_no_tls(self):
        real_engine.arguments = []
        self.port = real_engine.start(self.addCleanup).address[1]
        self.configure()
        self.assertRefused(errno.EPROTONOSUPPORT, 'offers no TLS')

    def test_a_server_that_demands_tls(self):
        self.serve()
        self.configure(tls='off')
        self.assertRefused(errno.EACCES, 'demands TLS', 'edge.conf')

    def test_renewed_certificates_are_taken_by_the_next_connection(self):
        self.serve()
        context = self.context()
        engine = real_engine.engines.Engine.started[-1]
        engine.kill()
        authority = keys.Authority(self.place + '.new')
        for role in ('server', 'client'):
            authority.issue(self.place, role)
        engine.start()
        self.assertWorks(self.lib.ovs_create_volume(context, b'v', 1 << 20))


class PskRefusalTest(secured.Psk, RefusalCase):

    def setUp(self):
        self.port = real_engine.start(self.addCleanup).address[1]
        self.configure()

    def test_the_right_key(self):
        self.assertWelcome()

    def test_an_identity_without_a_key(self):
        self.configure(psk_identity='bob')
        self.assertRefused(errno.EINVAL, 'bob', 'keys.psk')

    def test_another_key(self):
        with tempfile.TemporaryDirectory() as folder:
            self.configure(tls_dir=keys.pre_share(folder, 'alice'))
            seen, log = self.connect()
            self.assertIn(seen, (errno.EACCES, errno.ECONNRESET), log)
            self.assertIn('refuses', log)

    def test_an_identity_that_the_server_does_not_know(self):
        with tempfile.TemporaryDirectory() as folder:
            self.configure(tls_dir=keys.pre_share(folder, 'bob'),
                           psk_identity='bob')
            seen, log = self.connect()
            self.assertIn(seen, (errno.EACCES, errno.ECONNRESET), log)


class ConfigurationTest(cases.FakeCase):

    def test_a_mistake_in_the_file_is_an_error(self):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('[default]\ntsl = x509\n')
            file.flush()
            before = os.environ['OVS_EDGE_CONFIG']
            os.environ['OVS_EDGE_CONFIG'] = file.name
            self.addCleanup(os.environ.__setitem__, 'OVS_EDGE_CONFIG', before)
            self.assertFails(errno.EINVAL,
                             self.lib.ovs_ctx_new(self.attributes()), None)


if __name__ == '__main__':
    unittest.main()
