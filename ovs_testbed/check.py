# SPDX-License-Identifier: Apache-2.0

"""``check``: tests a running testbed and says what came of it."""

import time

from harness import files
from harness import progress
from ovs_testbed import matrix
from ovs_testbed import sandbox
from ovs_testbed import status
from ovs_testbed import suites
from ovs_testbed.sabotage import suite as sabotage

SABOTAGE = 'sabotage'
SUITES = sorted([*suites.SUITES, SABOTAGE])
DEFAULT = 'plugin'


def check(testbed, suite, stream, faults=()):
    """Run a suite of tests; return the results. Failures raise.

    :param faults: names of those that the suite "sabotage" is to try; none
                   means all
    """
    screen = progress.Progress(stream)
    screen.say()
    box = sandbox.Sandbox(testbed)
    idle = sum(status.memory(pid) for pid in box.processes())
    screen.say('idle, the stack takes %d MiB' % (idle >> 20))
    started = time.monotonic()
    run = sabotage.Run(testbed, screen, faults) if suite == SABOTAGE \
        else suites.Run(testbed, suite, screen)
    passed = run.perform()
    results = dict(
        files.read_json(run.results, {}), suite=suite,
        verdict='passed' if passed else 'failed',
        seconds=time.monotonic() - started, idle_memory_bytes=idle)
    files.write_json(testbed.path('check.json'), results)
    if not passed:
        raise suites.TestsFailed('suite "%s": tests failed' % suite, results,
                                 run.log)
    matrix.note_green(testbed, suite)
    return results
