# SPDX-License-Identifier: Apache-2.0

import io
import os
import unittest

import fixtures

from ovs_tempest_plugin.common import service_log

STEPS = (service_log.Step('first', 'nova', 'one'),
         service_log.Step('second', 'cinder', 'two|zwei'),
         service_log.Step('third', 'nova', 'three'))


class ServiceLogTestCase(unittest.TestCase):

    def setUp(self):
        super(ServiceLogTestCase, self).setUp()
        folder = fixtures.TempDir()
        folder.setUp()
        self.addCleanup(folder.cleanUp)
        self.places = dict((name, os.path.join(folder.path, name))
                           for name in ('nova', 'cinder'))

    def write(self, service, *lines):
        with io.open(self.places[service], 'w', encoding='utf-8') as log:
            log.write(u'\n'.join(lines) + u'\n')

    def test_first_times(self):
        self.write('nova',
                   u'2026-11-21 10:00:00.100 [req-other] one',
                   u'2026-11-21 10:00:00.200 [req-1] one \xfc',
                   u'  <disk> one [req-1]',
                   u'2026-11-21 10:00:00.300 [req-1] one',
                   u'2026-11-21 10:00:00.900 [req-1] three')
        self.write('cinder', u'2026-11-21T10:00:00.250000 [req-1 req-2] zwei')
        self.assertEqual(
            {'first': '2026-11-21 10:00:00.200000',
             'second': '2026-11-21 10:00:00.250000',
             'third': '2026-11-21 10:00:00.900000'},
            service_log.first_times(STEPS, self.places, ['req-1']))

    def test_a_service_with_requests_of_its_own(self):
        self.write('nova',
                   u'2026-11-21 10:00:00.100 [req-1] one',
                   u'2026-11-21 10:00:00.900 [req-1] three')
        self.write('cinder',
                   u'2026-11-21 10:00:00.150 [req-7] [volume-other] zwei',
                   u'2026-11-21 10:00:00.250 [req-8] [volume-5e1f] zwei')
        self.assertEqual(
            {'first': '2026-11-21 10:00:00.100000',
             'second': '2026-11-21 10:00:00.250000',
             'third': '2026-11-21 10:00:00.900000'},
            service_log.first_times(STEPS, self.places, ['req-1', '5e1f']))

    def test_the_request_goes_before_what_it_is_about(self):
        self.write('nova',
                   u'2026-11-21 10:00:00.100 [req-0] [volume-5e1f] one',
                   u'2026-11-21 10:00:00.200 [req-1] [volume-5e1f] one')
        self.assertEqual(
            {'first': '2026-11-21 10:00:00.200000'},
            service_log.first_times(STEPS[:1], self.places,
                                    ['req-1', '5e1f']))

    def test_whose_cinder_has_global_requests(self):
        self.assertEqual(
            [True, False, False, True, True],
            [service_log.has_global_requests(newest)
             for newest in (None, '3.15', '3.27', '3.28', 'latest')])

    def test_missing_steps_are_missing(self):
        self.write('nova', u'nothing')
        self.write('cinder', u'2026-11-21 10:00:00.100 two')
        self.assertEqual(
            {}, service_log.first_times(STEPS, self.places, ['req-1']))

    def test_a_log_that_is_not_there(self):
        self.assertRaises(IOError, service_log.lines_of,
                          self.places['nova'], ['req-1'])
