# SPDX-License-Identifier: Apache-2.0

"""Waits: each has a limit, and says what it waited for and what it saw."""

import socket
import threading
import time
import urllib.error
import urllib.request

from harness import errors

#: seconds between two probes, at first and at most
_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

#: set while the run is being stopped: every wait then ends at once
stopped = threading.Event()


def until(what, probe, timeout, alive=None, log=None):
    """Wait until a probe is done; return its result.

    :param what: what is waited for, for people
    :param probe: returns (done, state seen); done is the result once true
    :param alive: raises if there is nothing left to wait for
    :param log: the log that may say why it does not come
    """
    end = time.monotonic() + timeout
    pause = _PAUSE
    while True:
        done, state = probe()
        if done:
            return done
        if alive:
            alive()
        if time.monotonic() > end:
            raise errors.TimedOut('waited %d s for %s; last seen: %s'
                                  % (timeout, what, state), log=log)
        if stopped.wait(pause):
            raise errors.Stopped('stopped while waiting for %s' % what)
        pause = min(pause * 1.3, _LONGEST_PAUSE)


def port_open(port, host='127.0.0.1'):
    """Make a probe that is done when a server listens."""
    def probe():
        try:
            with socket.create_connection((host, port), timeout=2):
                return True, 'open'
        except OSError as error:
            return False, '%s:%d: %s' % (host, port, error)
    return probe


def http_answer(url, expected=(200, 300, 401)):
    """Make a probe that is done when a web server gives one of the codes."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def probe():
        try:
            with opener.open(url, timeout=10) as answer:
                code = answer.status
        except urllib.error.HTTPError as error:
            code = error.code
        except OSError as error:
            return False, '%s: %s' % (url, error)
        return code in expected, '%s answered %d' % (url, code)
    return probe
