# SPDX-License-Identifier: Apache-2.0

import contextlib
import json
import os
import time
from unittest import mock

from keystoneauth1 import exceptions

from harness import errors
from harness import files
from ovs_testbed import cloud
from ovs_testbed import namespaces
from ovs_testbed import plugin
from ovs_testbed import request
from ovs_testbed import sandbox
from ovs_testbed.request import following
from ovs_testbed.request import log_lines
from ovs_testbed.request import report
from ovs_testbed.request import states
from ovs_testbed.tests import support
from ovs_testbed.tests import test_commands

ATTACH = 'req-656808c3-3c6e-4bd9-afe0-dbc81aabfd8d'
UPDATE = 'req-4d759fd7-cf52-451e-af76-14da01eb1114'
OTHER = 'req-09a3b964-5779-4682-aebf-4cb600b95519'
PERIODIC = 'req-f7f1972e-3631-4c61-94f3-26ea0f35c604'
VOLUME = '17d9a8aa-5476-4057-9b46-7e2700f2784b'
SERVER = '8992a040-aabb-4468-a9cb-433730e90930'
_USER = '55f66219ec0144df89242bac2e732464 cda9c288f95646d5ac6fe604fff97ecb'

#: excerpts of the logs of an attachment
C_API = '''\
*** Starting uWSGI 2.0.31 (64bit) on [Mon Nov 30 17:37:43 2026] ***
compiled with version: 12.2.0 on 30 November 2026 17:33:18
2026-11-30 17:44:02.500 22947 DEBUG cinder.api.middleware.request_id \
[{a} {u} - - - - - -] RequestId filter calling following filter/app
2026-11-30 17:44:02.562 22947 INFO cinder.api.openstack.wsgi \
[{a} {u} {user} - - default default] PUT http://127.0.0.1:20005/v3/attachments
/site-packages/oslo_context/context.py:100: DeprecationWarning: Policy
2026-11-30 17:44:09.000 22947 INFO cinder.api.openstack.wsgi \
[None {o} {user} - - default default] DELETE http://127.0.0.1:20005/v3/x
'''
C_VOL = '''\
2026-11-30 17:44:02.600 28260 DEBUG oslo_service.periodic_task \
[None {p} - - - - - -] Running periodic task VolumeManager._sync_all
2026-11-30 17:44:02.601 28260 DEBUG cinder.volume.manager \
[None {p} - - - - - -] Volume {volume} is there
2026-11-30 17:44:02.623 28260 INFO cinder.volume.manager \
[{a} {u} {user} - - - -] attachment_update completed successfully.
2026-11-30 17:44:02.700 28260 ERROR cinder.volume.manager \
[{a} {u} {user} - - - -] It went wrong
2026-11-30 17:44:02.700 28260 ERROR cinder.volume.manager Traceback (most \
recent call last):
2026-11-30 17:44:02.700 28260 ERROR cinder.volume.manager   File "x", line 1
2026-11-30 17:44:02.700 28260 ERROR cinder.volume.manager ValueError: it
'''
N_CPU = '''\
2026-11-30 17:44:02.436 27997 INFO nova.compute.manager \
[None {a} {user} - - default default] [instance: {server}] Attaching volume \
{volume} to /dev/vdc
2026-11-30 17:44:03.900 27997 ERROR nova.compute.manager \
[None {a} {user} - - default default] [instance: {server}] Failed
2026-11-30 17:44:03.900 27997 ERROR nova.compute.manager \
[instance: {server}] Traceback (most recent call last):
'''
OVS_SD = '''\
2026-11-30 17:40:00,000 INFO myvpool01 node1: volumeClone \
/volume-{volume}.raw done (1.0 ms)
2026-11-30 17:44:03,341 INFO myvpool01 node1: fenceVolume volume-{volume} \
done (0.4 ms)
2026-11-30 17:44:03,342 INFO myvpool01 node1: fenceVolume volume-0a23c9e3 \
done (0.4 ms)
'''
LIBVIRTD = '''\
2026-11-30 17:43:44.030+0000: 25270: warning : qemuDomainObjTaintMsg:6700 : \
Domain id=20 name='instance-0000000e' uuid={server} is tainted
2026-11-30 17:44:03.100+0000: 25270: error : virExec:657 : instance-0000000e
'''
QEMU = '''\
2026-11-30 17:43:44.030+0000: starting up libvirt version: 9.0.0
LC_ALL=C \\
-uuid {server} \\
-msg timestamp=on
2026-11-30T17:44:03.218956Z qemu-system-x86_64: -blockdev x: no such volume
libovsvolumedriver: cannot open it
2026-11-30T17:44:04.218956Z qemu-system-x86_64: terminating on signal 15 from \
pid 25228 (/opt/openvstorage/sbin/libvirtd)
'''


def fill(text):
    return text.format(a=ATTACH, u=UPDATE, o=OTHER, p=PERIODIC, user=_USER,
                       volume=VOLUME, server=SERVER)


class RequestTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        # the excerpts are of a machine with this zone
        self.set_zone('UTC')
        for name, text in (('c-api', C_API), ('c-vol', C_VOL),
                           ('n-cpu', N_CPU), ('ovs-sd', OVS_SD),
                           ('ovs-libvirtd', LIBVIRTD)):
            files.write(self.testbed.log(name), fill(text))
        self.write_guest('instance-0000000e', fill(QEMU))
        self.write_guest('instance-0000000f', QEMU.replace('{server}', 'x'))
        self.logs = following.Logs(self.testbed)

    def set_zone(self, zone):
        patched = mock.patch.dict(os.environ, TZ=zone)
        patched.start()
        self.addCleanup(time.tzset)
        self.addCleanup(patched.stop)
        time.tzset()

    def write_guest(self, name, text):
        files.write(os.path.join(
            self.testbed.path('hypervisor') + plugin.PREFIX, 'var', 'log',
            'libvirt', 'qemu', name + '.log'), text)

    def read(self, text):
        path = self.testbed.path('log', 'x.log')
        files.write(path, text)
        return list(log_lines.read(path, 'x'))


class LinesTestCase(RequestTestCase):

    def check(self, line, time, level, text):
        entry, = self.read(line + '\n')
        self.assertEqual((time, level, text), (
            entry.time.strftime('%H:%M:%S.%f'), entry.level, entry.text))

    def test_oslo(self):
        for context in '-', 'None req-x', 'req-x':
            self.check('2026-11-30 17:36:43.886 18284 WARNING cinder.db [%s] '
                       'applied' % context, '17:36:43.886000', 'WARNING',
                       'cinder.db [%s] applied' % context)

    def test_python(self):
        self.check('2026-11-30 17:37:44,021 INFO myvpool01: the engine '
                   'serves', '17:37:44.021000', 'INFO',
                   'myvpool01: the engine serves')
        self.check('2026-11-30 17:35:52,957 WARN No file matches',
                   '17:35:52.957000', 'WARNING', 'No file matches')

    def test_libvirt(self):
        self.check('2026-11-30 17:37:47.937+0000: 25287: error : virExec:657 '
                   ': Cannot find it', '17:37:47.937000', 'ERROR',
                   'virExec:657 : Cannot find it')
        self.check('2026-11-30 17:38:35.188+0000: shutting down, '
                   'reason=shutdown', '17:38:35.188000', 'INFO',
                   'shutting down, reason=shutdown')

    def test_qemu(self):
        for level, text in (('ERROR', '-blockdev x: no such volume'),
                            ('WARNING', 'warning: slow'),
                            ('INFO', 'info: it is so'),
                            ('INFO', 'terminating on signal 15 from pid 1')):
            self.check('2026-11-30T17:39:17.218956Z qemu-system-x86_64: '
                       + text, '17:39:17.218956', level,
                       'qemu-system-x86_64: ' + text)

    def test_open_vswitch(self):
        self.check('2026-11-30T17:39:19Z|00099|bridge|WARN|could not open',
                   '17:39:19.000000', 'WARNING', 'bridge|WARN|could not open')

    def test_rabbitmq(self):
        self.check('2026-11-30 17:39:08.261900+00:00 [error] <0.1291.0> it '
                   '\x1b[0m', '17:39:08.261900', 'ERROR', '<0.1291.0> it')

    def test_mariadb(self):
        self.check('2026-11-30  7:36:17 12 [Warning] Aborted connection',
                   '07:36:17.000000', 'WARNING', 'Aborted connection')
        self.check('2026-11-30 17:36:17 12 [Note] Starting',
                   '17:36:17.000000', 'INFO', 'Starting')

    def test_uwsgi(self):
        line = '*** Starting uWSGI 2.0.31 (64bit) on ' \
            '[Mon Nov 30 17:36:50 2026] ***'
        self.check(line, '17:36:50.000000', 'INFO', line)
        self.check('Tue Dec  1 07:36:50 2026 - SIGPIPE: writing',
                   '07:36:50.000000', 'INFO', 'SIGPIPE: writing')

    def test_times_with_and_without_a_zone(self):
        self.set_zone('EST+5')
        local, utc = self.read(
            '2026-11-30 12:37:44,021 INFO one\n'
            '2026-11-30 17:37:44.022+0000: 1: info : two\n')
        self.assertLess(local.time, utc.time)
        self.assertEqual(1000, (utc.time - local.time).microseconds)

    def test_lines_that_belong_to_the_one_before(self):
        entries = self.read('no time yet\n' + fill(C_VOL))
        self.assertEqual(4, len(entries))
        self.assertEqual(
            'It went wrong\nTraceback (most recent call last):\n'
            '  File "x", line 1\nValueError: it',
            entries[-1].text.split('] ', 1)[1])

    def test_a_traceback_that_names_a_server(self):
        self.assertEqual(2, len(self.read(fill(N_CPU))))

    def test_a_log_that_has_gone(self):
        self.assertEqual([], list(log_lines.read('/nowhere', 'x')))


class FollowingTestCase(RequestTestCase):

    def texts(self, found, service):
        return [entry.text for entry in found.entries
                if entry.service == service]

    def test_a_request(self):
        found = following.of_request(self.logs, ATTACH)
        self.assertEqual(sorted([ATTACH, UPDATE]), found.requests)
        self.assertEqual(sorted(entry.time for entry in found.entries),
                         [entry.time for entry in found.entries])
        self.assertEqual(2, len(self.texts(found, 'c-api')))
        self.assertIn('Policy', self.texts(found, 'c-api')[1])
        self.assertEqual(2, len(self.texts(found, 'c-vol')))
        self.assertIn('ValueError: it', self.texts(found, 'c-vol')[1])
        self.assertEqual([SERVER], found.servers())
        self.assertEqual([VOLUME], found.volumes())

    def test_the_requests_that_a_request_is_part_of(self):
        self.assertEqual(
            sorted([ATTACH, UPDATE]),
            following.of_request(self.logs, UPDATE).requests)

    def test_what_a_request_has_done_elsewhere(self):
        """While it went on, as the storagedriver and libvirt log it"""
        found = following.of_request(self.logs, ATTACH)
        said, = self.texts(found, 'ovs-sd')
        self.assertIn('fenceVolume volume-' + VOLUME, said)
        said, = self.texts(found, 'ovs-libvirtd')
        self.assertIn('virExec', said)
        said, = self.texts(found, 'qemu-instance-0000000e')
        self.assertIn('libovsvolumedriver: cannot open it', said)
        self.assertFalse(self.texts(found, 'qemu-instance-0000000f'))

    def test_a_volume(self):
        found = following.of_object(self.logs, {VOLUME})
        self.assertEqual(2, len(self.texts(found, 'ovs-sd')))
        self.assertEqual(2, len(self.texts(found, 'c-api')))
        self.assertEqual(2, len(self.texts(found, 'n-cpu')))
        self.assertNotIn(OTHER, found.requests)

    def test_a_periodic_task_is_not_followed(self):
        found = following.of_object(self.logs, {VOLUME})
        self.assertNotIn(PERIODIC, found.requests)
        said = '\n'.join(self.texts(found, 'c-vol'))
        self.assertIn('is there', said)
        self.assertNotIn('Running periodic task', said)
        found = following.of_request(self.logs, PERIODIC)
        self.assertIn('Running periodic task',
                      self.texts(found, 'c-vol')[0])

    def test_a_server_with_the_log_of_its_qemu(self):
        found = following.of_object(self.logs, {SERVER})
        self.assertEqual(3, len(self.texts(found, 'qemu-instance-0000000e')))
        self.assertFalse(self.texts(found, 'qemu-instance-0000000f'))
        self.assertEqual(2, len(self.texts(found, 'ovs-libvirtd')))
        self.assertTrue(found.has('[instance: %s]' % SERVER))


class FakeApi:

    def __init__(self, answers):
        self.answers = answers
        self.asked = {}

    def get(self, path, microversion=None):
        self.asked[path] = microversion
        answer = self.answers.get(path.split('?')[0], 404)
        if isinstance(answer, Exception):
            raise answer
        code = answer if isinstance(answer, int) else 200
        return mock.Mock(status_code=code, json=lambda: answer)


def storage():
    """The answers of Cinder."""
    volume = {'id': VOLUME, 'name': 'first', 'status': 'attaching', 'size': 1,
              'volume_type': 'myvpool01', 'created_at':
              '2026-11-30T17:40:00.000000', 'updated_at': None,
              'os-vol-host-attr:host': 'testbed@myvpool01#myvpool01',
              'os-vol-mig-status-attr:name_id': None,
              'attachments': [{'attachment_id': 'old-id', 'device': '/dev/vdb',
                               'server_id': SERVER}]}
    return {'/volumes/' + VOLUME: {'volume': volume},
            '/volumes/detail': {'volumes': [volume]},
            '/attachments/detail': {'attachments': [
                {'id': 'its-id', 'status': 'reserved', 'instance': SERVER,
                 'attached_at': None, 'detached_at': None}]}}


def compute():
    """Those of Nova."""
    server = {'id': SERVER, 'name': 'one', 'status': 'ACTIVE',
              'created': '2026-11-30T17:43:00Z',
              'updated': '2026-11-30T17:44:00Z',
              'OS-EXT-STS:task_state': None,
              'OS-EXT-SRV-ATTR:host': 'testbed',
              'OS-EXT-SRV-ATTR:instance_name': 'instance-0000000e',
              'os-extended-volumes:volumes_attached': [{'id': VOLUME}],
              'fault': {'message': 'it fell'}}
    actions = '/servers/%s/os-instance-actions' % SERVER
    action = {'action': 'attach_volume', 'request_id': ATTACH,
              'message': 'Error', 'start_time': '2026-11-30T17:43:59.000000',
              'updated_at': '2026-11-30T17:44:04.000000'}
    first = dict(action, action='create', request_id=OTHER, message=None,
                 start_time='2026-11-30T17:43:00.000000')
    event = {'event': 'compute_attach_volume', 'result': 'Error',
             'start_time': '2026-11-30T17:44:02.000000',
             'finish_time': '2026-11-30T17:44:04.000000'}
    return {'/servers/' + SERVER: {'server': server},
            '/servers/detail': {'servers': [server]},
            actions: {'instanceActions': [action, first]},
            '%s/%s' % (actions, ATTACH): {
                'instanceAction': dict(action, events=[event])},
            '%s/%s' % (actions, OTHER): {
                'instanceAction': dict(first, events=[])}}


class ApiTestCase(RequestTestCase):
    """The APIs answer."""

    def setUp(self):
        super().setUp()
        self.storage, self.compute = FakeApi(storage()), FakeApi(compute())
        self.is_up = True
        for where, name, value in (
                (sandbox.Sandbox, 'exists', lambda _self: self.is_up),
                (namespaces, 'entered', contextlib.nullcontext),
                (cloud, 'connect', lambda testbed: mock.Mock(
                    block_storage=self.storage, compute=self.compute))):
            patched = mock.patch.object(where, name, value)
            patched.start()
            self.addCleanup(patched.stop)

    def tell(self, wanted):
        return request.tell(self.testbed, wanted)


class StoryTestCase(ApiTestCase):

    def seen(self, wanted):
        """The states, by what they are of."""
        return {state.what: state for state in self.tell(wanted).states}

    def test_a_volume_by_id_by_name_and_by_its_name_on_the_vpool(self):
        for wanted in VOLUME, 'volume-' + VOLUME:
            story = self.tell(wanted)
            self.assertEqual('volume ' + VOLUME, story.what)
            self.assertTrue(story.found.entries)
        self.storage.answers['/volumes/detail']['volumes'].append(
            {'id': 'x', 'name': 'first one'})
        self.assertEqual('volume ' + VOLUME, self.tell('first').what)

    def test_the_states_of_a_volume(self):
        seen = self.seen(VOLUME)
        state = seen['volume ' + VOLUME]
        self.assertEqual(
            'attaching, 1 GiB, type myvpool01, at '
            'testbed@myvpool01#myvpool01, named "first"', state.seen)
        self.assertEqual('2026-11-30 17:40:00', state.begun)
        self.assertEqual('reserved, to server ' + SERVER,
                         seen['attachment its-id'].seen)
        self.assertEqual('3.27', self.storage.asked[
            '/attachments/detail?all_tenants=1&volume_id=' + VOLUME])

    def test_a_migration(self):
        volume = self.storage.answers['/volumes/' + VOLUME]['volume']
        volume['os-vol-mig-status-attr:migstat'] = 'migrating'
        self.assertIn('migration migrating', self.seen(VOLUME)[
            'volume ' + VOLUME].seen)

    def test_a_volume_with_another_name_on_its_vpool(self):
        volume = self.storage.answers['/volumes/' + VOLUME]['volume']
        volume['os-vol-mig-status-attr:name_id'] = '0a23c9e3'
        self.assertTrue(self.tell(VOLUME).found.has('volume-0a23c9e3'))

    def test_times_of_an_api_are_shown_on_the_clock_of_the_machine(self):
        self.set_zone('EST+5')
        self.assertEqual('2026-11-30 12:40:00', self.seen(VOLUME)[
            'volume ' + VOLUME].begun)

    def test_a_server(self):
        for wanted in SERVER, 'one':
            self.storage.answers['/volumes/detail']['volumes'] = []
            story = self.tell(wanted)
            self.assertEqual('server ' + SERVER, story.what)
        server, first, attach, event = story.states
        self.assertEqual(
            'ACTIVE, task None, on testbed as instance-0000000e, named "one",'
            ' with volumes %s, fault: it fell' % VOLUME, server.seen)
        self.assertEqual(('action create', OTHER), (first.what, first.seen))
        self.assertEqual(('action attach_volume', ATTACH + ', Error'),
                         (attach.what, attach.seen))
        self.assertEqual(
            ('event compute_attach_volume', 'Error', '2026-11-30 17:44:02',
             '2026-11-30 17:44:04'), tuple(vars(event).values()))

    def test_the_newest_actions(self):
        with mock.patch.object(states, '_ACTIONS', 1):
            seen = self.seen(SERVER)
        self.assertEqual('1 older ones are left out', seen['actions'].seen)
        self.assertIn('action attach_volume', seen)
        self.assertNotIn('action create', seen)

    def test_a_server_that_is_deleted_has_its_actions(self):
        del self.compute.answers['/servers/' + SERVER]
        story = self.tell(SERVER)
        self.assertEqual('server ' + SERVER, story.what)
        self.assertIn('Nova does not know it', story.states[0].seen)
        self.assertIn('action create', [one.what for one in story.states])
        self.assertEqual('2.21', self.compute.asked[
            '/servers/%s/os-instance-actions' % SERVER])

    def test_a_volume_that_is_deleted(self):
        del self.storage.answers['/volumes/' + VOLUME]
        story = self.tell(VOLUME)
        self.assertEqual('volume ' + VOLUME, story.what)
        self.assertIn('Cinder does not know it', story.states[0].seen)

    def test_a_request_has_the_states_of_what_it_names(self):
        seen = self.seen(ATTACH)
        self.assertIn('volume ' + VOLUME, seen)
        self.assertIn('server ' + SERVER, seen)
        self.assertIn('action attach_volume', seen)
        self.assertNotIn('action create', seen)

    def test_a_request_that_names_many(self):
        with mock.patch.object(request, '_MOST', 0):
            self.assertEqual('1 more are left out',
                             self.seen(ATTACH)['servers'].seen)

    def test_what_is_unknown(self):
        nowhere = '00000000-0000-4000-8000-000000000000'
        for wanted, text in (
                (nowhere, 'no log names volume or server ' + nowhere),
                ('req-' + nowhere, 'no log names request req-' + nowhere),
                ('dog', 'no volume or server is called "dog"')):
            with self.assertRaisesRegex(errors.Error, text) as caught:
                self.tell(wanted)
            self.assertIn('openstack volume list', caught.exception.hint)

    def test_a_name_of_two(self):
        self.compute.answers['/servers/detail']['servers'][0]['name'] = 'first'
        with self.assertRaisesRegex(errors.Error, '"first" is the name of 2: '
                                    'volume %s, server %s' % (VOLUME, SERVER)):
            self.tell('first')

    def test_an_api_that_is_down(self):
        self.storage.answers['/volumes/' + VOLUME] = \
            exceptions.ConnectFailure('refused ' * 100)
        for wanted, kind in ((VOLUME, 'volume'), (SERVER, 'server')):
            self.storage.answers['/volumes/' + wanted] = \
                exceptions.ConnectFailure('refused ' * 100)
            story = self.tell(wanted)
            self.assertEqual('%s %s' % (kind, wanted), story.what)
            self.assertTrue(story.found.entries)
            self.assertEqual([], story.states)
            self.assertRegex(story.problem, '^refused ')
            self.assertLess(len(story.problem), 200)

    def test_an_api_that_fails(self):
        self.storage.answers['/volumes/' + VOLUME] = 503
        self.assertEqual('the API of block_storage answers 503',
                         self.tell(VOLUME).problem)

    def test_a_testbed_that_is_not_up(self):
        self.is_up = False
        self.assertEqual('testbed "unit" is not up',
                         self.tell(ATTACH).problem)
        with self.assertRaisesRegex(errors.Error, 'cannot be looked up: '
                                    'testbed "unit" is not up') as caught:
            self.tell('first')
        self.assertIn('give an id', caught.exception.hint)


class OldStoryTestCase(StoryTestCase):

    RELEASE = 'newton'

    def test_the_states_of_a_volume(self):
        self.assertEqual('to server %s as /dev/vdb' % SERVER,
                         self.seen(VOLUME)['attachment old-id'].seen)


class ReportTestCase(ApiTestCase):

    def lines(self, wanted, **options):
        return list(report.Report(self.testbed, self.tell(wanted),
                                  **options).lines())

    def test_states_come_first(self):
        lines = self.lines(VOLUME)
        self.assertEqual('volume ' + VOLUME, lines[0])
        self.assertRegex(lines[1], '  volume %s: attaching, .* '
                         r'\(2026-11-30 17:40:00\)$' % VOLUME)
        self.assertIn('2 requests, ', lines[3])

    def test_each_line_has_time_service_and_level(self):
        lines = self.lines(ATTACH)
        rest = lines[lines.index('') + 1:]
        self.assertIn('2026-11-30 17:44:02.700 c-vol                  ERROR'
                      '      File "x", line 1', rest)
        for line in rest:
            self.assertRegex(line, r'^2026-11-30 17:\d\d:\d\d\.\d{3} \S+ +'
                             '[A-Z]+ ')

    def test_only_errors(self):
        lines = self.lines(ATTACH, only_bad=True)
        levels = {line.split()[3] for line in lines[lines.index('') + 1:]}
        self.assertEqual({'ERROR'}, levels)
        self.assertRegex('\n'.join(lines), r'\d of \d entries')

    def test_states_that_cannot_be_asked(self):
        self.is_up = False
        said = '\n'.join(self.lines(VOLUME))
        self.assertIn('states cannot be asked: testbed "unit" is not up\n'
                      'hint: ', said)

    def test_no_secrets(self):
        secret = self.testbed.passwords['admin']
        token = 'gAAAAABm' + 30 * 'x' + '=='
        files.write(self.testbed.log('n-api'), fill(
            '2026-11-30 17:44:02.000 1 DEBUG x [None {a} {user} - - - -] '
            'login %s token %s\n' % (secret, token)))
        server = self.compute.answers['/servers/' + SERVER]['server']
        server['fault'] = {'message': 'login ' + secret}
        told = report.Report(self.testbed, self.tell(ATTACH))
        for said in '\n'.join(told.lines()), json.dumps(told.as_dict()):
            self.assertIn('login *** token ***', said)
            self.assertIn('fault: login ***', said)
            self.assertNotIn(secret, said)
            self.assertNotIn(token, said)

    def test_an_object_for_programs(self):
        told = report.Report(self.testbed, self.tell(ATTACH)).as_dict()
        self.assertEqual({'what', 'problem', 'states', 'requests', 'lines'},
                         set(told))
        self.assertEqual('', told['problem'])
        self.assertEqual({'what', 'seen', 'begun', 'ended'},
                         set(told['states'][0]))
        line = told['lines'][0]
        self.assertEqual('2026-11-30T17:44:02.436000+00:00', line['time'])
        self.assertEqual(('n-cpu', 'INFO'), (line['service'], line['level']))
        self.assertIn('Attaching volume', line['text'])


class CommandTestCase(test_commands.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.run_command('up')
        files.write(self.known().log('n-cpu'), fill(N_CPU))

    def test_without_the_apis(self):
        self.assertEqual(3, self.run_command('request', ATTACH))
        self.assertIn('states cannot be asked', self.output.getvalue())
        self.assertIn('Attaching volume', self.output.getvalue())

    def test_all_is_told(self):
        self.use(request, 'tell', lambda testbed, wanted: request.Story(
            wanted, [], '', following.Found([], [])))
        self.assertEqual(0, self.run_command('request', ATTACH))

    def test_json_and_errors(self):
        self.run_command('request', '--json', '--errors', ATTACH)
        told = json.loads(self.output.getvalue())
        self.assertEqual(['ERROR'], [line['level'] for line in told['lines']])

    def test_unknown(self):
        self.assertEqual(errors.FAILED, self.run_command('request', UPDATE))
        self.assertIn('no log names request', self.complaints.getvalue())
        self.assertIn('\nhint: ', self.complaints.getvalue())
