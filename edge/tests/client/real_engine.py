# SPDX-License-Identifier: Apache-2.0

"""A real engine, started as edge/tests/support does; no library is needed."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

from support import engine as engines  # noqa: E402


# Not what this host may have in /etc/openvstorage.
os.environ.setdefault('OVS_EDGE_CONFIG', os.devnull)

#: More arguments of `serve`.
arguments = []


def start(add_cleanup):
    """A real engine with a store of its own."""
    folder = tempfile.TemporaryDirectory(prefix='ovs-edge-')
    add_cleanup(folder.cleanup)
    store = os.path.join(folder.name, 'store')
    os.mkdir(store)
    # A sanitizer's runtime is preloaded for Python only.
    engine = engines.Engine(store, env={'LD_PRELOAD': ''}, extra=arguments)
    add_cleanup(engine.__exit__)
    return engine
