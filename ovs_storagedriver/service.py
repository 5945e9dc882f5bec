# SPDX-License-Identifier: Apache-2.0

"""The process that serves vPools until it is told to stop."""

import contextlib
import logging
import os
import select
import signal
import socket

from ovs_storagedriver import engine_process
from ovs_storagedriver import vpool

LOG = logging.getLogger(__name__)


def serve(settings, report):
    """Serve all the vPools; return after TERM or INT.

    Either all of them serve or none.

    :param settings: a list of VPoolSettings
    :param report: called with the ready line
    :raises: errors.ServiceError
    """
    stop = _StopSignal()
    # Data folders and sockets are their owner's only.
    os.umask(0o077)
    vpools = [vpool.VPool(each, engine_process.find(each.engine))
              for each in settings]
    with contextlib.ExitStack() as running:
        for each in vpools:
            each.start()
            running.callback(each.stop)
            if stop.has_come():
                return
        report('ready: ' + '; '.join(each.describe() for each in vpools))
        _notify('READY=1')
        stop.wait()
        LOG.info('Stopping all vPools')
        _notify('STOPPING=1')


class _StopSignal:
    """TERM or INT, from the moment that this is made.

    Python carries out a handler between two steps of the main thread; one
    that comes just before that thread falls asleep on a lock would be
    carried out when it wakes up, which is never. So it sleeps on a pipe,
    which Python writes to at once.
    """

    def __init__(self):
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_args: None)

    def has_come(self):
        return bool(select.select([self._read], [], [], 0)[0])

    def wait(self):
        os.read(self._read, 1)


def _notify(state):
    """Tell systemd, if it started us, what the service has come to."""
    address = os.environ.get('NOTIFY_SOCKET')
    if not address:
        return
    if address.startswith('@'):
        address = '\0' + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(state.encode(), address)
    except OSError as error:
        LOG.warning('Cannot notify systemd at NOTIFY_SOCKET: %s', error)
