# SPDX-License-Identifier: Apache-2.0

"""The lock of a volume: one for all that a driver does with it.

cinder-volumes on several hosts have it in common where Cinder's coordination
has a back end that they share.
"""

import contextlib

from cinder import coordination


@contextlib.contextmanager
def attempt(name_id):
    """Hold the lock of a volume if it is free; yield true if we have it.

    For work that can wait. The caller may hold the lock of another volume.
    """
    lock = coordination.COORDINATOR.get_lock('ovs-%s' % name_id)
    held = lock.acquire(blocking=False)
    try:
        yield held
    finally:
        if held:
            lock.release()


def forget(name_id):
    """Remove the files that the lock of a removed volume leaves."""
    remove = getattr(coordination, 'synchronized_remove', None)
    if remove:
        remove('ovs-%s' % name_id)
