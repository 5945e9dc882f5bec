# SPDX-License-Identifier: Apache-2.0

"""A testbed for the doctor: its configuration is there, nothing runs, and the
answers are the test's."""

import contextlib
import os
from unittest import mock

from harness import files
from ovs_doctor import finding
from ovs_doctor import probe
from ovs_testbed import ini
from ovs_testbed import plugin
from ovs_testbed import testbeds
from ovs_testbed.doctor import patient as patients
from ovs_testbed.services import base
from ovs_testbed.tests import support

_DRIVER = 'cinder.volume.drivers.openvstorage_edge.' \
    'OpenvStorageEdgeVolumeDriver'
#: the programs that the plugin starts
PLUGIN = ('ovs-libvirtd', 'ovs-sd')
#: what each question of the probe is answered with, if all is well
_FACTS = {'identity': {'roles': ['admin', 'service']},
          'xml_rpc': {'names': ['one'], 'total': 8 << 30, 'free': 4 << 30},
          'edge': {'names': ['one']}}


class PatientTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.patient = patients.Patient(self.testbed)
        # the root folder of this process stands for the sandbox's
        self.patient._pid = os.getpid()
        files.write(os.path.join(self.testbed.cache.environment, 'bin',
                                 'python'), '')
        for service in self.patient.services.values():
            # the files that are copied are not read
            service.copy_from_environment = lambda *names: None
            service.configure()
            for program in service.programs():
                self.patient.known[program.name] = {
                    'statename': 'RUNNING', 'pid': 0}
        for name in PLUGIN:
            self.patient.known[name] = {'statename': 'RUNNING', 'pid': 0}
        self.write_vpools()
        self.asked = []
        self.answers = {}
        #: the catalog of Keystone
        self.endpoints = {
            kind: [{'id': name, 'url': self.testbed.url(service.name, path)}]
            for service in self.patient.services.values()
            for name, kind, path in service.endpoints()}
        self.patch(probe, 'ask', self._ask)
        self.patch(base.Service, 'is_ready', lambda service, only=None: True)
        self.patch(base.Service, 'network', contextlib.nullcontext)

    def write_vpools(self):
        """Write what the plugin adds to the configuration."""
        ports = self.testbed.ports
        with open(self.testbed.etc('cinder', 'cinder.conf'), 'a') as stream:
            stream.write('\n' + ini.render({name: {
                'volume_driver': _DRIVER, 'storage_ip': '127.0.0.1',
                'xml_rpc_port': ports['xml-rpc'] + 10 * number,
                'edge_port': ports['edge'] + 10 * number,
                'vpool_guid': 'guid-%d' % number}
                for number, name in enumerate(testbeds.VPOOLS)}))
        with open(self.testbed.etc('nova', 'nova.conf'), 'a') as stream:
            stream.write('\n[libvirt]\nconnection_uri = qemu+unix:///system?'
                         'socket=%s/var/run/libvirt/libvirt-sock\n'
                         % plugin.PREFIX)

    def patch(self, where, name, value):
        patched = mock.patch.object(where, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def edit(self, file, before, after):
        """Change a configuration file, which has to have the text."""
        path = self.testbed.etc(*file)
        with open(path) as stream:
            text = stream.read()
        self.assertIn(before, text)
        with open(path, 'w') as stream:
            stream.write(text.replace(before, after))

    def _ask(self, patient, questions, seconds=0):
        questions = list(questions)
        self.asked += questions
        return [self._answer(name, arguments)
                for name, arguments, _program in questions]

    def _answer(self, name, arguments):
        answer = self.answers.get(name, lambda **_: None)(**arguments)
        answer = answer or probe.Answer('', facts=_FACTS.get(name))
        if name == 'identity':
            answer.facts = dict(answer.facts, endpoints=self.endpoints)
        return answer

    def found(self, look):
        """The findings of an area by their names; each that is not good has
        a hint."""
        findings = list(look(self.patient))
        for found in findings:
            self.assertEqual(found.level == finding.GOOD, not found.hint,
                             found.what)
        return {found.what: found for found in findings}

    def wrong(self, look):
        """Those that are no good, by their names."""
        return {what: found for what, found in self.found(look).items()
                if found.level != finding.GOOD}
