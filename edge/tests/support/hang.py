# SPDX-License-Identifier: Apache-2.0

"""An engine whose disk does not answer, for as long as a test wants."""

import os

import pytest

from support import engine as engines


class HangingDisk:
    """Writes to, or syncs of, files with a suffix wait while it hangs."""

    def __init__(self, data, sync=None, write=None):
        self._file = data + '.hangs'
        names = {'HANG_SYNC': sync, 'HANG_WRITE': write}
        self.env = {name: suffix for name, suffix in names.items() if suffix}
        self.env.update(HANG_WHILE=self._file, LD_PRELOAD=_library())

    def __enter__(self):
        open(self._file, 'w').close()
        return self

    def __exit__(self, *_):
        os.unlink(self._file)

    def waiting(self):
        """Count the calls that have waited since the disk began to hang."""
        return os.path.getsize(self._file)

    def wait_for_calls(self, count):
        engines.poll('%d calls that hang' % count,
                     lambda: self.waiting() >= count)


def _library():
    if engines.is_sanitized():
        pytest.skip('the library of a sanitizer has to be the first one')
    path = os.environ.get('OVS_HANG')
    if not path:
        raise RuntimeError('set OVS_HANG to the library hang.so')
    return path
