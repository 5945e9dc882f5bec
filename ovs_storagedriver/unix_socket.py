# SPDX-License-Identifier: Apache-2.0

"""Unix sockets in folders of any depth.

The address of a unix socket holds 107 bytes; a data folder's path may be
longer. Through /proc every folder that is open has a short path.
"""

import contextlib
import os
import socket


@contextlib.contextmanager
def short_path(path):
    """Give a path to the same socket that fits into an address."""
    folder = os.open(os.path.dirname(path) or '.', os.O_PATH | os.O_DIRECTORY)
    try:
        yield '/proc/self/fd/%d/%s' % (folder, os.path.basename(path))
    finally:
        os.close(folder)


def connect(path, timeout):
    """Return a socket that is connected to the one at PATH.

    :raises: OSError
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(timeout)
        with short_path(path) as address:
            connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection
