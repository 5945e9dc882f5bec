# SPDX-License-Identifier: Apache-2.0

"""Native threads, which cinder-volume can run in instead of green ones."""

import sys


def settle():
    """Have eventlet's pool of threads run what it is given where it is asked.

    Cinder 29 gives it the files of images in native threads, too. There it
    answers one thread, the first that asks; all others would wait for ever.
    """
    patcher = sys.modules.get('eventlet.patcher')
    if patcher and not patcher.is_monkey_patched('thread'):
        from eventlet import tpool
        tpool.set_num_threads(0)
