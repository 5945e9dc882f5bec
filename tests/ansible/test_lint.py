# SPDX-License-Identifier: Apache-2.0

"""Every playbook and role passes ansible-lint, and Ansible can read it."""

import glob
import os
import subprocess
import sys
import tempfile
import unittest

import yaml

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
BIN = os.path.dirname(sys.executable)
ANSIBLE_216 = os.path.join(os.environ.get('OVS_TEST_CACHE', ''), 'tox',
                           'ansible216', 'bin')


def run(*command):
    """Run a program of Ansible; return its exit code and what it said."""
    with tempfile.TemporaryDirectory() as home:
        finished = subprocess.run(
            command, cwd=TOP, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PATH=BIN + ':' + os.environ['PATH'],
                     ANSIBLE_HOME=home, NO_COLOR='1', XDG_CACHE_HOME=home,
                     ANSIBLE_ROLES_PATH=os.path.join(TOP, 'roles')))
    return finished.returncode, finished.stdout


class LintTest(unittest.TestCase):

    def test_ansible_lint_has_nothing_to_say(self):
        code, output = run('ansible-lint', '--offline')
        self.assertEqual(0, code, output)
        self.assertIn("Profile 'production' was required", output)

    def check_syntax(self, folder):
        playbooks = glob.glob(TOP + '/playbooks/*.yaml') + glob.glob(
            TOP + '/playbooks/*/*.yaml')
        for playbook in playbooks:
            if os.path.basename(os.path.dirname(playbook)) != 'group_vars':
                code, output = run(os.path.join(folder, 'ansible-playbook'),
                                   '--syntax-check', playbook)
                self.assertEqual(0, code, output)

    def test_todays_ansible_reads_every_playbook(self):
        self.check_syntax(BIN)

    def test_the_last_ansible_for_python27_reads_every_playbook(self):
        if not os.path.isdir(ANSIBLE_216):
            self.skipTest('there is no %s; run bin/test ansible'
                          % ANSIBLE_216)
        self.check_syntax(ANSIBLE_216)

    def test_every_variable_of_a_role_is_explained(self):
        for defaults in glob.glob(TOP + '/roles/*/defaults/main.yaml'):
            role = os.path.dirname(os.path.dirname(defaults))
            with open(defaults) as source:
                variables = yaml.safe_load(source)
            with open(role + '/README.rst') as source:
                readme = source.read()
            with open(role + '/meta/argument_specs.yml') as source:
                specs = yaml.safe_load(source)['argument_specs']['main']
            self.assertEqual(sorted(variables), sorted(specs['options']),
                             role)
            for variable in variables:
                self.assertIn(variable, readme)
