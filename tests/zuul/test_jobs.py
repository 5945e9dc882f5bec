# SPDX-License-Identifier: Apache-2.0

"""Our jobs as Zuul sees them, and what happens when one of them is broken."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from tests.zuul import references
from tests.zuul import tenant


class JobsTest(unittest.TestCase):
    """The configuration as it is."""

    @classmethod
    def setUpClass(cls):
        cls.tenant = tenant.Tenant(tenant.our_files())

    def test_zuul_accepts_all(self):
        self.assertEqual([], self.tenant.errors)
        self.assertIn('openvstorage-tempest', self.tenant.our_jobs)

    def test_every_reference_resolves(self):
        self.assertEqual(
            [], references.References(self.tenant).problems())

    def test_every_job_tells_what_it_is(self):
        for name, job in self.tenant.our_jobs.items():
            self.assertTrue(job.description or job.override_checkout, name)

    def test_release_jobs_are_of_a_release(self):
        releases = [job for job in self.tenant.our_jobs.values()
                    if job.source_context.path == 'zuul.d/stable-jobs.yaml']
        self.assertTrue(releases)
        for job in releases:
            release = re.sub('^.*/', '', job.override_checkout)
            self.assertEqual('openvstorage-tempest-'
                             + release.replace('.', '-'), job.name)
            self.assertTrue(self.tenant.freeze(job.name).nodeset)

    def test_irrelevant_files_are_there(self):
        listed = subprocess.check_output(
            ['git', 'ls-files'], cwd=tenant.TOP, text=True).split('\n')
        base = self.tenant.our_jobs['openvstorage-base']
        for matcher in base.irrelevant_file_matcher.matchers:
            if matcher.regex.pattern != '^/COMMIT_MSG$':  # Zuul's own
                self.assertTrue(
                    [path for path in listed if matcher.regex.match(path)],
                    matcher.regex.pattern)

    def test_upstream_tests_are_those_of_the_testbed(self):
        path = os.path.join(tenant.TOP, 'ovs_tempest_plugin',
                            'upstream-tests.txt')
        with open(path, encoding='utf-8') as stream:
            wanted = [line.strip() for line in stream
                      if line.strip() and not line.startswith('#')]
        job = self.tenant.our_jobs['openvstorage-tempest-upstream']
        self.assertEqual('|'.join('(%s)' % regex for regex in wanted),
                         job.variables['tempest_test_regex'])

    def test_a_change_of_the_manuals_alone_runs_no_openstack(self):
        for name, wanted in (('openvstorage-tempest', False),
                             ('openvstorage-testbed', False),
                             ('openvstorage-docs', True),
                             ('openvstorage-tests', True)):
            self.assertEqual(
                wanted, self.tenant.runs_for(name, ['doc/source/index.rst']),
                name)

    def test_a_change_of_a_driver_runs_openstack(self):
        for name in ('openvstorage-tempest', 'openvstorage-testbed',
                     'openvstorage-unit-py27'):
            self.assertTrue(self.tenant.runs_for(
                name, ['doc/source/index.rst', 'ovs_drivers/edge.py']), name)


class BrokenTest(unittest.TestCase):
    """One thing is broken in the configuration."""

    def break_file(self, path, old, new):
        files = tenant.our_files()
        self.assertIn(old, files[path])
        files[path] = files[path].replace(old, new)
        return tenant.Tenant(files)

    def assert_refused(self, message, path, old, new):
        self.assertRegex('\n'.join(self.break_file(path, old, new).errors),
                         message)

    def assert_missed(self, message, path, old, new):
        broken = self.break_file(path, old, new)
        self.assertEqual([], broken.errors)
        self.assertRegex(
            '\n'.join(references.References(broken).problems()), message)

    def test_parent_of_our_own(self):
        self.assert_refused(
            'openvstorage-bass not defined', 'zuul.d/jobs.yaml',
            'parent: openvstorage-base', 'parent: openvstorage-bass')

    def test_parent_upstream(self):
        self.assert_refused(
            'devstack-tempest-py9 not defined', 'zuul.d/jobs.yaml',
            'parent: devstack-tempest', 'parent: devstack-tempest-py9')

    def test_nodeset(self):
        self.assert_refused(
            '"debian-potato" was not', 'zuul.d/jobs.yaml',
            'nodeset: debian-bookworm', 'nodeset: debian-potato')

    def test_node_in_group(self):
        self.assert_refused(
            'compute7', 'zuul.d/nodesets.yaml',
            '          - controller', '          - compute7')

    def test_template(self):
        self.assert_refused(
            'openvstorage-unit-jobs', 'zuul.d/project-templates.yaml',
            'name: openvstorage-unit-jobs', 'name: openvstorage-units')

    def test_job_in_project(self):
        self.assert_refused(
            'openvstorage-testbet not defined', 'zuul.d/project.yaml',
            '- openvstorage-testbed', '- openvstorage-testbet')

    def test_job_in_template(self):
        self.assert_refused(
            'openvstorage-unit-py26', 'zuul.d/project-templates.yaml',
            '- openvstorage-unit-py27', '- openvstorage-unit-py26')

    def test_required_project(self):
        self.assert_refused(
            'openstack/sinder', 'zuul.d/stable-jobs.yaml',
            '- openstack/cinder', '- openstack/sinder')

    def test_attribute(self):
        self.assert_refused(
            'timeouts', 'zuul.d/jobs.yaml', 'timeout: 10800',
            'timeouts: 10800')

    def test_playbook(self):
        self.assert_missed(
            'there is no playbooks/runs.yaml', 'zuul.d/jobs.yaml',
            'run: playbooks/run.yaml', 'run: playbooks/runs.yaml')

    def test_variable_of_a_role(self):
        self.assert_missed(
            'nothing reads the variable ovs_run_comand', 'zuul.d/jobs.yaml',
            'ovs_run_command', 'ovs_run_comand')

    def test_variable_upstream(self):
        self.assert_missed(
            'nothing reads the variable tempest_regex', 'zuul.d/jobs.yaml',
            'tempest_test_regex:', 'tempest_regex:')

    def test_required_variable(self):
        self.assert_missed(
            'the variable tox_envlist is not set', 'zuul.d/jobs.yaml',
            '      tox_envlist: all\n', '')

    def test_plugin(self):
        self.assert_missed(
            'cinder-tempest-plugin is no required project',
            'zuul.d/jobs.yaml', '      - openstack/cinder-tempest-plugin\n',
            '')

    def test_skip_list(self):
        self.assert_missed(
            'there is no ovs_tempest_plugin/skips',
            'zuul.d/jobs.yaml', 'skip-list', 'skips')

    def test_abstract_job_in_pipeline(self):
        self.assert_missed(
            'openvstorage-node: is abstract', 'zuul.d/project.yaml',
            '- openvstorage-testbed\n', '- openvstorage-node\n')

    def test_job_that_never_runs(self):
        self.assert_missed(
            'openvstorage-docs: no pipeline runs it',
            'zuul.d/project-templates.yaml', '        - openvstorage-docs\n',
            '')

    def test_role(self):
        top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, top)
        for folder in ('playbooks', 'roles'):
            shutil.copytree(os.path.join(tenant.TOP, folder),
                            os.path.join(top, folder))
        path = os.path.join(top, 'playbooks', 'run.yaml')
        with open(path, 'a') as target:
            target.write('\n- name: Broken\n  hosts: all\n'
                         '  roles: [ovs_run_away]\n')
        found = references.References(
            tenant.Tenant(tenant.our_files()), top).problems()
        self.assertIn('playbooks/run.yaml: there is no role ovs_run_away',
                      '\n'.join(found))
