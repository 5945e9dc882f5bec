# SPDX-License-Identifier: Apache-2.0

"""Volumes that one side has alone, and the errors of logs."""

import contextlib
import datetime
from unittest import mock

from harness import files
from ovs_doctor import finding
from ovs_doctor import logs
from ovs_doctor import orphans
from ovs_doctor import probe
from ovs_doctor import rest
from ovs_drivers import marks
from ovs_testbed import namespaces
from ovs_testbed.tests import patients

_ONE, _TWO = (digit * 8 + '-1111-4111-8111-' + digit * 12 for digit in '12')


class OrphansTestCase(patients.PatientTestCase):

    def setUp(self):
        super().setUp()
        self.volumes = [self.volume(_ONE)]
        self.names = [['volume-' + _ONE], ['volume-' + _ONE]]
        self.answers['xml_rpc'] = self._names
        self.api = mock.Mock(is_admin=True)
        self.api.all.side_effect = lambda *_: self.volumes
        self.patch(self.patient, 'api', lambda seconds: self.api)
        self.patch(namespaces, 'entered', contextlib.nullcontext)

    def volume(self, volume_id, status='available', back_end='myvpool01'):
        return {'id': volume_id, 'status': status, 'os-vol-host-attr:host':
                'testbed@%s#pool' % back_end}

    def _names(self, options):
        """Both vPools tell the first names before Cinder is asked, and the
        last ones after."""
        when = int(self.api.all.called)
        return probe.Answer('', facts={'names': self.names[when]})

    def test_all_is_well(self):
        self.assertEqual({'orphans on the vPools'},
                         set(self.found(orphans.look)))
        self.assertFalse(self.wrong(orphans.look))

    def test_an_orphan(self):
        for names in self.names:
            names += ['volume-' + _TWO, 'cinder-owner.x.y', 'other']
        wrong, = self.wrong(orphans.look).values()
        self.assertEqual((finding.WARNING, 'volume-' + _TWO),
                         (wrong.level, wrong.seen))

    def test_a_volume_that_goes_meanwhile_is_none(self):
        self.names[0].append('volume-' + _TWO)
        self.assertFalse(self.wrong(orphans.look))

    def test_a_volume_that_comes_meanwhile_is_none(self):
        self.names[1].append('volume-' + _TWO)
        self.volumes.append(self.volume(_TWO))
        self.assertFalse(self.wrong(orphans.look))

    def test_a_volume_that_waits_for_its_clones_is_none(self):
        for names in self.names:
            names += ['volume-' + _TWO,
                      marks.of_volume(_TWO, 'volume-' + _TWO)]
        self.assertFalse(self.wrong(orphans.look))

    def test_a_volume_that_was_migrated(self):
        self.volumes = [dict(self.volume(_TWO, 'in-use'), **{
            'os-vol-mig-status-attr:name_id': _ONE})]
        self.assertFalse(self.wrong(orphans.look))

    def test_a_volume_that_is_lost(self):
        self.volumes += [self.volume(_TWO), self.volume('new', 'creating')]
        wrong, = self.wrong(orphans.look).values()
        self.assertEqual('volume %s: is available, and on no vPool' % _TWO,
                         str(wrong))
        self.assertIn('"openstack volume delete %s"' % _TWO, wrong.hint)

    def test_a_volume_of_another_back_end_is_not_looked_for(self):
        self.volumes += [self.volume(_TWO, back_end='lvm'),
                         {'id': _TWO, 'status': 'available'}]
        self.assertFalse(self.wrong(orphans.look))

    def test_one_who_sees_not_all_volumes_cannot_tell(self):
        self.api.is_admin = False
        self.assertFalse(self.found(orphans.look))

    def test_others_tell_that_cinder_or_a_vpool_is_down(self):
        self.api.all.side_effect = rest.Failed('it is down')
        self.assertFalse(self.found(orphans.look))
        self.answers['xml_rpc'] = lambda options: probe.Answer('silent')
        self.api.all.side_effect = None
        self.assertFalse(self.found(orphans.look))


class LogsTestCase(patients.PatientTestCase):

    def write(self, *lines):
        """Write a log; a line is how many seconds ago, its level, text."""
        text = ''
        for seconds, level, words in lines:
            time = datetime.datetime.now() - datetime.timedelta(
                seconds=seconds)
            text += '%s.123 42 %s cinder.volume.manager [None req-%s - - -] ' \
                '%s\n' % (time.strftime('%Y-%m-%d %H:%M:%S'), level, _ONE,
                          words)
        files.write(self.testbed.log('c-vol'), text)

    def test_only_thoroughly(self):
        self.write((5, 'ERROR', 'bad'))
        self.assertFalse(self.found(logs.look))

    def test_errors_of_a_kind_are_one(self):
        self.patient.thorough = True
        self.write((9, 'ERROR', 'volume %s is lost after 3 s' % _ONE),
                   (8, 'INFO', 'all is well'),
                   (7, 'ERROR', 'volume %s is lost after 4 s' % _TWO),
                   (6, 'CRITICAL', 'no disk'),
                   (3600, 'ERROR', 'an old one'))
        first, second = logs.look(self.patient)
        self.assertEqual([finding.WARNING, 'log of c-vol'],
                         [first.level, first.what])
        self.assertRegex(first.seen, r'2 x, last at .*%s is lost after 4 s'
                         % _TWO)
        self.assertRegex(first.hint, 'run "bin/ovs-testbed request .*'
                         'req-%s"' % _ONE)
        self.assertIn('1 x', second.seen)
        self.assertIn('no disk', second.seen)

    def test_a_log_that_is_not_there(self):
        self.patient.thorough = True
        self.assertFalse(self.found(logs.look))
