# SPDX-License-Identifier: Apache-2.0

"""``up``: the steps from nothing to a running stack."""

import os

from harness import apt
from harness import files
from ovs_testbed import accounts
from ovs_testbed import doctor
from ovs_testbed import environment
from ovs_testbed import guest
from ovs_testbed import namespaces
from ovs_testbed import packages
from ovs_testbed import plugin
from ovs_testbed import resources
from ovs_testbed import sandbox
from ovs_testbed import services
from ovs_testbed import steps
from ovs_testbed import supervisor
from ovs_testbed import tempest
from ovs_testbed.services import cinder
from ovs_testbed.services import nova

#: services that not every release has: nova-network is a part of nova
_NETWORK = {'network', 'placement', 'neutron'}


class BringUp:
    """The steps of ``up`` for one testbed."""

    def __init__(self, testbed):
        self.testbed = testbed
        self.sandbox = sandbox.Sandbox(testbed)
        self.plugin = plugin.Plugin(testbed, self.sandbox)
        self.services = services.load(testbed)

    def steps(self):
        """All steps; each knows whether it is done already."""
        known = self._making() + self._starting() + self._using()
        absent = _NETWORK - self.services.keys()
        for step in known:
            step.after = tuple(name for name in step.after
                               if name not in absent)
        return [step for step in known if step.name not in absent]

    def _making(self):
        """The steps that fill the cache."""
        testbed = self.testbed
        wanted = packages.WANTED + tuple(testbed.release.packages)
        return [
            steps.Step('doctor', 'looking at this machine',
                       lambda: doctor.before(testbed)),
            steps.Step('packages', 'Debian packages',
                       lambda: packages.install(testbed.log('apt'), wanted),
                       lambda: not apt.missing(wanted), ['doctor']),
            steps.Step('python', 'Python environment of the services',
                       lambda: environment.make(testbed),
                       lambda: environment.is_there(testbed),
                       ['packages']),
            steps.Step('guest', 'guest image',
                       lambda: guest.make(testbed),
                       lambda: guest.is_there(testbed), ['packages']),
            steps.Step('build', 'QEMU, libvirt and the storagedriver',
                       self.plugin.build, self.plugin.is_built,
                       ['packages']),
        ]

    def _starting(self):
        """The services and, at their places among them, the plugin."""
        known = [
            steps.Step('sandbox', 'namespaces and supervisor', self._open,
                       self._is_open, ['python']),
            self._once('configuration', 'configuration of the services',
                       self._configure, ['sandbox']),
            self._once('install', 'plugin.sh stack install',
                       self.plugin.install, ['build', 'configuration']),
            self._service('database', after=['configuration']),
            self._service('messaging', after=['configuration']),
            self._service('network', after=['configuration']),
            self._once('schemas', 'databases of the services',
                       self._make_databases, ['database']),
            self._service('keystone', after=['schemas']),
            self._service('glance', after=['keystone']),
            self._service('placement', after=['keystone']),
            self._service('neutron',
                          after=['keystone', 'messaging', 'network']),
            self._once('post-config', 'plugin.sh stack post-config',
                       self.plugin.post_config, ['install', 'keystone'],
                       self.plugin.runs),
            self._service('nova', nova.CONTROL, ['keystone', 'messaging']),
            self._service('cinder', cinder.CONTROL,
                          ['install', 'keystone', 'messaging']),
            self._service('nova', self.services['nova'].compute_programs(),
                          ['nova', 'placement', 'neutron', 'post-config'],
                          'compute'),
            self._service('cinder', cinder.VOLUME, ['cinder', 'post-config'],
                          'volume'),
            steps.Step('relay', 'APIs on this machine', self._start_relay,
                       self._has_relay, ['keystone']),
        ]
        return known + [self._service(name, after=['keystone'])
                        for name in self.testbed.release.optional_services
                        if name in self.services]

    def _using(self):
        """The steps that furnish the running stack."""
        return [
            self._once('extra', 'plugin.sh stack extra', self.plugin.extra,
                       ['volume', 'glance']),
            self._once('resources', 'flavors, networks and the image',
                       self._make_resources,
                       ['guest', 'glance', 'neutron', 'nova', 'cinder']),
            steps.Step('accounts', 'users of the tests', self._make_accounts,
                       lambda: accounts.are_there(self.testbed),
                       ['keystone']),
            steps.Step('host', 'compute host', self._wait_for_hosts,
                       after=['compute', 'volume']),
            self._once('test-config', 'plugin.sh stack test-config',
                       self.plugin.test_config,
                       ['extra', 'resources', 'host']),
        ]

    def _service(self, name, only=None, after=(), step=None):
        return steps.Step(
            step or name, 'starting %s' % (
                ', '.join(only) if only else name),
            lambda: self.services[name].start(only),
            lambda: self.services[name].is_ready(only), after)

    def _once(self, name, title, action, after, still=lambda: True):
        """A step that leaves a mark when it is done.

        :param still: whether it has not come undone since
        """
        mark = self.testbed.mark(name)

        def act():
            detail = action()
            files.write(mark, '')
            return detail
        return steps.Step(name, title, act,
                          lambda: os.path.exists(mark) and still(), after)

    def _open(self):
        mounts = {self.testbed.cache.environment:
                  environment.own_copy(self.testbed)}
        if self.sandbox.exists():      # with another release
            self.sandbox.show(mounts)
            return
        mounts.update(self.plugin.mounts())
        for service in self.services.values():
            mounts.update(service.mounts())
        self.testbed.make_folders()
        self.sandbox.open(mounts)

    def _is_open(self):
        return self.sandbox.exists() and self.sandbox.shows(
            self.testbed.cache.environment)

    def _configure(self):
        for service in self.services.values():
            service.configure()

    def _make_databases(self):
        if self.testbed.first_release != self.testbed.release.name:
            for service in self.services.values():
                service.migrate_schemas()
            return 'from %s' % self.testbed.first_release
        return self.services['database'].make_databases(
            self.services.values())

    def _make_resources(self):
        with namespaces.entered(self.testbed.net):
            resources.make(self.testbed)
            tempest.configure(self.testbed)
        tempest.register_plugin(self.testbed)

    def _make_accounts(self):
        with namespaces.entered(self.testbed.net):
            accounts.make(self.testbed)

    def _wait_for_hosts(self):
        self.services['nova'].wait_for_host()

    def _relay(self):
        return supervisor.relay(self.testbed)

    def _start_relay(self):
        # an older version called it so: its relay still has the ports
        self.sandbox.supervisor.stop('doors')
        self.sandbox.supervisor.start(self._relay())

    def _has_relay(self):
        return self.sandbox.supervisor.state('relay') == 'RUNNING'
