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

"""No client stops, starves or deadlocks another."""

import concurrent.futures
import errno
import signal

import pytest

from support import engine as engines
from support import wire
from support.hang import HangingDisk

MIB = 1 << 20
STOPPED_WITHOUT_WAITING = 3     # exit status


def with_snapshot(control, name):
    made = control.create(name, MIB)
    control.snapshot(name, 's')
    control.wait_synced(name, 's')
    return made


def beside(actions):
    """Carries out the actions at the same time, within a bound."""
    with concurrent.futures.ThreadPoolExecutor(len(actions)) as threads:
        for done in [threads.submit(action) for action in actions]:
            done.result(engines.WAIT)


def test_a_clone_that_takes_its_parent_for_itself(control):
    volume = with_snapshot(control, 'v')
    with pytest.raises(wire.Refused) as caught:
        control.clone('v', 's', 'v', volume.id)
    assert caught.value.errno == errno.EEXIST
    assert control.truncate('v', 2 * MIB) == 2 * MIB


def test_clones_crosswise(control, engine):
    """Each asks for the other's parent: none waits for the other."""
    a, b = with_snapshot(control, 'a'), with_snapshot(control, 'b')

    def clone(parent, as_):
        with engine.options() as client:
            for _ in range(300):
                assert client.clone(parent, 's', as_.name, as_.id).id == as_.id

    beside([lambda: clone('a', b), lambda: clone('b', a)] * 4)


def test_a_stop_ends_although_the_disk_hangs(data):
    disk = HangingDisk(data, sync='.data')
    engine = engines.Engine(data, env=disk.env, extra=['--stop-limit', '2'])
    with engine.options() as control:
        control.create('v', MIB)
    client = engine.open('v')
    client.write(0, b'flushed')
    client.flush()
    client.write(100, b'acknowledged')
    with disk:
        client.send(wire.FLUSH)
        disk.wait_for_calls(1)
        engine.process.send_signal(signal.SIGTERM)
        assert engine.process.wait(engines.WAIT) == STOPPED_WITHOUT_WAITING
    log = engine.log_text()
    assert "'v' did not end: 1 of its requests" in log
    assert 'the stop did not end in 2 s' in log
    client.close()
    engine.start()
    with engine.open('v') as client:
        assert client.read(0, 7) == b'flushed'
        assert client.read(100, 12) == b'acknowledged'
    engine.stop()
