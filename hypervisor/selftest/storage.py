# SPDX-License-Identifier: Apache-2.0

"""A vPool for the test: the engine alone, which is all that moves bytes."""

import os
import select
import subprocess

from harness import errors
from harness import run

_READY_SECONDS = 60
_STOP_SECONDS = 60


class Storage:
    """The engine of the prefix, on a store and a free port of its own."""

    def __init__(self, prefix, folder):
        self._binary = os.path.join(prefix, 'bin', 'ovs-edge')
        self._data = os.path.join(folder, 'store')
        self._listen = '127.0.0.1:0'
        self._process = None
        self.log = os.path.join(folder, 'ovs-edge.log')
        os.mkdir(self._data)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        if self._process.poll() is None:
            self.kill()

    @property
    def host(self):
        return self._listen.rsplit(':', 1)[0]

    @property
    def port(self):
        return int(self._listen.rsplit(':', 1)[1])

    def location(self, volume):
        return 'openvstorage+tcp:%s/%s' % (self._listen, volume)

    def start(self):
        """Start it, again at the same port after it was killed."""
        with open(self.log, 'ab') as log:
            try:
                self._process = subprocess.Popen(
                    [self._binary, 'serve', '--data', self._data,
                     '--listen', self._listen], stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=log,
                    start_new_session=True)
            except FileNotFoundError:
                raise errors.Error('there is no %s' % self._binary)
        stdout = self._process.stdout
        ready = select.select([stdout], [], [], _READY_SECONDS)[0]
        words = stdout.readline().decode().split() if ready else []
        if words[:1] != ['ready']:
            self.kill()
            raise errors.Error('ovs-edge did not serve within %d s; see '
                               '%s' % (_READY_SECONDS, self.log))
        self._listen = words[1]

    def kill(self):
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def check(self):
        """Stop it; a Problem unless its store is sound."""
        self._process.terminate()
        try:
            code = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise errors.Error('ovs-edge did not stop within %d s'
                               % _STOP_SECONDS)
        self._process.stdout.close()
        if code != 0:
            raise errors.Error('ovs-edge stopped with code %d; see %s'
                               % (code, self.log))
        run.run([self._binary, 'check', '--data', self._data], timeout=60)
