# SPDX-License-Identifier: Apache-2.0

from ovs_doctor import configuration
from ovs_doctor import logins
from ovs_doctor import probe
from ovs_testbed.tests import patients


class LoginsTestCase(patients.PatientTestCase):

    def deny(self, name, word, kind='denied'):
        """Have questions that have a word in their arguments denied."""
        self.answers[name] = lambda **arguments: word in str(arguments) and \
            probe.Answer(kind, 'said %s' % word)

    def test_all_is_well(self):
        found = self.found(logins.look)
        self.assertFalse(self.wrong(logins.look))
        for what in ('database nova_api of nova', 'database cinder of cinder',
                     'message queue of nova', 'login of nova as placement',
                     'login of cinder as cinder', 'roles of glance'):
            self.assertIn(what, found)

    def test_a_service_is_asked_for_each_login_once(self):
        names = [found.what for found in logins.look(self.patient)]
        self.assertEqual(len(set(names)), len(names))

    def test_what_others_need_is_looked_at_first(self):
        list(logins.look(self.patient))
        kinds = [name for name, _, _ in self.asked]
        self.assertEqual(sorted(kinds, key=[
            'database', 'messaging', 'identity'].index), kinds)

    def test_the_password_of_a_database(self):
        self.deny('database', '/cinder')
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('database cinder of cinder', wrong.what)
        self.assertIn('denies it', wrong.seen)
        self.assertIn('correct the user or its password', wrong.hint)
        self.assertIn('connection in [database] of %s' % self.testbed.etc(
            'cinder', 'cinder.conf'), wrong.hint)
        self.assertIn('c-api c-sch c-vol"', wrong.hint)

    def test_a_password_is_not_told(self):
        secret = self.testbed.passwords['database']
        self.answers['database'] = lambda url: probe.Answer('failed', url)
        for wrong in self.wrong(logins.look).values():
            self.assertNotIn(secret, wrong.seen + wrong.hint)

    def test_the_address_of_the_message_queue(self):
        self.edit(('nova', 'nova.conf'), '@127.0.0.1:25011/',
                  '@192.0.2.1:5672/')
        self.deny('messaging', '192.0.2.1', 'silent')
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('message queue of nova', wrong.what)
        self.assertIn('192.0.2.1:5672 does not answer', wrong.seen)
        self.assertIn('correct the address: it is 127.0.0.1:25011', wrong.hint)

    def test_a_queue_that_is_down_has_no_wrong_address(self):
        self.deny('messaging', '25011', 'refused')
        wrong = self.wrong(logins.look)
        self.assertIn('message queue of cinder', wrong)
        for found in wrong.values():
            self.assertIn('look at service messaging', found.hint)

    def test_a_password_for_keystone(self):
        self.edit(('nova', 'nova.conf'), 'password = %s' %
                  self.testbed.passwords['placement'], 'password = bad')
        self.deny('identity', "'bad'")
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('login of nova as placement', wrong.what)
        self.assertIn('password in [placement] of', wrong.hint)

    def test_a_role(self):
        self.answers['identity'] = lambda options: options['username'] == \
            'glance' and probe.Answer('', facts={'roles': ['service']})
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('roles of glance', wrong.what)
        self.assertEqual('service; not admin', wrong.seen)
        self.assertEqual('run "openstack role add --user glance --project '
                         'service admin"', wrong.hint)

    def test_the_role_of_service_tokens(self):
        self.answers['identity'] = lambda options: options['username'] == \
            'nova' and probe.Answer('', facts={'roles': ['admin']})
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('roles of nova: admin; not service', str(wrong))
        self.assertEqual('run "openstack role add --user nova --project '
                         'service service"', wrong.hint)

    def test_the_endpoint_of_a_service(self):
        entry, = self.endpoints['block-storage']
        entry.update(url='http://127.0.0.1:9/v3', id='its-id')
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('endpoint of cinder: http://127.0.0.1:9/v3',
                         str(wrong))
        self.assertEqual('run "openstack endpoint set --url '
                         'http://127.0.0.1:25005/v3 its-id"', wrong.hint)

    def test_an_endpoint_that_differs_in_the_project_only(self):
        self.endpoints['block-storage'][0]['url'] += '/' + 32 * '0'
        self.assertFalse(self.wrong(logins.look))

    def test_a_service_that_is_not_in_the_catalog(self):
        del self.endpoints['image']
        wrong, = self.wrong(logins.look).values()
        self.assertEqual('endpoint of glance: not in the catalog', str(wrong))


class ConfigurationTestCase(patients.PatientTestCase):

    def test_a_later_file_wins_and_is_named(self):
        for number in '1', '2':
            with open(self.testbed.path(number), 'w') as stream:
                stream.write('[DEFAULT]\nx = %s\n[a]\ny = 1\n' % number)
        found = configuration.Configuration(
            [self.testbed.path('1'), self.testbed.path('2')])
        self.assertEqual('2', found.get('DEFAULT', 'x'))
        self.assertEqual('x in [DEFAULT] of %s' % self.testbed.path('2'),
                         found.place('DEFAULT', 'x'))
        self.assertIsNone(found.get('a', 'x'))
        self.assertEqual(['DEFAULT', 'a'], found.sections())

    def test_every_service_has_its_configuration(self):
        for service in self.patient.openstack():
            for found, programs in self.patient.configurations(service):
                self.assertTrue(found.sections(), programs)
            named = {program.name for _, programs
                     in self.patient.configurations(service)
                     for program in programs}
            self.assertEqual({
                program.name for program
                in self.patient.services[service].programs()}, named)


class PikeTestCase(ConfigurationTestCase):

    RELEASE = 'pike'


class OldestTestCase(ConfigurationTestCase):

    RELEASE = '2024.1'


class NewtonTestCase(ConfigurationTestCase):

    RELEASE = 'newton'
