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
"""``check``: tests a running testbed and says what came of it."""

import os
import time

from ovs_testbed import cloud
from ovs_testbed import display
from ovs_testbed import files
from ovs_testbed import namespaces
from ovs_testbed import plugin_path
from ovs_testbed import room
from ovs_testbed import smoke
from ovs_testbed import status
from ovs_testbed import tempest


def variables(testbed):
    """What commands in the room are run with."""
    return dict(cloud.variables(testbed), PATH=plugin_path.read(testbed),
                TEMPEST_CONFIG=tempest.conf(testbed),
                TEMPEST_CONFIG_DIR=os.path.dirname(tempest.conf(testbed)))


def check(testbed, stream):
    """Run the tests; return the exit code. Failures raise."""
    screen = display.Display(stream)
    screen.say()
    idle = sum(status.memory(pid) for pid in room.Room(testbed).processes())
    started = time.monotonic()
    with namespaces.entered(testbed.net):
        rows = smoke.Smoke(testbed, screen).run()
    rows.append(('smoke', time.monotonic() - started))
    timings = display.Timings(testbed.cache.path('timings-smoke.json'))
    screen.say()
    for line in timings.table(rows):
        screen.say(line)
    timings.keep(rows)
    files.write_json(testbed.path('check.json'), {
        'verdict': 'passed', 'seconds': dict(rows),
        'idle_memory_bytes': idle})
    screen.say()
    screen.say('idle, the stack took %d MiB' % (idle >> 20))
    screen.say('passed: %d of %d steps' % (len(rows) - 1, len(rows) - 1))
    return 0
