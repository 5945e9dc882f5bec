# SPDX-License-Identifier: Apache-2.0

"""Hosts (network namespaces) whose cable is pulled."""

import contextlib
import ctypes
import os
import subprocess
import threading
import uuid

import pytest

from support import engine as engines
from support import wire

CLONE_NEWNET = 0x40000000
ADDRESSES = {'server': '192.0.2.1', 'client': '192.0.2.2'}


def ip(*arguments):
    subprocess.run(('ip',) + arguments, check=True, timeout=engines.WAIT)


class Cable:
    """Joins two hosts, "server" and "client"; this one sees neither."""

    def __enter__(self):
        self.hosts = {name: 'edge-%s-%d' % (name, os.getpid())
                      for name in ADDRESSES}
        with contextlib.ExitStack() as made:
            for name in self.hosts.values():
                ip('netns', 'add', name)
                made.callback(ip, 'netns', 'del', name)
            ip('-n', self.hosts['server'], 'link', 'add', 'cable', 'type',
               'veth', 'peer', 'name', 'cable', 'netns', self.hosts['client'])
            for name, address in ADDRESSES.items():
                self.ip(name, 'address', 'add', address + '/30', 'dev',
                        'cable')
                self.ip(name, 'link', 'set', 'cable', 'up')
            self.undo = made.pop_all()
        return self

    def __exit__(self, *_):
        self.undo.close()

    def ip(self, name, *arguments):
        ip('-n', self.hosts[name], *arguments)

    def pull(self):
        self.ip('server', 'link', 'set', 'cable', 'down')

    def command(self, name):
        """Return the words that run a command on that host."""
        return 'ip', 'netns', 'exec', self.hosts[name]

    def run(self, name, action):
        """Run the action on that host; its sockets stay there."""
        made, libc = [], ctypes.CDLL(None, use_errno=True)

        def there():
            with open('/run/netns/' + self.hosts[name]) as namespace:
                assert libc.setns(namespace.fileno(), CLONE_NEWNET) == 0
            made.append(action())

        thread = threading.Thread(target=there)
        thread.start()
        thread.join(engines.WAIT)
        return made[0]


@pytest.fixture
def cable():
    try:
        cable = Cable().__enter__()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip('no network namespaces can be made: %s' % error)
    yield cable
    cable.__exit__()


@pytest.mark.waits
def test_sessions_of_a_dead_host_go_within_a_minute(data, folder, cable):
    """Idle sessions end, and so do sessions with replies to come."""
    with engines.Engine(data, listen=(ADDRESSES['server'] + ':0',),
                        control=os.path.join(folder, 'control'),
                        prefix=cable.command('server')) as engine:
        with wire.Options(engine.control) as control:
            control.create('v', 64 << 20)
            clients = [
                cable.run('client', lambda: engine.open('v', uuid.uuid4()))
                for _ in range(4)]
            for client in clients[:2]:
                client.write(0, b'there')
                for _ in range(32):
                    client.send(wire.READ, 0, 1 << 20)
            assert control.info('v').opens == 4
            cable.pull()
            engines.poll('their end', lambda: control.info('v').opens == 0, 60)
        engine.stop()
