# SPDX-License-Identifier: Apache-2.0

"""MariaDB, with durability given up: its data lives as long as the testbed.

The tables of all services come from a dump in the cache, once one has been
made with exactly these versions.
"""

import gzip
import os
import subprocess

from harness import errors
from harness import files
from harness import run
from harness import wait
from ovs_testbed import namespaces
from ovs_testbed import supervisor
from ovs_testbed import testbeds
from ovs_testbed.services import base

_PROGRAM = '/usr/sbin/mariadbd'


class Service(base.Service):

    name = 'database'

    @property
    def _data(self):
        return self.testbed.data('database')

    def configure(self):
        files.write(self._grants, (
            "CREATE USER IF NOT EXISTS openstack@'127.0.0.1' "
            "IDENTIFIED BY '%s';\n"
            "GRANT ALL ON *.* TO openstack@'127.0.0.1';\n"
            % self.testbed.passwords['database']))

    @property
    def _grants(self):
        return self.testbed.etc('database', 'grants.sql')

    def prepare(self):
        if os.path.exists(os.path.join(self._data, 'mysql')):
            return
        run.run(['mariadb-install-db', '--no-defaults', '--user=root',
                 '--datadir=' + self._data, '--skip-test-db',
                 '--auth-root-authentication-method=socket'],
                log=self.testbed.log('database-install'))

    def programs(self):
        ports = self.testbed.ports
        return [supervisor.Program('mariadbd', [
            _PROGRAM, '--no-defaults', '--user=root',
            '--datadir=' + self._data,
            '--socket=' + self.testbed.socket('database'),
            '--pid-file=' + self.testbed.socket('database.pid'),
            '--bind-address=' + testbeds.ADDRESS,
            '--port=%d' % ports['database'],
            '--init-file=' + self._grants,
            '--skip-name-resolve', '--skip-log-bin', '--sync-binlog=0',
            '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0',
            '--innodb-buffer-pool-size=64M', '--innodb-log-file-size=48M',
            '--aria-pagecache-buffer-size=8M', '--key-buffer-size=1M',
            '--performance-schema=OFF', '--max-connections=500',
            '--character-set-server=utf8mb3',
            '--collation-server=utf8mb3_general_ci'])]

    def probes(self):
        port = self.testbed.ports['database']
        return [('MariaDB on port %d' % port, wait.port_open(port))]

    def client(self, program, *arguments, text=None):
        """Run a client program; return its output."""
        command = [program, '--no-defaults', '--user=root',
                   '--socket=' + self.testbed.socket('database')]
        answer = subprocess.run(command + list(arguments), input=text,
                                capture_output=True)
        if answer.returncode:
            raise errors.Error('%s: %s' % (
                program, answer.stderr.decode(errors='replace').strip()),
                log=self.testbed.log('mariadbd'))
        return answer.stdout

    def make_databases(self, services):
        """Make the databases of all services with their tables.

        :returns: what it was done with, for people
        """
        names = [name for service in services for name in service.databases]
        dump = self._dump_path(names)
        self.client('mariadb', text=''.join(
            'DROP DATABASE IF EXISTS %s; CREATE DATABASE %s;\n'
            % (name, name) for name in names).encode())
        if os.path.exists(dump):
            with gzip.open(dump) as stream:
                self.client('mariadb', text=stream.read())
            return 'from the cache'
        for service in services:
            service.make_schemas()
        text = self.client('mariadb-dump', '--skip-comments', '--databases',
                           *names)
        draft = dump + '.new'
        os.makedirs(os.path.dirname(dump), exist_ok=True)
        with gzip.open(draft, 'wb') as stream:
            stream.write(text)
        os.replace(draft, dump)
        return 'by migrations'

    def _dump_path(self, names):
        version = run.run([_PROGRAM, '--version'])
        cache = self.testbed.cache
        key = cache.key_for(version, _SCHEMA_FORMAT, *names)
        return cache.path('databases-%s.sql.gz' % key)

    def has(self, database, table):
        """Return true if a table is there."""
        with namespaces.entered(self.testbed.net):
            return bool(self.client(
                'mariadb', '--skip-column-names', '--execute',
                "SELECT 1 FROM information_schema.tables WHERE "
                "table_schema='%s' AND table_name='%s'" % (database, table)))


#: count up when make_schemas of a service makes something else
_SCHEMA_FORMAT = '1'
