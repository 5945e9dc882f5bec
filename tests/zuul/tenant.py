# SPDX-License-Identifier: Apache-2.0

"""A Zuul tenant with our project in it, read by Zuul's own loader.

There is no ZooKeeper and no server: what Zuul's scheduler does when it reads
a tenant's configuration, and when it freezes the jobs of a change, needs
neither.
"""

import configparser
import logging
import os
import types

import yaml
from zuul import configloader
from zuul import model
from zuul.lib import ansible
from zuul.lib import connections

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
UPSTREAM = os.path.join(TOP, 'tests', 'zuul', 'upstream')
OURS = 'x/devstack-plugin-openvstorage'
CONFIG_PROJECT = 'opendev/base-jobs'
_CONNECTION = 'opendev'


def _make_connections():
    config = configparser.ConfigParser()
    config['connection ' + _CONNECTION] = {
        'driver': 'git', 'baseurl': 'https://opendev.org'}
    registry = connections.ConnectionRegistry()
    registry.configure(config, sources=True, triggers=True, reporters=True)
    return registry


def read_upstream():
    """Return what variables.yaml says."""
    with open(os.path.join(UPSTREAM, 'variables.yaml')) as source:
        return yaml.safe_load(source)


def our_files():
    """Return path -> text of our configuration, in Zuul's order."""
    folder = os.path.join(TOP, 'zuul.d')
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as source:
            found['zuul.d/' + name] = source.read()
    return found


def _upstream_files():
    """Yield project and text of each upstream file."""
    for name in sorted(os.listdir(UPSTREAM)):
        if '+' in name:
            with open(os.path.join(UPSTREAM, name)) as source:
                yield name[:-len('.yaml')].replace('+', '/'), source.read()


class Tenant(object):
    """The configuration of a tenant, with what Zuul found wrong in it."""

    def __init__(self, files):
        """Load a tenant.

        :param files: path -> text, our project's configuration
        """
        # Zuul logs every error that it also collects.
        logging.getLogger('zuul').setLevel(logging.CRITICAL)
        self._connections = _make_connections()
        self._source = self._connections.getSource(_CONNECTION)
        self.tenant = model.Tenant('openstack')
        self.tenant.default_base_job = 'base'
        # "any", as TenantParser sets it
        self.tenant.allowed_labels = self.tenant.disallowed_labels = None
        loader = configloader.TenantParser(
            self._connections, None, None, None, None, None, None, None)
        context = configloader.ParseContext(
            self._connections, None, None,
            ansible.AnsibleManager())
        parsed = model.ParsedConfig()
        for project, files_of_project in self._projects(files):
            self._load(loader, context, parsed, project, files_of_project)
        self.layout = self.tenant.layout = loader._parseLayout(
            self.tenant, parsed, context)
        self.errors = [
            '%s: %s' % (error.key.context, error.short_error or error.error)
            for error in self.layout.loading_errors.errors]

    def _projects(self, files):
        """Return name and files of every project, the trusted one first."""
        found = dict((name, {}) for name in read_upstream()['projects'])
        for name, text in _upstream_files():
            found[name] = {'zuul.yaml': text}
        found[OURS] = files
        for name in found:
            config = model.TenantProjectConfig(self._source.getProject(name))
            config.trusted = name == CONFIG_PROJECT
            config.branches = ['master']
            config.load_classes = set(
                configloader.TenantParser.all_classes)
            self.tenant.addTPC(config)
        return sorted(found.items(), key=lambda each: (
            each[0] != CONFIG_PROJECT, each[0] == OURS, each[0]))

    def _load(self, loader, context, parsed, name, files):
        project = self._source.getProject(name)
        unparsed = model.UnparsedConfig()
        for path, text in files.items():
            where = model.SourceContext(project.canonical_name, name,
                                        _CONNECTION, 'master', path)
            # a tenant takes the branch of a single-branch project for all
            where.implied_branches = []
            with context.accumulator.catchErrors():
                unparsed.extend(configloader.safe_load_yaml(text, where))
        config = self.tenant.getTPC(project.canonical_name)
        loader.addProjectBranchConfig(
            context, parsed, self.tenant, config,
            loader.parseConfig(unparsed, context), config.trusted)

    @property
    def our_jobs(self):
        """Return name -> job, ours only."""
        return dict(
            (name, jobs[0]) for name, jobs in self.layout.jobs.items()
            if jobs[0].source_context
            and jobs[0].source_context.project_name == OURS)

    def lineage(self, name):
        """Return the names of a job and of all its parents."""
        names = []
        while name:
            names.append(name)
            job = self.layout.getJob(name)
            name = None if job.isBase() else (
                job.parent or self.tenant.default_base_job)
        return names

    def freeze(self, name):
        """Return a job with all that it inherits, as Zuul freezes it."""
        change = model.Branch(self._source.getProject(OURS))
        change.branch = 'master'
        item = types.SimpleNamespace(annotateLogger=lambda log: log)
        frozen = None
        for variant in self.layout.collectJobs(item, name, change):
            if frozen is None:
                frozen = variant.copy()
                frozen.setBase(self.layout, None)
            else:
                frozen.applyVariant(variant, self.layout, None)
        frozen.name = name
        return frozen

    def runs_for(self, name, files):
        """Say whether a change of files runs a job."""
        change = model.Change(self._source.getProject(OURS))
        change.branch = 'master'
        change.files = ['/COMMIT_MSG'] + files
        return self.freeze(name).changeMatchesFiles(change)
