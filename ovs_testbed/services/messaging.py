# SPDX-License-Identifier: Apache-2.0

"""RabbitMQ, as processes of the testbed's own."""

import glob
import os

from harness import errors
from harness import files
from harness import wait
from ovs_testbed import supervisor
from ovs_testbed import testbeds
from ovs_testbed.services import base

#: no busy waiting: the schedulers share two cores with everything else
_ERLANG = ('-kernel inet_dist_use_interface {127,0,0,1} '
           '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none')


class Service(base.Service):

    name = 'messaging'

    def configure(self):
        files.write(self._conf('rabbitmq.conf'), '\n'.join([
            'listeners.tcp.default = %s:%d' % (
                testbeds.ADDRESS, self.testbed.ports['messaging']),
            'default_user = openstack',
            'default_pass = %s' % self.testbed.passwords['messaging'],
            'disk_free_limit.absolute = 50MB',
            'vm_memory_high_watermark.absolute = 512MB',
            'log.console = true', 'log.file = false', '']))
        files.write(self._conf('enabled_plugins'), '[].\n')

    def _conf(self, name):
        return self.testbed.etc('rabbitmq', name)

    def programs(self):
        return [
            supervisor.Program('epmd', [
                '/usr/bin/epmd', '-address', testbeds.ADDRESS, '-port',
                str(self.testbed.ports['messaging-names'])]),
            supervisor.Program('rabbitmq', [_server()],
                               env=self._environment())]

    def _environment(self):
        ports = self.testbed.ports
        data = self.testbed.data('rabbitmq')
        return dict(
            base.ENVIRONMENT, HOME=data, ERL_EPMD_ADDRESS=testbeds.ADDRESS,
            ERL_EPMD_PORT=str(ports['messaging-names']),
            RABBITMQ_NODENAME='rabbit@localhost',
            RABBITMQ_NODE_IP_ADDRESS=testbeds.ADDRESS,
            RABBITMQ_NODE_PORT=str(ports['messaging']),
            RABBITMQ_DIST_PORT=str(ports['messaging-peers']),
            RABBITMQ_MNESIA_BASE=data, RABBITMQ_LOG_BASE=data,
            RABBITMQ_CONFIG_FILE=self._conf('rabbitmq.conf'),
            RABBITMQ_CONF_ENV_FILE=self._conf('none'),
            RABBITMQ_ENABLED_PLUGINS_FILE=self._conf('enabled_plugins'),
            RABBITMQ_PID_FILE=os.path.join(data, 'pid'),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=_ERLANG)

    def probes(self):
        port = self.testbed.ports['messaging']
        return [('RabbitMQ on port %d' % port, wait.port_open(port))]


def _server():
    """The server script itself: the one on the PATH changes its user."""
    found = sorted(glob.glob(
        '/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server'))
    if not found:
        raise errors.Error(
            'RabbitMQ is not installed', hint='apt-get install '
            'rabbitmq-server, or bin/ovs-testbed up, which does it')
    return found[-1]
