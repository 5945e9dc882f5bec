# SPDX-License-Identifier: Apache-2.0

"""Look for all that jobs name, which Zuul leaves to its executor."""

import os
import re

import yaml

from tests.zuul import tenant

_PLAYBOOKS = ('pre_run', 'run', 'post_run')
_ROLE_MODULES = ('include_role', 'import_role')


class References(object):
    """The references of our jobs, looked up in a tree of files."""

    def __init__(self, loaded, top=tenant.TOP):
        self._tenant = loaded
        self._top = top
        self._upstream = tenant.read_upstream()

    def problems(self):
        """Return a sentence for each thing that is not there."""
        found = self._problems_of_pipelines()
        for name, job in sorted(self._tenant.our_jobs.items()):
            frozen = self._tenant.freeze(name)
            for sentence in (self._problems_of_playbooks(frozen)
                             + self._problems_of_variables(frozen, job)
                             + self._problems_of_plugins(frozen)
                             + self._problems_of_files(frozen)):
                found.append('%s: %s' % (name, sentence))
        return found

    def jobs_in_pipelines(self):
        """Return the names of the jobs that run in some pipeline."""
        layout = self._tenant.layout
        configs = [each for several in layout.project_configs.values()
                   for each in several]
        configs += [each for several in layout.project_templates.values()
                    for each in several]
        return set(name for config in configs
                   for pipeline in config.pipelines.values()
                   for name in pipeline.job_list.jobs)

    def _problems_of_pipelines(self):
        running = self.jobs_in_pipelines()
        found = []
        for name in sorted(running):
            frozen = self._tenant.freeze(name)
            # a child of an abstract job is not abstract by itself
            if self._tenant.layout.getJob(name).abstract:
                found.append('%s: is abstract and cannot run' % name)
            if not frozen.run:
                found.append('%s: has no playbook to run' % name)
        needed = set(parent for name in running
                     for parent in self._tenant.lineage(name))
        found += ['%s: no pipeline runs it' % name
                  for name in sorted(set(self._tenant.our_jobs) - needed)]
        return found

    def _problems_of_playbooks(self, frozen):
        found = []
        for playbook in self._our_playbooks(frozen):
            path = os.path.join(self._top, playbook)
            if not os.path.isfile(path):
                found.append('there is no %s' % playbook)
                continue
            found += ['%s: there is no role %s' % (playbook, role)
                      for role in roles_of(path)
                      if not self._has_role(role)]
        return found

    def _our_playbooks(self, frozen):
        return [playbook.path for kind in _PLAYBOOKS
                for playbook in getattr(frozen, kind)
                if playbook.source_context.project_name == tenant.OURS]

    def _has_role(self, role):
        return os.path.isfile(os.path.join(self._top, 'roles', role, 'tasks',
                                           'main.yaml'))

    def _problems_of_variables(self, frozen, job):
        families = self._tenant.lineage(frozen.name)
        known = set(self._defaults_of_roles(frozen))
        for family in families:
            known.update(self._upstream['variables'].get(family, ()))
        ours = dict(job.variables)
        for group in job.group_variables.values():
            ours.update(group)
        found = ['nothing reads the variable %s' % variable
                 for variable in sorted(set(ours) - known)]
        if not job.abstract:
            required = set(
                variable for family in families
                for variable in self._upstream['required'].get(family, ()))
            required.update(self._roles_require(frozen))
            found += ['the variable %s is not set' % variable
                      for variable in sorted(required
                                             - set(frozen.variables))]
        return found

    def _roles(self, frozen):
        return set(role for playbook in self._our_playbooks(frozen)
                   for path in [os.path.join(self._top, playbook)]
                   if os.path.isfile(path)
                   for role in roles_of(path) if self._has_role(role))

    def _defaults_of_roles(self, frozen):
        for role in self._roles(frozen):
            for variable in self._read(role, 'defaults', 'main.yaml'):
                yield variable

    def _roles_require(self, frozen):
        """Return the variables of our roles that have no default."""
        for role in self._roles(frozen):
            defaults = self._read(role, 'defaults', 'main.yaml')
            specs = self._read(role, 'meta', 'argument_specs.yml')
            options = specs['argument_specs']['main'].get('options', {})
            for variable, option in options.items():
                if option.get('required') and variable not in defaults:
                    yield variable

    def _read(self, role, folder, name):
        with open(os.path.join(self._top, 'roles', role, folder,
                               name)) as source:
            return yaml.safe_load(source) or {}

    def _problems_of_plugins(self, frozen):
        available = set(name.rsplit('/', 1)[-1]
                        for name in frozen.required_projects)
        named = set(frozen.variables.get('tempest_plugins', ()))
        named.update(frozen.variables.get('devstack_plugins', ()))
        return ['%s is no required project' % plugin
                for plugin in sorted(named - available)]

    def _problems_of_files(self, frozen):
        """A list of tests is named by its place in our tree."""
        path = frozen.variables.get('tempest_test_exclude_list', '')
        inside = re.sub(r'{{.*?}}/?', '', path).lstrip('/')
        if not path or os.path.isfile(os.path.join(self._top, inside)):
            return []
        return ['there is no %s' % inside]


def roles_of(path):
    """Return the roles that a playbook names."""
    with open(path) as source:
        plays = yaml.safe_load(source)
    found = set()
    for play in plays:
        for role in play.get('roles', ()):
            found.add(role if isinstance(role, str) else role['role'])
        for section in ('pre_tasks', 'tasks', 'post_tasks', 'handlers'):
            found.update(_roles_of_tasks(play.get(section, ())))
    return sorted(found)


def _roles_of_tasks(tasks):
    for task in tasks:
        for key, value in task.items():
            if key.rsplit('.', 1)[-1] in _ROLE_MODULES:
                yield value['name']
            if key in ('block', 'rescue', 'always'):
                for role in _roles_of_tasks(value):
                    yield role
