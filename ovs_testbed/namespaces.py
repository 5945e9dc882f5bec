# SPDX-License-Identifier: Apache-2.0

"""Entering a network namespace, for one thread or for the whole process."""

import contextlib
import ctypes
import os

_NEW_NET = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    """Move this thread to a network namespace; its sockets stay where they
    were made."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(descriptor, _NEW_NET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def entered(path):
    """Be in a network namespace, this thread and the commands it runs."""
    back = os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(path)
        try:
            yield
        finally:
            enter('/proc/self/fd/%d' % back)
    finally:
        os.close(back)
