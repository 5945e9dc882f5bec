# SPDX-License-Identifier: Apache-2.0

from ovs_doctor import finding
from ovs_doctor import probe
from ovs_doctor import vpools
from ovs_testbed.tests import patients

_CONF = 'cinder', 'cinder.conf'


class VPoolsTestCase(patients.PatientTestCase):

    def answer(self, name, port, answer):
        """Answer for the first vPool."""
        self.answers[name] = lambda options: \
            options['vpool_guid'] == 'guid-0' and answer or None

    def first(self):
        """Return the errors of the first vPool; the second one is well."""
        wrong, = self.wrong(vpools.look).values()
        self.assertEqual('vPool myvpool01', wrong.what)
        return wrong

    def test_all_is_well(self):
        found = self.found(vpools.look)
        self.assertFalse(self.wrong(vpools.look))
        self.assertEqual('answers; 4.0 of 8.0 GiB free, 1 volumes',
                         found['vPool myvpool02'].seen)

    def test_a_vpool_that_cannot_tell_its_room(self):
        self.answers['xml_rpc'] = lambda options: probe.Answer(
            '', facts={'names': [], 'free': None, 'total': None})
        self.assertFalse(self.wrong(vpools.look))

    def test_an_address(self):
        self.edit(_CONF, 'storage_ip = 127.0.0.1\nxml_rpc_port = 25021',
                  'storage_ip = 192.0.2.1\nxml_rpc_port = 25021')
        self.answer('xml_rpc', 25021, probe.Answer('silent', 'timed out'))
        wrong = self.first()
        self.assertEqual('xml_rpc_port of 192.0.2.1 does not answer: '
                         'timed out', wrong.seen)
        self.assertIn('set storage_ip in [myvpool01] of %s to 127.0.0.1, then'
                      % self.testbed.etc(*_CONF), wrong.hint)

    def test_a_port(self):
        self.edit(_CONF, 'edge_port = 25020', 'edge_port = 9')
        self.answer('edge', 9, probe.Answer('refused', 'refused'))
        wrong = self.first()
        self.assertIn('edge_port of 127.0.0.1 is closed', wrong.seen)
        self.assertIn('to 25020, then', wrong.hint)

    def test_ports_that_are_swapped(self):
        """The answers are those of a storagedriver"""
        path = self.testbed.etc(*_CONF)
        self.edit(_CONF, 'xml_rpc_port = 25021\nedge_port = 25020',
                  'xml_rpc_port = 25020\nedge_port = 25021')
        self.answer('xml_rpc', 25020, probe.Answer(
            'silent', 'Connection reset by peer'))
        self.answer('edge', 25021, probe.Answer('silent', 'ETIMEDOUT'))
        wrong = self.first()
        self.assertEqual(
            'xml_rpc_port and edge_port are swapped: xml_rpc_port of '
            '127.0.0.1 does not answer: Connection reset by peer', wrong.seen)
        self.assertIn(
            'set xml_rpc_port in [myvpool01] of %s to 25021, edge_port in '
            '[myvpool01] of %s to 25020, then' % (path, path), wrong.hint)

    def test_a_storagedriver_that_is_down(self):
        self.answer('edge', 25020, probe.Answer('refused', 'refused'))
        self.assertIn('look at service ovs-sd', self.first().hint)

    def test_a_guid(self):
        self.answer('xml_rpc', 25021, probe.Answer('denied', 'fault 1'))
        wrong = self.first()
        self.assertIn('vpool_guid is not its guid', wrong.seen)
        self.assertIn('ovs_storagedriver status', wrong.hint)
        self.assertIn('vpool_guid in [myvpool01]', wrong.hint)

    def test_ports_of_different_vpools(self):
        self.answer('edge', 25020, probe.Answer('', facts={'names': ['x']}))
        self.assertIn('belong to different vPools', self.first().seen)

    def test_a_vpool_that_is_full(self):
        self.answer('xml_rpc', 25021, probe.Answer('', facts={
            'names': ['one'], 'total': 8 << 30, 'free': 1 << 20}))
        wrong = self.first()
        self.assertEqual(finding.ERROR, wrong.level)
        self.assertIn('0.0 of 8.0 GiB free', wrong.seen)

    def test_a_typo_in_enabled_backends(self):
        self.edit(_CONF, 'enabled_backends = myvpool01',
                  'enabled_backends = mypool01')
        wrong, = self.wrong(vpools.look).values()
        self.assertEqual('back ends of cinder-volume', wrong.what)
        self.assertIn('no section: mypool01; not: myvpool01', wrong.seen)
        self.assertIn('the vPools are myvpool01,myvpool02', wrong.hint)
