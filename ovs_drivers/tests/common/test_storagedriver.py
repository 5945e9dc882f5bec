# SPDX-License-Identifier: Apache-2.0

import socket
import threading
import unittest
import uuid

import fixtures

from ovs_drivers import location
from ovs_drivers import storagedriver
from ovs_drivers.tests.fakes import fixture
from ovs_drivers.tests.fakes import xml_rpc as fake_xml_rpc

MIB = 1 << 20


class StorageDriverTestCase(unittest.TestCase):

    def setUp(self):
        super(StorageDriverTestCase, self).setUp()
        self.fake = fixture.FakeVPool()
        self.fake.setUp()
        self.addCleanup(self.fake.cleanUp)
        self.vpool = self.fake.vpool
        self.client = self.new_client()

    def new_client(self, hosts=('127.0.0.1',), guid=None, timeout=10,
                   **options):
        return storagedriver.StorageDriver(hosts, self.fake.xml_rpc.port,
                                           guid or self.vpool.guid, timeout,
                                           **options)

    def calls(self):
        return [call for port, call in self.vpool.calls if port == 'xml_rpc']


class ThreadsTestCase(StorageDriverTestCase):

    def test_calls_wait_for_one_another(self):
        """A storagedriver closes connections if one host has too many."""
        limit = storagedriver.CALLS_AT_ONCE
        running, most, full = [], [], threading.Event()

        def call(*_arguments):
            running.append(None)
            most.append(len(running))
            if len(running) == limit:
                full.set()
            full.wait(60)
            running.pop()
            return []
        patch = fixtures.MonkeyPatch('ovs_drivers.xml_rpc.call', call)
        patch.setUp()
        self.addCleanup(patch.cleanUp)
        threads = [threading.Thread(target=self.client.volume_ids)
                   for _ in range(3 * limit)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((3 * limit, limit), (len(most), max(most)))


class CallsTestCase(StorageDriverTestCase):

    def test_volumes(self):
        volume_id = self.client.create('v', MIB)
        self.assertEqual([volume_id], self.client.volume_ids())
        self.assertEqual(['v'], self.client.volume_names())
        self.assertEqual(volume_id, self.client.volume_id('v'))
        self.assertIsNone(self.client.volume_id('w'))
        self.client.resize(volume_id, 3 * MIB + 4096)
        info = self.client.volume_info(volume_id)
        self.assertEqual((volume_id, 3 * MIB + 4096, None, None, False),
                         (info.volume_id, info.size, info.parent_volume_id,
                          info.parent_snapshot_id, info.is_template))
        self.client.migrate(volume_id, 'node2')
        self.client.unlink('v')
        self.assertEqual([], self.client.volume_names())

    def test_sizes_are_exact(self):
        for size in (4096, MIB, 5 << 30, (5 << 30) + 4096, 8 << 40):
            name = 'v%d' % size
            self.client.create(name, size)
            self.assertEqual(size, self.vpool.volume(name).size)

    def test_snapshots_and_clones(self):
        volume_id = self.client.create('v', MIB)
        self.client.snapshot_create(volume_id, 's', b'\0note')
        self.assertEqual(['s'], self.client.snapshots(volume_id))
        info = self.client.snapshot_info(volume_id, 's')
        self.assertEqual(('s', True, b'\0note'),
                         (info.name, info.in_backend, info.metadata))
        self.assertTrue(self.client.is_synced(volume_id, 's'))
        clone_id = self.client.clone('c', volume_id, 's')
        info = self.client.volume_info(clone_id)
        self.assertEqual((volume_id, 's'), (info.parent_volume_id,
                                            info.parent_snapshot_id))
        self.client.snapshot_restore(volume_id, 's')
        self.client.unlink('c')
        self.client.snapshot_destroy(volume_id, 's')
        self.client.set_as_template(volume_id)
        self.assertTrue(self.client.volume_info(volume_id).is_template)
        self.client.clone('d', volume_id)

    def test_capacity(self):
        self.client.create('v', MIB)
        info = self.client.vpool_info()
        self.assertEqual((100 << 30, 90 << 30, MIB, True, True),
                         (info.total, info.free, info.provisioned,
                          info.multiattach, info.online_extend))

    def test_a_product_that_does_not_know_its_capacity(self):
        self.vpool.knows_vpool_info = False
        self.assertIsNone(self.client.vpool_info())

    def test_error_codes_are_exceptions(self):
        volume_id = self.client.create('v', MIB)
        self.client.snapshot_create(volume_id, 's')
        self.client.clone('c', volume_id, 's')
        unknown = str(uuid.uuid4())
        for kind, call in (
                (storagedriver.ObjectNotFound,
                 lambda: self.client.volume_info(unknown)),
                (storagedriver.InvalidOperation,
                 lambda: self.client.resize(volume_id, 4096)),
                (storagedriver.SnapshotNotFound,
                 lambda: self.client.snapshot_destroy(volume_id, 't')),
                (storagedriver.FileExists,
                 lambda: self.client.create('c', MIB)),
                (storagedriver.ObjectStillHasChildren,
                 lambda: self.client.unlink('v')),
                (storagedriver.SnapshotNameAlreadyExists,
                 lambda: self.client.snapshot_create(volume_id, 's'))):
            self.assertRaises(kind, call)
        self.vpool.volume('v').snapshots['s'].in_backend = False
        self.assertRaises(storagedriver.PreviousSnapshotNotOnBackend,
                          self.client.snapshot_create, volume_id, 't')

    def test_each_code_has_its_exception(self):
        for code in range(1, 11):
            with self.assertRaises(storagedriver.ERRORS[code]):
                storagedriver._checked({'xmlrpc_error_code': code}, 'm')
        with self.assertRaises(storagedriver.UnknownError):
            storagedriver._checked({'xmlrpc_error_code': '77'}, 'm')

    def test_the_guid_of_another_vpool(self):
        client = self.new_client(guid=str(uuid.uuid4()))
        with self.assertRaises(storagedriver.Fault) as caught:
            client.volume_names()
        self.assertIn('cluster id', str(caught.exception))

    def test_every_call_has_the_guid(self):
        # The fake answers any call without it with a fault.
        self.test_volumes()
        self.test_snapshots_and_clones()
        self.assertGreater(len(set(self.calls())), 12)

    def test_a_bad_name_is_not_even_sent(self):
        self.assertRaises(location.BadName, self.client.create, 'a/b', MIB)
        self.assertEqual([], self.calls())


class RedirectTestCase(StorageDriverTestCase):

    def test_a_redirect_is_followed(self):
        second = self.fake.second_xml_rpc()
        self.fake.xml_rpc.redirect = ('127.0.0.1', second.port)
        self.client.create('v', MIB)
        self.assertEqual(['v'], self.vpool.names())
        self.assertEqual(['volumeCreate', 'volumeCreate'], self.calls())

    def test_circles_end(self):
        second = self.fake.second_xml_rpc()
        self.fake.xml_rpc.redirect = ('127.0.0.1', second.port)
        second.redirect = ('127.0.0.1', self.fake.xml_rpc.port)
        with self.assertRaises(storagedriver.TooManyRedirects):
            self.client.create('v', MIB)
        self.assertEqual(storagedriver.REDIRECTS_MAX + 1, len(self.calls()))

    def test_a_redirect_to_a_stranger(self):
        self.fake.xml_rpc.redirect = ('127.0.0.2', self.fake.xml_rpc.port)
        for hosts in (['127.0.0.1'], ['localhost'], ['127.0.0.1', '::1']):
            with self.assertRaises(storagedriver.ForbiddenRedirect) as caught:
                self.new_client(hosts).volume_names()
            self.assertIn('127.0.0.2', str(caught.exception))
            self.assertIn('xml_rpc_redirect_hosts', str(caught.exception))
        self.assertEqual(3, len(self.calls()))

    def test_redirects_to_hosts_that_are_known(self):
        second = self.fake.second_xml_rpc()
        for host, hosts, more in (
                ('127.0.0.1', ['localhost'], []),
                ('localhost', ['LOCALHOST', 'localhost'], []),
                ('127.0.0.1', ['localhost', '127.0.0.2'], []),
                ('localhost', ['127.0.0.1'], ['localhost']),
                ('localhost', ['127.0.0.1'], [storagedriver.ANY_HOST])):
            self.fake.xml_rpc.redirect = (host, second.port)
            client = self.new_client(hosts, redirect_hosts=more)
            self.assertEqual([], client.volume_names())

    def test_a_redirect_to_nowhere(self):
        for place in (('127.0.0.1', 'x'), ('a/b', 26201), ('', 1)):
            self.fake.xml_rpc.redirect = place
            self.assertRaises(storagedriver.BadAnswer,
                              self.client.volume_names)


class FailureTestCase(StorageDriverTestCase):

    def test_bad_answers(self):
        for how in fake_xml_rpc.SPOILT:
            self.vpool.fail('xml_rpc', 'volumesListByPath', how)
            with self.assertRaises(storagedriver.BadAnswer):
                self.client.volume_names()

    def test_answers_of_a_wrong_shape(self):
        for answer in ('', [], {'volume_id': 'x'}, {}):
            self.fake.xml_rpc._carry_out = lambda method, request: answer
            with self.assertRaises(storagedriver.BadAnswer):
                self.client.volume_info('x')

    def test_unknown_listens(self):
        client = storagedriver.StorageDriver(
            ['127.0.0.2', '127.0.0.3'], self.fake.xml_rpc.port, 'guid')
        with self.assertRaises(storagedriver.Unreachable) as caught:
            client.volume_names()
        self.assertIn('127.0.0.2', str(caught.exception))
        self.assertIn('127.0.0.3', str(caught.exception))

    def test_the_next_host_is_asked_and_remembered(self):
        client = self.new_client(['127.0.0.2', '127.0.0.1'])
        client.create('v', MIB)
        self.assertEqual(('127.0.0.1', self.fake.xml_rpc.port),
                         client._endpoints[0])

    def test_no_answer_in_time(self):
        client = self.new_client(timeout=0.2)
        self.addCleanup(self.fake.xml_rpc.released.set)
        self.vpool.fail('xml_rpc', 'volumeCreate', 'hang')
        with self.assertRaises(storagedriver.ReplyLost) as caught:
            client.create('v', MIB)
        self.assertIn('0.2 s', str(caught.exception))

    def test_what_may_have_been_done_is_not_repeated(self):
        client = self.new_client(['127.0.0.1', 'localhost'])
        self.vpool.fail('xml_rpc', 'volumeCreate', 'lose')
        with self.assertRaises(storagedriver.ReplyLost):
            client.create('v', MIB)
        self.assertEqual(['volumeCreate'], self.calls())
        self.assertEqual(['v'], self.vpool.names())

    def test_a_question_is_repeated_on_the_next_host(self):
        client = self.new_client(['127.0.0.1', 'localhost'])
        self.vpool.fail('xml_rpc', 'volumesListByPath', 'lose')
        self.assertEqual([], client.volume_names())
        self.assertEqual(2, len(self.calls()))

    def test_a_question_that_unknown_answers_is_lost(self):
        self.vpool.fail('xml_rpc', 'volumesListByPath', 'lose')
        self.assertRaises(storagedriver.ReplyLost, self.client.volume_names)

    def test_an_answer_without_an_end_is_cut(self):
        def flood(send):
            send(b'HTTP/1.1 200 OK\r\n\r\n')
            while True:
                send(65536 * b' ')
        with self.assertRaises(storagedriver.BadAnswer) as caught:
            self.client_of(flood, 60).volume_names()
        self.assertIn('bytes', str(caught.exception))

    def test_an_answer_that_trickles_ends_in_time(self):
        for head in (b'', b'HTTP/1.1 200 OK\r\nA: ',
                     b'HTTP/1.1 200 OK\r\n\r\n'):
            ended, pieces = threading.Event(), []

            def drip(send):
                send(head)
                # Each piece comes far within what one may take.
                while len(pieces) < 100 and not ended.wait(0.1):
                    pieces.append(send(b' '))
            client = self.client_of(drip, 1)
            with self.assertRaises(storagedriver.ReplyLost) as caught:
                client.volume_names()
            ended.set()
            self.assertIn('within 1 s', str(caught.exception))
            self.assertLess(len(pieces), 100)

    def test_a_document_type_is_refused(self):
        def laugh(send):
            send(b'HTTP/1.1 200 OK\r\n\r\n<?xml version="1.0"?>'
                 b'<!DOCTYPE x [<!ENTITY a "ha">]><methodResponse><params>'
                 b'<param><value><array><data><value>&a;</value></data>'
                 b'</array></value></param></params></methodResponse>')
        with self.assertRaises(storagedriver.BadAnswer) as caught:
            self.client_of(laugh, 60).volume_names()
        self.assertIn('document type', str(caught.exception))

    def client_of(self, answer, timeout):
        """A client of a server that calls ANSWER(send) for a request."""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(('127.0.0.1', 0))
        listener.listen(1)

        def serve():
            connection, _address = listener.accept()
            try:
                connection.recv(65536)
                answer(connection.sendall)
                # To close with bytes unread would take the answer back.
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except socket.error:
                # The client has had enough.
                pass
            finally:
                connection.close()
        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        return storagedriver.StorageDriver(
            ['127.0.0.1'], listener.getsockname()[1], 'guid', timeout)

    def test_hosts_and_ports_are_checked(self):
        for hosts, port in (([], 1), (['a b'], 1), (['h'], 0),
                            (['h'], 70000)):
            self.assertRaises(ValueError, storagedriver.StorageDriver, hosts,
                              port, 'guid')
