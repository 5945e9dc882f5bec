# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""A real `ovs-edge` with a store of its own: OVS_EDGE names the program."""

import os
import select
import signal
import socket
import subprocess
import tempfile
import time

#: A start takes milliseconds; this is for a machine that is busy.
START_SECONDS = 30


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


class Engine:

    def __init__(self, boot_id=None):
        self.program = os.environ.get('OVS_EDGE')
        if not self.program:
            raise RuntimeError('set OVS_EDGE to the engine to test against')
        self.folder = tempfile.TemporaryDirectory(prefix='ovs-edge-')
        self.store = os.path.join(self.folder.name, 'store')
        os.mkdir(self.store)
        self.log = open(os.path.join(self.folder.name, 'log'), 'w+b')
        self.port = 0  # any, and the same after a restart
        self.boot_id = boot_id
        self.process = None
        self.start()

    def start(self):
        environment = dict(os.environ)
        environment.pop('LD_PRELOAD', None)  # it is instrumented itself
        command = [self.program, 'serve', '--data', self.store,
                   '--listen', '127.0.0.1:%d' % self.port]
        if self.boot_id:
            command += ['--boot-id', self.boot_id]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log, env=environment)
        self.wait_until_ready()

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        line = b''
        while b'\n' not in line:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                raise RuntimeError('the engine is not ready after %d s: %s'
                                   % (START_SECONDS, self.said()))
            part = os.read(self.process.stdout.fileno(), 4096)
            if not part:
                raise RuntimeError('the engine did not start: '
                                   + self.said())
            line += part
        self.port = int(line.decode().rpartition(':')[2])

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors='replace')[-2000:]

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(START_SECONDS)
        self.process.stdout.close()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.log.close()
        self.folder.cleanup()
