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


def check(testbed, suite, stream, tests=None):
    """Run a suite of tests; return the results. Failures raise.

    :param tests: a regular expression: only those whose names have it
    """
    screen = progress.Progress(stream)
    screen.say()
    box = sandbox.Sandbox(testbed)
    idle = sum(status.memory(pid) for pid in box.processes())
    screen.say('idle, the stack takes %d MiB' % (idle >> 20))
    started = time.monotonic()
    run = sabotage.Run(testbed, screen, tests) if suite == SABOTAGE \
        else suites.Run(testbed, suite, screen, tests)
    passed = run.perform()
    results = dict(
        files.read_json(run.results, {}), suite=suite, tests=tests,
        verdict='passed' if passed else 'failed',
        seconds=time.monotonic() - started, idle_memory_bytes=idle)
    files.write_json(testbed.path('check.json'), results)
    if not passed:
        raise suites.TestsFailed('suite "%s": tests failed' % suite, results,
                                 run.log)
    if not tests:
        matrix.note_green(testbed, suite)
    return results
