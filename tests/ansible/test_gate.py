# SPDX-License-Identifier: Apache-2.0

"""The playbooks of the gate, on this machine, with variables like Zuul's."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))


class GateTest(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        # Zuul's inventory names a place below the user's home.
        source = os.path.join(self.folder, 'source')
        self.write('source/bin/program', '#!/bin/sh\n', 0o755)
        name = 'opendev.org/x/devstack-plugin-openvstorage'
        self.variables = {
            'zuul': {'projects': {name: {
                'short_name': 'devstack-plugin-openvstorage',
                'src_dir': os.path.relpath(source,
                                           os.path.expanduser('~'))}}},
            'zuul_output_dir': os.path.join(self.folder, 'zuul-output'),
            'ansible_become': False,
            'ovs_prepare_node_cache': os.path.join(self.folder, 'cache'),
            'ovs_collect_logs_virsh': [os.path.join(self.folder, 'virsh')],
            'ovs_check_orphans_config': os.path.join(self.folder, 'none'),
        }

    def write(self, path, content, mode=0o644):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as target:
            target.write(content)
        os.chmod(path, mode)
        return path

    def play(self, name, **variables):
        """Run a playbook; return whether it succeeded, and its output."""
        finished = subprocess.run(
            [os.path.join(os.path.dirname(sys.executable),
                          'ansible-playbook'),
             '-c', 'local', '-i', 'localhost,', '-e',
             json.dumps(dict(self.variables, **variables)),
             '-e', 'ansible_python_interpreter=/usr/bin/python3',
             os.path.join(TOP, 'playbooks', name)],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(os.environ, ANSIBLE_ROLES_PATH=TOP + '/roles',
                     ANSIBLE_NOCOLOR='1',
                     ANSIBLE_HOME=os.path.join(self.folder, 'ansible')))
        return finished.returncode == 0, finished.stdout

    def log(self, name):
        with open(os.path.join(self.folder, 'zuul-output', 'logs',
                               'openvstorage', name)) as source:
            return source.read()

    def test_the_cache_is_filled_before_the_run(self):
        old = self.write('old/hypervisor/built', 'before')
        archive = os.path.join(self.folder, 'archive.tar.gz')
        subprocess.run(['tar', '-C', os.path.dirname(os.path.dirname(old)),
                        '-czf', archive, '.'], check=True)
        self.write('source/hypervisor/build',
                   '#!/bin/sh\necho "$OVS_CACHE: $*" >"$OVS_CACHE/called"\n',
                   0o755)
        ok, output = self.play('pre.yaml', ovs_prepare_node_archive=archive)
        self.assertTrue(ok, output)
        cache = self.variables['ovs_prepare_node_cache']
        with open(cache + '/hypervisor/built') as source:
            self.assertEqual('before', source.read())
        with open(cache + '/called') as source:
            self.assertEqual('%s: --fetch-only\n' % cache,
                             source.read())

    def test_an_archive_from_anywhere_needs_a_checksum(self):
        ok, output = self.play(
            'pre.yaml', ovs_prepare_node_archive='https://example.org/a')
        self.assertFalse(ok)
        self.assertIn('set ovs_prepare_node_checksum', output)
        self.assertFalse(os.path.exists(
            self.variables['ovs_prepare_node_cache']))

    def test_a_run_that_succeeds(self):
        ok, output = self.play('run.yaml', ovs_run_command=['bin/program'])
        self.assertTrue(ok, output)

    def test_logs_are_collected_when_the_run_failed(self):
        self.write('source/bin/program', '#!/bin/sh\n'
                   'mkdir -p state && echo "cache $OVS_CACHE" >state/log\n'
                   'echo broken >&2\nexit 3\n', 0o755)
        self.write('virsh', '#!/bin/sh\ncase "$*" in\n'
                   '*list*) echo instance-1 ;;\n'
                   '*"dumpxml instance-1") echo "<domain/>" ;;\nesac\n',
                   0o755)
        ok, output = self.play('run.yaml', ovs_run_command=['bin/program'])
        self.assertFalse(ok)
        self.assertIn('broken', output)
        ok, output = self.play(
            'post.yaml', zuul_success=False,
            ovs_collect_logs_paths={
                'state': os.path.join(self.folder, 'source', 'state'),
                'nowhere': '/nonexistent'},
            ovs_collect_logs_commands={
                'missing.txt': ['no-such-program'],
                'status.txt': ['sh', '-c', 'echo seen; exit 4']},
            ovs_collect_logs_cache=os.path.join(self.folder, 'source'))
        self.assertTrue(ok, output)
        self.assertEqual('cache %s/cache\n' % self.folder,
                         self.log('state/log'))
        self.assertEqual('<domain/>', self.log('domain-instance-1.xml'))
        self.assertIn('seen', self.log('status.txt'))
        self.assertIn('exit code 4', self.log('status.txt'))
        self.assertIn('no-such-program', self.log('missing.txt'))
        self.assertIn('nowhere: not there: /nonexistent',
                      self.log('collected.txt'))
        self.assertTrue(os.path.exists(os.path.join(
            self.folder,
            'zuul-output/logs/openvstorage/openvstorage-cache.tar.gz')))

    def ask_doctor(self, script, **variables):
        """Run the playbook of the end with a doctor."""
        doctor = self.write('doctor', '#!/bin/sh\n' + script, 0o755)
        return self.play('post.yaml', zuul_success=False,
                         ovs_collect_logs_paths={},
                         ovs_doctor_command=[doctor], **variables)

    def test_the_doctor_is_asked_and_its_words_are_kept(self):
        said = {'cause': {'what': 'a', 'seen': 'b', 'hint': 'c'}}
        ok, output = self.ask_doctor("[ $1 = --json ] && echo '%s'; exit 1\n"
                                     % json.dumps(said))
        self.assertTrue(ok, output)
        self.assertEqual(said, json.loads(self.log('doctor.json')))
        self.assertIn('a: b; hint: c', output)

    def test_a_doctor_that_cannot_look(self):
        for script in ('echo too old >&2; exit 2\n', 'echo bad >&2; exit 1\n'):
            ok, output = self.ask_doctor(script)
            self.assertTrue(ok, output)
            self.assertIn('bad' if 'bad' in script else 'too old', output)
        self.assertIn('domains:', self.log('collected.txt'))

    def test_an_orphan_fails_the_job_after_the_logs_are_collected(self):
        config = self.write('cinder.conf', '[DEFAULT]\nenabled_backends=\n')
        client = self.write('openstack', '#!/bin/sh\necho "[]"\n', 0o755)
        ok, output = self.play(
            'post.yaml', zuul_success=True, ovs_source=TOP,
            ovs_check_orphans_config=config,
            ovs_check_orphans_openstack=[client],
            ovs_collect_logs_paths={})
        self.assertFalse(ok)
        self.assertIn('enables no vPool', output)
        self.assertIn('domains:', self.log('collected.txt'))
