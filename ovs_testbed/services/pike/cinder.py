# SPDX-License-Identifier: Apache-2.0

"""Cinder: its own API server."""

from ovs_testbed import testbeds
from ovs_testbed.services import cinder

#: its usual one, with the id of the request to Nova that a call belongs to
_LOG_FORMAT = ('%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s '
               '[%(global_request_id)s %(request_id)s %(user_identity)s] '
               '%(instance)s%(message)s')


class Service(cinder.Service):

    catalog = ('volumev3', '/v3/%(project_id)s')

    def copy_from_environment(self, *names):
        super().copy_from_environment('policy.json', *names)

    def options(self):
        options = super().options()
        options['DEFAULT'].update(
            osapi_volume_listen=testbeds.ADDRESS,
            osapi_volume_listen_port=self.testbed.ports['cinder'],
            osapi_volume_workers=1, glance_api_version=2,
            logging_context_format_string=_LOG_FORMAT,
            glance_api_servers=self.testbed.url('glance'),
            # the class has no name of its own yet
            backup_driver='cinder.backup.drivers.posix')
        options['oslo_policy'] = {'policy_file': self.conf('policy.json')}
        return options

    def programs(self):
        return [self.daemon('c-api', 'cinder-api', '--config-file',
                            self.conf())] + [
            program for program in super().programs()
            if program.name != 'c-api']
