# SPDX-License-Identifier: Apache-2.0

"""Cinder, which logs no ids of Nova's requests and filters no lists."""

from ovs_testbed.services.newton import keys
from ovs_testbed.services.pike import cinder

#: its usual one, with the volume that a line is about
_LOG_FORMAT = ('%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s '
               '[%(request_id)s %(user_identity)s] '
               '%(resource)s%(instance)s%(message)s')


class Service(keys.Mixin, cinder.Service):

    def endpoints(self):
        """The openstack client knows the second API only."""
        return super().endpoints() + [
            ('cinderv2', 'volumev2', '/v2/%(project_id)s')]

    def copy_from_environment(self, *names):
        super().copy_from_environment(*(
            name for name in names if name != 'resource_filters.json'))

    def options(self):
        options = super().options()
        del options['DEFAULT']['resource_query_filters_file']
        options['DEFAULT']['logging_context_format_string'] = _LOG_FORMAT
        return options
