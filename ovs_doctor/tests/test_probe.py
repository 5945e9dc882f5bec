# SPDX-License-Identifier: Apache-2.0

"""The program that asks, with servers that do not answer as they should."""

import contextlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from unittest import mock
import xmlrpc.client
import xmlrpc.server

from harness import files
from harness.tests import support
from ovs_doctor import patient as patients
from ovs_doctor import probe
from ovs_doctor.probe import questions
from ovs_doctor import run

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class AskTestCase(support.FolderTestCase):

    def ask(self, *asked, seconds=10):
        """Run the program as the testbed does."""
        said = subprocess.run(
            [sys.executable, questions.__file__], text=True, check=True,
            input=json.dumps({'seconds': seconds,
                              'questions': list(asked)}),
            capture_output=True, timeout=60,
            env=dict(os.environ, PYTHONPATH=_CHECKOUT)).stdout
        return json.loads(said)

    @contextlib.contextmanager
    def port(self, answer=None):
        """A port that takes connections, and says one thing or nothing."""
        with socket.create_server(('127.0.0.1', 0)) as server:
            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = server.accept()
                        connection.sendall(answer)
            if answer:
                threading.Thread(target=serve, daemon=True).start()
            yield server.getsockname()[1]

    def closed_port(self):
        with self.port() as port:
            return port

    def vpool(self, port):
        return {'options': {'storage_ip': '127.0.0.1', 'vpool_guid': 'x',
                            'xml_rpc_port': str(port)}}

    def questions(self, *modules, python=sys.executable):
        """Questions for a Python, which imports modules."""
        program = patients.Program('it', 'it', 'it', python=python)
        return [('imports', {'module': name}, program) for name in modules]

    def test_the_python_of_the_services_without_the_checkout(self):
        files.write(self.path('leaked.py'), '')
        with mock.patch.dict(os.environ, PYTHONPATH=self.folder):
            good, leaked = probe.ask(
                patients.Patient(), self.questions('json', 'leaked'))
        self.assertEqual(['', 'missing'], [good.kind, leaked.kind])

    def test_each_python_is_asked_its_own(self):
        other = self.path('python')
        with open(other, 'w') as stream:
            stream.write('#!/bin/sh\necho \'[{"kind": "denied"}]\'\n')
            os.fchmod(stream.fileno(), 0o755)
        first, second = self.questions('json', 'json')
        middle, = self.questions('json', python=other)
        answers = probe.ask(patients.Patient(), [first, middle, second])
        self.assertEqual(['', 'denied', ''],
                         [answer.kind for answer in answers])

    def test_the_silent_are_asked_again(self):
        good = {'kind': ''}
        said = iter([[good, {'kind': 'silent'}, {'kind': 'silent'}],
                     [good, {'kind': 'silent'}]])
        asked = []

        def run_program(command, stdin, **_options):
            asked.append(json.loads(stdin)['questions'])
            return json.dumps(next(said))
        with mock.patch.object(run, 'run', run_program):
            answers = probe.ask(patients.Patient(), self.questions(*'abc'))
        self.assertEqual(['', '', 'silent'],
                         [answer.kind for answer in answers])
        self.assertEqual([['a', 'b', 'c'], ['b', 'c']], [
            [arguments['module'] for _, arguments in questions]
            for questions in asked])

    def test_a_python_that_is_not_there(self):
        for python, said in (('/none', 'cannot be run'),
                             (None, 'the Python of it is not found')):
            answer, = probe.ask(patients.Patient(),
                                self.questions('json', python=python))
            self.assertEqual('failed', answer.kind)
            self.assertIn(said, answer.said)

    def test_closed(self):
        answer, = self.ask(['xml_rpc', self.vpool(self.closed_port())])
        self.assertEqual('refused', answer['kind'])
        self.assertIn('refused', answer['said'])

    def test_silent(self):
        with self.port() as port:
            answer, = self.ask(['xml_rpc', self.vpool(port)], seconds=1)
        self.assertEqual('silent', answer['kind'])

    def test_one_that_hangs_leaves_the_others(self):
        with self.port() as port:
            first, second = self.ask(
                ['xml_rpc', self.vpool(port)],
                ['xml_rpc', self.vpool(self.closed_port())], seconds=1)
        self.assertEqual(['silent', 'refused'],
                         [first['kind'], second['kind']])

    def test_words_of_packages(self):
        package = self.path('somewhere')
        os.mkdir(package)
        with open(os.path.join(package, 'it.py'), 'w') as stream:
            stream.write('the word')
        sys.path.append(self.folder)
        self.addCleanup(sys.path.remove, self.folder)
        self.assertEqual({}, questions.holds('somewhere', 'it.py', 'word'))
        for path, word in (('it.py', 'other'), ('none.py', 'word')):
            with self.assertRaisesRegex(questions.Wrong, path) as caught:
                questions.holds('somewhere', path, word)
            self.assertEqual('missing', caught.exception.kind)
        with self.assertRaisesRegex(questions.Wrong, 'no package nowhere'):
            questions.holds('nowhere', 'it.py', 'word')

    def test_a_package_that_is_editable(self):
        found = mock.Mock(submodule_search_locations=[self.path('cinder')])
        files.write(self.path('cinder/it.py'), 'the word')
        with mock.patch('importlib.util.find_spec', lambda name: found):
            self.assertEqual({}, questions.holds('far_away', 'it.py', 'word'))

    def test_tls_of_a_database(self):
        for query, wanted in (
                ('charset=utf8', None), ('ssl_ca=/a&ssl_cert=/b&ssl_key=/c',
                                         {'ca': '/a', 'cert': '/b',
                                          'key': '/c'}),
                ('ssl_verify_cert=true', {'verify_mode': None}),
                ('ssl_ca=/a&ssl_check_hostname=false',
                 {'ca': '/a', 'check_hostname': False})):
            self.assertEqual(wanted, questions._tls_of_mysql(query))

    def test_a_package_that_was_installed_over_the_drivers(self):
        files.write(self.path('brick/it.py'), 'new')
        files.write(self.path('.ovs-drivers/manifest.json'),
                    '{"files": {"brick/it.py": {}}}')
        sys.path.append(self.folder)
        self.addCleanup(sys.path.remove, self.folder)
        for name in 'brick', 'brick 6.11.1':
            with self.assertRaisesRegex(
                    questions.Wrong, '^%s was installed over the drivers: .*'
                    'it.py does not have "word"' % name) as caught:
                questions.holds('brick', 'it.py', 'word')
            self.assertEqual('missing', caught.exception.kind)
            os.makedirs(self.path('brick-6.11.1.dist-info'), exist_ok=True)
        files.write(self.path('.ovs-drivers/manifest.json'), '{}')
        with self.assertRaisesRegex(questions.Wrong, '^/.*it.py does not'):
            questions.holds('brick', 'it.py', 'word')

    def test_imports(self):
        good, bad = self.ask(['imports', {'module': 'json'}],
                             ['imports', {'module': 'no_such_module'}])
        self.assertEqual('', good['kind'])
        self.assertEqual('missing', bad['kind'])
        self.assertIn('no_such_module', bad['said'])

    @contextlib.contextmanager
    def server(self, server):
        """Let a server serve; give its port."""
        with server:
            threading.Thread(target=server.serve_forever, args=[0.05],
                             daemon=True).start()
            yield server.server_address[1]
            server.shutdown()

    def test_a_guid(self):
        def volumes(request):
            if request['vrouter_cluster_id'] != 'mine':
                raise xmlrpc.client.Fault(1, 'not the guid of this vPool')
            return ['/volume.raw']

        def info(request):
            return {'total': '10', 'used': '3', 'free': '7',
                    'provisioned': '1', 'multiattach': 'true',
                    'online_extend': 'true'}
        server = xmlrpc.server.SimpleXMLRPCServer(('127.0.0.1', 0),
                                                  logRequests=False)
        server.register_function(volumes, 'volumesListByPath')
        server.register_function(info, 'vpoolInfo')
        with self.server(server) as port:
            other = self.vpool(port)
            mine = self.vpool(port)
            mine['options']['vpool_guid'] = 'mine'
            bad, good = self.ask(['xml_rpc', other], ['xml_rpc', mine])
        self.assertEqual('denied', bad['kind'])
        self.assertIn('not the guid', bad['said'])
        self.assertEqual({'names': ['volume'], 'total': 10, 'free': 7},
                         good['facts'])

    def test_keystone(self):
        class Handler(http.server.BaseHTTPRequestHandler):

            def do_POST(self):
                length = int(self.headers['Content-Length'])
                login = json.loads(self.rfile.read(length))['auth']
                user = login['identity']['password']['user']
                self.send_response(201 if user['password'] == 'good' else 401)
                self.send_header('X-Subject-Token', 'token')
                self.send_header('Content-Type', 'application/json')
                self.end_headers()
                self.wfile.write(json.dumps({'token': {
                    'roles': [{'name': 'service'}, {'name': 'admin'}],
                    'catalog': [{'type': 'image', 'endpoints': [1]}]}}
                ).encode())

            def log_message(self, *_words):
                pass

        def login(port, password):
            return ['identity', {'options': {
                'auth_url': 'http://127.0.0.1:%d/v3' % port,
                'username': 'nova', 'password': password,
                'project_name': 'service', 'user_domain_id': 'default',
                'project_domain_id': 'default'}}]
        with self.server(http.server.ThreadingHTTPServer(
                ('127.0.0.1', 0), Handler)) as port:
            good, bad, closed = self.ask(
                login(port, 'good'), login(port, 'bad'),
                login(self.closed_port(), 'good'))
        self.assertEqual({'roles': ['admin', 'service'],
                          'endpoints': {'image': [1]}}, good['facts'])
        self.assertEqual(['', 'denied', 'refused'], [
            answer['kind'] for answer in (good, bad, closed)])

    def test_a_file_of_yaml(self):
        files.write(self.path('x.yaml'), 'text')
        fake = mock.Mock(safe_load=lambda stream: {'it': stream.read()})
        with mock.patch.dict(sys.modules, yaml=fake):
            self.assertEqual({'content': {'it': 'text'}},
                             questions.content(self.path('x.yaml')))

    def queues(self, url, **more):
        """Log in to queues, of which all but the one at "good" are down;
        return the arguments of each login."""
        class Down(Exception):
            pass

        def connect(**options):
            asked.append(options)
            return mock.Mock(connect=mock.Mock(
                side_effect=None if options['host'].startswith('good')
                else OSError('Connection refused')))
        asked = []
        fake = mock.Mock(Connection=connect, exceptions=mock.Mock(
            AccessRefused=Down, NotAllowed=Down))
        with mock.patch.dict(sys.modules, amqp=fake):
            answer = questions._answer(questions.messaging,
                                       dict({'url': url}, **more))
        return answer, asked

    def test_a_cluster_of_queues(self):
        url = 'rabbit://me:p%40@down:5671,you:x@{}:5671//cinder?ssl=1'
        answer, asked = self.queues(url.format('good'))
        self.assertEqual({'kind': '', 'facts': {}}, answer)
        self.assertEqual([
            ('down:5671', 'me', 'p@', '/cinder'),
            ('good:5671', 'you', 'x', '/cinder')], [tuple(
                options[name] for name in (
                    'host', 'userid', 'password', 'virtual_host'))
            for options in asked])
        answer, _ = self.queues(url.format('bad'))
        self.assertEqual('refused', answer['kind'])

    def test_tls_of_a_queue(self):
        for tls, wanted in ((None, False), ({}, True), ({'ca_certs': '/ca'},
                                                        {'ca_certs': '/ca'})):
            _, (options,) = self.queues('rabbit://a:b@good/', tls=tls)
            self.assertEqual((wanted, '/'), (options['ssl'],
                                             options['virtual_host']))

    def test_what_keystone_is_trusted_by(self):
        session = mock.Mock()
        generic = mock.Mock()
        modules = {'keystoneauth1': mock.Mock(
            session=session, identity=mock.Mock(generic=generic)),
            'keystoneauth1.identity': mock.Mock(generic=generic)}
        with mock.patch.dict(sys.modules, modules):
            for options, wanted in (({}, True), ({'cafile': '/ca'}, '/ca'),
                                    ({'insecure': 'True'}, False),
                                    ({'insecure': 'False'}, True)):
                questions._answer(questions.identity, {'options': dict(
                    options, username='me')})
                self.assertEqual(
                    wanted, session.Session.call_args.kwargs['verify'])
                self.assertEqual({'username': 'me'},
                                 generic.Password.call_args.kwargs)

    def test_message_queues(self):
        with self.port() as silent:
            answers = self.ask(*(
                ['messaging', {'url': 'rabbit://me:secret@127.0.0.1:%d/'
                                      % port}]
                for port in (self.closed_port(), silent)), seconds=1)
        self.assertEqual(['refused', 'silent'],
                         [answer['kind'] for answer in answers])

    def test_databases(self):
        error = type('MySQLError', (Exception,), {})
        connect = mock.Mock()
        fake = mock.Mock(connect=connect,
                         err=mock.Mock(MySQLError=error))
        url = {'url': 'mysql+pymysql://me:a%40b@127.0.0.1:25010/nova?x=y'
                      '&ssl_ca=/ca'}
        with mock.patch.dict(sys.modules, pymysql=fake):
            self.assertEqual(
                '', questions._answer(questions.database, url)['kind'])
            for number, text, kind in (
                    (1045, 'Access denied', 'denied'),
                    (1049, 'Unknown database', 'missing'),
                    (2003, "Can't connect: refused", 'refused'),
                    (2003, "Can't connect: timed out", 'silent'),
                    (2013, 'Lost connection', 'failed')):
                connect.side_effect = error(number, text)
                self.assertEqual({'kind': kind, 'said': text},
                                 questions._answer(questions.database, url))
        self.assertEqual(
            ('127.0.0.1', 25010, 'me', 'a@b', 'nova', {'ca': '/ca'}),
            tuple(connect.call_args.kwargs[name] for name in (
                'host', 'port', 'user', 'password', 'database', 'ssl')))
