# SPDX-License-Identifier: Apache-2.0

"""A newer meson than the distribution's, for what needs one."""

import os
import shutil

from harness import apt
from harness import errors
from harness import run

_PIN = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__)))), 'constraints', 'meson.txt')


def python(least, store):
    """Return the Python of an environment that has a meson that is new
    enough; None if the distribution's is."""
    if not least or not apt.unmet(['meson (>= %s)' % least]):
        return None
    return store.path('tools', 'meson', 'bin', 'python3')


def make(least, store, offline):
    """Make the environment, if it is needed and not there."""
    path = python(least, store)
    if not path or os.path.exists(path):
        return
    if offline:
        raise errors.Error(
            'the build needs meson %s, which neither the distribution nor '
            'the cache has' % least, 'run this without --offline')
    home = store.path('tools', 'meson')
    log = store.log('meson')
    shutil.rmtree(home, ignore_errors=True)
    draft = home + '.new'
    shutil.rmtree(draft, ignore_errors=True)
    run.run(['/usr/bin/python3', '-m', 'venv', draft], log, clean=True,
            hint='install python3-venv')
    # nothing of it is run by its own path: QEMU asks the Python
    run.run([os.path.join(draft, 'bin', 'python3'), '-m', 'pip', 'install',
             '--require-hashes', '--only-binary', ':all:', '-r', _PIN],
            log, clean=True, why=run.first_error,
            hint='run this again when the network works')
    os.rename(draft, home)
