# SPDX-License-Identifier: Apache-2.0

"""The shape of a service, and what those of OpenStack have in common."""

import os
import shutil

from harness import run
from harness import wait
from ovs_testbed import namespaces
from ovs_testbed import plugin_path
from ovs_testbed import supervisor
from ovs_testbed import testbeds

#: for one service to become ready
TIMEOUT = 300

#: how many requests an API answers at a time
_REQUESTS = 4


class Service:
    """A service: what it reads, what runs, how it is known to be ready."""

    name = None
    #: what has to be ready before
    after = ()
    #: names of its databases
    databases = ()
    #: type in the catalog, and the path of its endpoint
    catalog = None

    def __init__(self, testbed):
        self.testbed = testbed
        self.supervisor = supervisor.Supervisor(testbed)

    def endpoints(self):
        """Its entries of the catalog: names, types and paths."""
        return [(self.name,) + self.catalog] if self.catalog else []

    def configure(self):
        """Write the files that it reads."""

    def mounts(self):
        """Folders that its programs see elsewhere: {path: folder}."""
        return {}

    def make_schemas(self):
        """Fill empty databases with tables."""

    def migrate_schemas(self):
        """Bring the tables of an earlier release to this one's."""
        self.make_schemas()

    def prepare(self):
        """Do what has to be done before its programs start."""

    def programs(self):
        """The programs that it consists of."""
        return []

    def probes(self):
        """The waits until it is ready: pairs of a description and a probe."""
        return []

    def start(self, only=None):
        """Start it, as far as it does not run, and wait until it is ready.

        :param only: names of programs; all others are left alone
        """
        programs = [program for program in self.programs()
                    if only is None or program.name in only]
        self.prepare()
        for program in programs:
            self.supervisor.start(program)
        names = [program.name for program in programs]
        with self.network():
            for what, probe in self.probes():
                wait.until(
                    what, probe, TIMEOUT,
                    lambda: self.supervisor.check_alive(*names),
                    log=self.testbed.log(names[0]))
        self.supervisor.check_alive(*names)

    def network(self):
        """Be in the testbed's network, this thread and its commands."""
        return namespaces.entered(self.testbed.net)

    def is_ready(self, only=None):
        """Return true if all of it runs and answers."""
        known = self.supervisor.all()
        if not all(known.get(program.name, {}).get('statename') == 'RUNNING'
                   for program in self.programs()
                   if only is None or program.name in only):
            return False
        with self.network():
            return all(probe()[0] for _, probe in self.probes())


class OpenStackService(Service):
    """A service of OpenStack in the release's Python environment."""

    @property
    def etc(self):
        return self.testbed.etc(self.name)

    def conf(self, name=None):
        return self.testbed.etc(self.name, name or self.name + '.conf')

    def binary(self, name):
        return os.path.join(self.testbed.cache.environment, 'bin', name)

    def copy_from_environment(self, *names):
        """Take files over from the environment's etc folder."""
        for name in names:
            os.makedirs(self.etc, exist_ok=True)
            shutil.copy(os.path.join(self.testbed.cache.environment, 'etc',
                                     self.name, name), self.etc)

    def manage(self, *command, env=None):
        """Run one of the service's own tools to its end."""
        with self.network():
            run.run([self.binary(command[0])] + list(command[1:]),
                    log=self.testbed.log(self.name + '-manage'),
                    env=dict(ENVIRONMENT, **(env or {})), timeout=300)

    def daemon(self, name, binary, *arguments, umask='077'):
        return supervisor.Program(
            name, [self.binary(binary)] + list(arguments),
            env=self.environment(), umask=umask)

    def uwsgi(self, name, module, port, *arguments, env=None):
        """A program that serves a WSGI application: that of the module, or of
        the script that the release has in its place."""
        script = self.testbed.release.wsgi_scripts.get(name)
        application = (('--wsgi-file', self.binary(script)) if script
                       else ('--module', module))
        return self.wsgi_server(name, port, *application, *arguments, env=env)

    def wsgi_server(self, name, port, *arguments, env=None):
        """A program that serves the WSGI application that uwsgi's arguments
        name."""
        is_single = name in self.testbed.release.single_threaded
        processes = _REQUESTS if is_single else 1
        return supervisor.Program(
            name,
            [self.binary('uwsgi'), '--http-socket',
             '%s:%d' % (testbeds.ADDRESS, port),
             '--virtualenv', self.testbed.cache.environment,
             '--master', '--processes', str(processes),
             '--threads', str(_REQUESTS // processes), '--enable-threads',
             '--lazy-apps', '--need-app', '--buffer-size', '65535',
             '--die-on-term', '--thunder-lock', '--disable-logging',
             # it closes the connection, so it has to say so
             '--add-header', 'Connection: close'] +
            list(arguments), env=dict(self.environment(), **(env or {})))

    def environment(self):
        """The variables that its programs run with; the plugin may have put
        folders first on the PATH."""
        threads = (self.testbed.release.native_threads
                   if self.testbed.threads else {})
        return dict(ENVIRONMENT, PATH=plugin_path.read(self.testbed),
                    **threads)

    def log_options(self, debug=False):
        return {'use_stderr': True, 'debug': debug,
                'log_color': False}

    def connection(self, database):
        """The address of a database for SQLAlchemy."""
        return 'mysql+pymysql://openstack:%s@%s:%d/%s' % (
            self.testbed.passwords['database'], testbeds.ADDRESS,
            self.testbed.ports['database'], database)

    def transport(self):
        return 'rabbit://openstack:%s@%s:%d/' % (
            self.testbed.passwords['messaging'], testbeds.ADDRESS,
            self.testbed.ports['messaging'])

    def identity(self, user=None):
        """How it logs in, as keystoneauth's options have it."""
        user = user or self.name
        return {
            'auth_type': 'password',
            'auth_url': self.testbed.url('keystone', '/v3'),
            'username': user, 'password': self.testbed.passwords[user],
            'user_domain_id': 'default', 'project_domain_id': 'default',
            'project_name': 'service',
            'region_name': testbeds.REGION}

    def authtoken(self):
        # Cinder reads the names here when it transfers the key of a volume
        return dict(self.identity(), user_domain_name='Default',
                    project_domain_name='Default',
                    service_token_roles='service',
                    service_token_roles_required=True,
                    www_authenticate_uri=self.testbed.url('keystone'))

    def common(self):
        """The sections that every service has."""
        return {
            'database': {'max_pool_size': 10},
            'keystone_authtoken': self.authtoken(),
            'oslo_concurrency': {
                'lock_path': self.testbed.data('locks', self.name)},
            'oslo_messaging_notifications': {'driver': 'noop'},
            'oslo_messaging_rabbit': {'rabbit_quorum_queue': False},
            'oslo_policy': {'enforce_scope': True,
                            'enforce_new_defaults': True},
        }

    def key_manager(self):
        """The sections that say where the keys of encrypted volumes are."""
        if 'barbican' not in self.testbed.extras:
            return {'key_manager': {
                'backend': '%s.keymgr.conf_key_mgr.ConfKeyManager' % self.name,
                'fixed_key': self.testbed.passwords['volume-key']}}
        return {'key_manager': {'backend': 'barbican'},
                'barbican': {
                    'auth_endpoint': self.testbed.url('keystone', '/v3'),
                    'barbican_endpoint': self.testbed.url('barbican'),
                    'barbican_region_name': testbeds.REGION}}

    def privsep(self, *sections):
        """Sections that have privsep start its helper without sudo."""
        return {section: {'helper_command': self.binary('privsep-helper')}
                for section in sections}

    def api_probe(self, path='/', expected=(200, 300, 401)):
        return 'the API of %s' % self.name, wait.http_answer(
            self.testbed.url(self.name, path), expected)


#: the same for all programs, whatever the user's shell says
ENVIRONMENT = {'PATH': plugin_path.SYSTEM, 'LANG': 'C.UTF-8',
               'LC_ALL': 'C.UTF-8',
               'HOME': '/root', 'PYTHONDONTWRITEBYTECODE': '1',
               'PYTHONUNBUFFERED': '1', 'PYTHONWARNINGS': 'ignore',
               # what threads would each keep for themselves
               'MALLOC_ARENA_MAX': '2'}
