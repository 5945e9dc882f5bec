# SPDX-License-Identifier: Apache-2.0

"""Cinder's API, scheduler and volume services in one process.

They are the services themselves, with SQLite and without Keystone, and talk
to each other through oslo.messaging's own transport for one process: no
message broker is needed. Everything else is in ``/etc/cinder/cinder.conf``.
"""

import eventlet
import eventlet.event
eventlet.monkey_patch()  # noqa: before anything else is imported

import sys  # noqa: E402

from cinder.common import config  # noqa: E402
from cinder import coordination  # noqa: E402
from cinder.db import migration  # noqa: E402
from cinder import objects  # noqa: E402
from cinder import rpc  # noqa: E402
from cinder import service  # noqa: E402
from cinder import utils  # noqa: E402
from cinder import version  # noqa: E402
from oslo_config import cfg  # noqa: E402
from oslo_log import log as logging  # noqa: E402

CONF = cfg.CONF


def main():
    """Run until killed."""
    objects.register_all()
    CONF(sys.argv[1:], project='cinder', version=version.version_string())
    config.set_middleware_defaults()
    logging.setup(CONF, 'cinder')
    utils.monkey_patch()
    migration.db_sync()
    coordination.COORDINATOR.start()
    rpc.init(CONF)
    # the scheduler asks the back ends for their capabilities when it starts
    services = [service.Service.create(
        binary='cinder-volume', host='%s@%s' % (CONF.host, backend),
        service_name=backend, coordination=True)
        for backend in CONF.enabled_backends]
    services.append(service.Service.create(binary='cinder-scheduler'))
    for each in services:
        each.report_state = _as_itself(each, each.report_state)
        each.start()
    service.WSGIService('osapi_volume').start()
    eventlet.event.Event().wait()  # for ever


def _as_itself(each, method):
    """A process is one service to Cinder, and its id is the class's."""
    def call(*args, **kwargs):
        service.Service.service_id = each.origin_service_id
        return method(*args, **kwargs)
    return call


if __name__ == '__main__':
    main()
