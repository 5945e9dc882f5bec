# SPDX-License-Identifier: Apache-2.0

"""Waits that are bounded and say what they waited for."""

import time

from tempest.lib import exceptions as lib_exc

_FIRST_PAUSE = 0.1


def wait_for(what, probe, timeout, pause_max=1):
    """Look until it is so.

    :param what: what is awaited, in words
    :param probe: returns whether it is so, and the state that was seen
    :param timeout: seconds until this is an error
    :param pause_max: seconds between two looks; the first ones are shorter
    :returns: the state seen last
    """
    deadline = time.time() + timeout
    pause = _FIRST_PAUSE
    while True:
        is_so, state = probe()
        if is_so:
            return state
        if time.time() > deadline:
            raise lib_exc.TimeoutException(
                '%s: not within %d s; last seen: %s' % (what, timeout, state))
        time.sleep(pause)
        pause = min(pause * 1.5, pause_max)


def wait_for_status(what, show, wanted, timeout):
    """Wait until the resource that SHOW() returns has the status WANTED.

    :returns: the resource
    :raises: TempestException at once if the status says that it failed
    """
    def probe():
        resource = show()
        status = resource['status']
        if status != wanted and status.lower().startswith('error'):
            raise lib_exc.TempestException(
                '%s went to status %s instead of %s: %s'
                % (what, status, wanted, resource.get('fault', '')))
        probe.resource = resource
        return status == wanted, status

    wait_for('%s to be %s' % (what, wanted), probe, timeout)
    return probe.resource


def wait_for_deletion(what, show, timeout):
    """Wait until SHOW() finds nothing any more."""
    def probe():
        try:
            status = show()['status']
        except lib_exc.NotFound:
            return True, 'gone'
        if status == 'error_deleting':
            raise lib_exc.TempestException(
                '%s went to status %s instead of going away' % (what, status))
        return False, status

    wait_for('%s to be gone' % what, probe, timeout)
