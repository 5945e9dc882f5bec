# SPDX-License-Identifier: Apache-2.0

"""Cinder: API, scheduler and volume. Its back ends are the plugin's."""

from ovs_testbed import ini
from ovs_testbed import testbeds
from ovs_testbed.services import base

CONTROL = ('c-api', 'c-sch')
VOLUME = ('c-vol', 'c-bak')
#: bytes of a backup that cinder-backup has in memory, more than once; by
#: default 2 GB, of which it once took 7
_BACKUP_PIECE = 64 << 20


class Service(base.OpenStackService):

    name = 'cinder'
    after = ('keystone', 'messaging')
    databases = ('cinder',)
    catalog = ('block-storage', '/v3')

    def configure(self):
        self.copy_from_environment('api-paste.ini', 'resource_filters.json')
        ini.write(self.conf(), self.options())

    def options(self):
        return dict(
            self.common(),
            **self.privsep('cinder_sys_admin', 'privsep_osbrick'),
            **self.key_manager(),
            DEFAULT=dict(
                self.log_options(debug=True), host=testbeds.HOST,
                my_ip=testbeds.ADDRESS, transport_url=self.transport(),
                state_path=self.testbed.data('cinder'),
                auth_strategy='keystone',
                api_paste_config=self.conf('api-paste.ini'),
                resource_query_filters_file=self.conf(
                    'resource_filters.json'),
                enabled_backends=','.join(testbeds.VPOOLS),
                default_volume_type=testbeds.VPOOLS[0], quota_volumes=500,
                quota_snapshots=500, quota_gigabytes=200000,
                quota_backups=100, quota_groups=100,
                backup_driver='cinder.backup.drivers.posix.'
                              'PosixBackupDriver',
                backup_posix_path=self.testbed.data('backups'),
                backup_file_size=_BACKUP_PIECE),
            database={'connection': self.connection('cinder'),
                      'max_pool_size': 10},
            coordination={'backend_url':
                          'file://' + self.testbed.data('cinder', 'locks')},
            nova=dict(self.identity('nova'), interface='public'),
            service_user=dict(self.identity(),
                              send_service_user_token=True))

    def make_schemas(self):
        self.manage('cinder-manage', '--config-file', self.conf(), 'db',
                    'sync')

    def migrate_schemas(self):
        self.make_schemas()
        self.manage('cinder-manage', '--config-file', self.conf(), 'db',
                    'online_data_migrations')

    def programs(self):
        daemons = [('c-sch', 'cinder-scheduler'), ('c-vol', 'cinder-volume')]
        if 'backup' in self.testbed.extras:
            daemons.append(('c-bak', 'cinder-backup'))
        return [
            self.uwsgi('c-api', 'cinder.wsgi.api:application',
                       self.testbed.ports['cinder'],
                       '--pyargv=--config-file=' + self.conf()),
        ] + [self.daemon(name, binary, '--config-file', self.conf())
             for name, binary in daemons]

    def probes(self):
        return [self.api_probe()]
