# SPDX-License-Identifier: Apache-2.0

"""Test HTTPS on the XML-RPC port: its clients, refusals and limits."""

import os
import shutil
import socket
import ssl
import tempfile
import unittest

from ovs_drivers import storagedriver
from ovs_drivers import xml_rpc
from ovs_storagedriver import errors
from ovs_storagedriver import http_server
from ovs_storagedriver import key_material
from ovs_storagedriver import tls
from ovs_storagedriver.tests import support


def setUpModule():
    global good, strange
    folder = tempfile.mkdtemp(prefix='ovs-storagedriver-')
    unittest.addModuleCleanup(shutil.rmtree, folder)
    good, strange = [make(os.path.join(folder, name), host) for name, host in
                     (('good', '127.0.0.1'), ('strange', '127.0.0.2'))]


def make(path, *hosts):
    with key_material.opened(path) as folder:
        folder.make_authority()
        folder.make_server(hosts)
        folder.make_client()
    return path


def client_context(folder, shows=None):
    files = [os.path.join(shows, name) for name in
             ('client-cert.pem', 'client-key.pem')] if shows else []
    return xml_rpc.tls_context(os.path.join(folder, 'ca-cert.pem'), *files)


class TlsTestCase(unittest.TestCase):

    def serve(self, folder=None, verify_client=False, request_seconds=30):
        server = http_server.Server(
            ('127.0.0.1', 0), self.answer, 'a test',
            request_seconds=request_seconds, host_names=['localhost'],
            tls=tls.server_context(folder or good, verify_client))
        server.start()
        self.addCleanup(server.stop, support.WAIT_SECONDS)
        self.port = server.server_address[1]

    def answer(self, _body, _host):
        return (b'<methodResponse><params><param><value><array><data/>'
                b'</array></value></param></params></methodResponse>')

    def ask(self, context, host='127.0.0.1', timeout=10):
        return storagedriver.StorageDriver([host], self.port, 'guid', timeout,
                                           tls=context).volume_ids()

    def assertUnreachable(self, context, text, host='127.0.0.1'):
        with self.assertRaises(storagedriver.Unreachable) as caught:
            self.ask(context, host)
        self.assertIn(text, str(caught.exception))

    def test_served(self):
        self.serve()
        self.assertEqual([], self.ask(client_context(good)))

    def test_an_authority_that_is_not_trusted(self):
        self.serve()
        self.assertUnreachable(client_context(strange), 'verify failed')

    def test_a_certificate_of_another_host(self):
        self.serve()
        self.assertUnreachable(client_context(good), 'localhost',
                               'localhost')

    def test_a_server_without_tls(self):
        server = http_server.Server(('127.0.0.1', 0), self.answer, 'a test')
        server.start()
        self.addCleanup(server.stop, support.WAIT_SECONDS)
        self.port = server.server_address[1]
        with self.assertRaises(storagedriver.Unreachable):
            self.ask(client_context(good))

    def test_a_client_without_tls(self):
        self.serve()
        with self.assertRaises(storagedriver.StorageDriverError):
            self.ask(None)
        self.assertEqual([], self.ask(client_context(good)))

    def test_old_versions_are_refused(self):
        self.serve()
        context = client_context(good)
        context.set_ciphers('ALL:@SECLEVEL=0')
        with self.assertWarns(DeprecationWarning):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.assertUnreachable(context, 'TLS')

    def test_clients_are_verified(self):
        self.serve(verify_client=True)
        for shows in (None, strange):
            with self.assertRaises(storagedriver.StorageDriverError):
                self.ask(client_context(good, shows))
        self.assertEqual([], self.ask(client_context(good, good)))

    def test_a_handshake_that_stops_keeps_nobody_waiting(self):
        self.serve(request_seconds=1)
        slow = [socket.create_connection(('127.0.0.1', self.port),
                                         support.WAIT_SECONDS,
                                         ('127.0.0.3', 0))
                for _n in range(20)]
        for connection in slow:
            self.addCleanup(connection.close)
            connection.sendall(b'\x16\x03\x01')
        self.assertEqual([], self.ask(client_context(good)))
        for connection in slow:
            self.assertEqual(b'', connection.recv(1))

    def test_files_that_cannot_be_used(self):
        folder = make(os.path.join(os.path.dirname(good), self.id()),
                      '127.0.0.1')
        key = os.path.join(folder, 'server-key.pem')
        os.chmod(key, 0o604)
        self.assertRefused(folder, '604')
        os.chmod(key, 0o640)
        tls.server_context(folder, True)
        os.chmod(key, 0o600)
        os.unlink(os.path.join(folder, 'ca-cert.pem'))
        tls.server_context(folder, False)
        self.assertRefused(folder, 'ca-cert.pem')
        shutil.copy(os.path.join(good, 'server-cert.pem'), folder)
        self.assertRefused(folder, 'server-cert.pem with .*server-key.pem')
        os.unlink(key)
        self.assertRefused(folder, 'server-key.pem .*tls-init')

    def assertRefused(self, folder, text):
        with self.assertRaisesRegex(errors.SettingsError, text):
            tls.server_context(folder, True)
