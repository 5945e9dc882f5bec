# SPDX-License-Identifier: Apache-2.0

"""Logins and requests, to a server that answers as Keystone and an API."""

import http.server
import json
import ssl
import threading
import unittest
from unittest import mock

from ovs_doctor import rest


class Handler(http.server.BaseHTTPRequestHandler):

    def do_POST(self):
        length = int(self.headers['Content-Length'])
        self.server.auth = json.loads(self.rfile.read(length))['auth']
        self.server.path = self.path
        user = self.server.auth['identity']['password']['user']
        if user['password'] != 'good':
            self.send_error(401)
            return
        url = 'http://127.0.0.1:%d' % self.server.server_address[1]
        self.answer({'token': {'roles': [{'name': 'admin'}], 'catalog': [
            {'type': 'volumev3', 'endpoints': [
                {'interface': 'internal', 'url': url + '/in/',
                 'region_id': 'one'},
                {'interface': 'public', 'url': url + '/out',
                 'region_id': 'one'},
                {'interface': 'public', 'url': url + '/two',
                 'region_id': 'two'}]},
            {'type': 'compute', 'endpoints': [
                {'interface': 'admin', 'url': url + '/nova'}]}]}})

    def do_GET(self):
        if self.headers['X-Auth-Token'] != 'token':
            self.send_error(401)
        elif self.path == '/nova/broken':
            self.answer('not json', str)
        elif self.path == '/nova/proxy':
            self.send_error(503)
        elif self.path == '/nova/list':
            self.answer({'list': [1], 'list_links': [
                {'rel': 'next', 'href': 'http://127.0.0.1:%d/nova/more'
                 % self.server.server_address[1]}]})
        elif self.path == '/nova/more':
            self.answer({'list': [2]})
        else:
            self.answer({'path': self.path})

    def answer(self, content, dump=json.dumps):
        self.send_response(200)
        self.send_header('X-Subject-Token', 'token')
        self.end_headers()
        self.wfile.write(dump(content).encode())

    def log_message(self, *_words):
        pass


class RestTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), Handler)
        self.addCleanup(self.server.server_close)
        threading.Thread(target=self.server.serve_forever, args=[0.05],
                         daemon=True).start()
        self.addCleanup(self.server.shutdown)
        self.url = 'http://127.0.0.1:%d' % self.server.server_address[1]

    def api(self, **options):
        return rest.Api(dict({
            'auth_url': self.url, 'username': 'me', 'password': 'good',
            'project_name': 'admin'}, **options), 10)

    def test_a_login(self):
        self.assertTrue(self.api().is_admin)
        self.assertEqual('/v3/auth/tokens', self.server.path)
        self.assertEqual({'project': {'name': 'admin', 'domain': {
            'id': 'default'}}}, self.server.auth['scope'])
        self.api(project_id='x', user_domain_name='Users')
        self.assertEqual({'project': {'id': 'x'}}, self.server.auth['scope'])
        self.assertEqual({'name': 'Users'}, self.server.auth['identity'][
            'password']['user']['domain'])

    def test_a_login_that_is_denied(self):
        with self.assertRaisesRegex(rest.Failed, '401') as caught:
            self.api(password='bad')
        self.assertEqual(401, caught.exception.status)
        self.assertNotIn('bad', str(caught.exception))

    def test_a_keystone_that_is_down(self):
        with self.assertRaisesRegex(rest.Failed, 'refused'):
            self.api(auth_url='http://127.0.0.1:9')

    def test_any_address_of_keystone(self):
        for url in ('http://a/identity', 'http://a/identity/v3/',
                    'http://a/identity/v2.0'):
            self.assertEqual('http://a/identity/v3', rest.keystone_url(url))

    def test_the_endpoint(self):
        for options, path in (({'region_name': 'one'}, '/out/x'),
                              ({'region_name': 'two'}, '/two/x'),
                              ({'interface': 'internal'}, '/in/x')):
            self.assertEqual({'path': path}, self.api(**options).get(
                'block-storage', '/x'))
        self.assertEqual({'path': '/nova/x'}, self.api().get('compute', '/x'))

    def test_a_service_that_is_not_in_the_catalog(self):
        api = self.api()
        self.assertTrue(api.has('block-storage'))
        self.assertFalse(api.has('placement'))
        with self.assertRaisesRegex(rest.Failed, 'no placement'):
            api.get('placement', '/')

    def test_all_pages(self):
        self.assertEqual([1, 2], self.api().all('compute', '/list', 'list'))

    def test_an_answer_that_is_none(self):
        with self.assertRaises(rest.Failed):
            self.api().get('compute', '/broken')

    def test_a_proxy_is_not_asked(self):
        with mock.patch.dict('os.environ', http_proxy='http://127.0.0.1:9'):
            self.assertTrue(self.api().is_admin)

    def test_something_answers(self):
        rest.answers(self.url + '/x', None, 10)     # that is 401
        for url, said in (('http://127.0.0.1:9', 'refused'),
                          ('nonsense', 'unknown url')):
            with self.assertRaisesRegex(rest.Failed, said):
                rest.answers(url, None, 10)

    def test_a_proxy_that_finds_nothing(self):
        def send(handler):
            handler.send_error(503)
        with mock.patch.object(Handler, 'do_GET', send), \
                self.assertRaisesRegex(rest.Failed, '503'):
            rest.answers(self.url, None, 10)

    def test_certificates(self):
        for value in 'True', '1':
            self.assertEqual(ssl.CERT_NONE, rest._context(
                {'insecure': value}).verify_mode)
        context = rest._context({'insecure': 'False'})
        self.assertEqual(ssl.CERT_REQUIRED, context.verify_mode)
        self.assertFalse(context.verify_flags & ssl.VERIFY_X509_STRICT)
        with self.assertRaises(OSError):
            rest._context({'cacert': '/none'})
