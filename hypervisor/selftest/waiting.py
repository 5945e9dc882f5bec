# SPDX-License-Identifier: Apache-2.0

"""Waiting for something to become true, for so long and no longer."""

import subprocess
import time

_STEP_SECONDS = 0.05


class Problem(Exception):
    """Something that is not as it has to be; the text says what."""


def until(what, condition, seconds):
    """Return what CONDITION() gives, once that is true.

    :param what: what is waited for, for the message
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Problem('waited %d s for %s' % (seconds, what))
        time.sleep(_STEP_SECONDS)


def run(command, seconds, folder=None):
    """Return what a command prints; a Problem if it fails or lasts."""
    name = ' '.join([str(word) for word in command][:3])
    try:
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds,
            cwd=folder, text=True, errors='replace')
    except FileNotFoundError:
        raise Problem('there is no %s' % command[0])
    except subprocess.TimeoutExpired:
        raise Problem('%s did not end within %d s' % (name, seconds))
    if done.returncode != 0:
        raise Problem('%s: %s' % (name, (done.stderr or done.stdout).strip()
                                  or 'code %d' % done.returncode))
    return done.stdout
