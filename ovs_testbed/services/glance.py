# SPDX-License-Identifier: Apache-2.0

"""Glance, with its images in files.

An image comes in chunks of any size, with any pause between them: uwsgi's
usual limits, 1 MiB and 4 s, break uploads off.
"""

from ovs_testbed import ini
from ovs_testbed.services import base

#: how uwsgi takes the body of a request that has no length
UPLOADS = ('--http-raw-body', '--http-chunked-input',
           '--chunked-input-limit', '%d' % (16 << 20),
           '--chunked-input-timeout', '60', '--socket-timeout', '60')


class Service(base.OpenStackService):

    name = 'glance'
    after = ('keystone',)
    databases = ('glance',)
    catalog = ('image', '')

    def configure(self):
        self.copy_from_environment('glance-api-paste.ini')
        ini.write(self.conf('glance-api.conf'), dict(
            self.common(),
            DEFAULT=dict(
                self.log_options(), transport_url=self.transport(),
                enabled_backends='files:file'),
            database={'connection': self.connection('glance'),
                      'max_pool_size': 10},
            glance_store={'default_backend': 'files'},
            files={'filesystem_store_datadir': self.testbed.data('images')},
            os_glance_staging_store={
                'filesystem_store_datadir': self.testbed.data('staging')},
            os_glance_tasks_store={
                'filesystem_store_datadir': self.testbed.data('tasks')},
            paste_deploy={
                'flavor': 'keystone',
                'config_file': self.conf('glance-api-paste.ini')},
            image_format={'disk_formats': 'ami,ari,aki,vhd,vhdx,vmdk,raw,'
                                          'qcow2,vdi,iso,ploop,luks'}))

    def make_schemas(self):
        self.manage('glance-manage', '--config-file',
                    self.conf('glance-api.conf'), 'db_sync')

    def programs(self):
        return [self.uwsgi('g-api', 'glance.wsgi.api:application',
                           self.testbed.ports['glance'], *UPLOADS,
                           env={'OS_GLANCE_CONFIG_DIR': self.etc})]

    def probes(self):
        return [self.api_probe('/', (200, 300))]
