# SPDX-License-Identifier: Apache-2.0

"""The folders that the runner reads and writes."""

import hashlib
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CACHE = os.environ.get('OVS_CACHE') or os.path.join(
    os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'),
    'devstack-plugin-openvstorage')
LOGS = os.path.join(TOP, '.cache', 'test')
#: the tox environment of 2026.2 on this machine's Python
PY3 = 'py%d%d' % sys.version_info[:2]
PINS_OF_TOOLS = os.path.join(TOP, 'constraints', 'tools.txt')


def tools():
    """Return the folder of tox and bindep; each version has its own.

    Other runs may use theirs.
    """
    with open(PINS_OF_TOOLS, 'rb') as stream:
        key = hashlib.sha256(stream.read()).hexdigest()[:16]
    return os.path.join(CACHE, 'tools-' + key)


def values(results=''):
    """Return what stands between braces in a leg's command and variables."""
    return {'top': TOP, 'cache': CACHE, 'tools': tools(), 'results': results,
            'tox': os.path.join(CACHE, 'tox'), 'path': os.environ['PATH']}
