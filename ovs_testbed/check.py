# SPDX-License-Identifier: Apache-2.0

"""``check``: tests a running testbed and says what came of it."""

import time

from harness import files
from harness import progress
from ovs_testbed import matrix
from ovs_testbed import namespaces
from ovs_testbed import sandbox
from ovs_testbed import smoke
from ovs_testbed import status
from ovs_testbed import suites

SMOKE = 'smoke'
SUITES = sorted(suites.SUITES) + [SMOKE]
DEFAULT = 'plugin'


def check(testbed, suite, stream):
    """Run a suite of tests; return the results. Failures raise."""
    screen = progress.Progress(stream)
    screen.say()
    box = sandbox.Sandbox(testbed)
    idle = sum(status.memory(pid) for pid in box.processes())
    screen.say('idle, the stack takes %d MiB' % (idle >> 20))
    started = time.monotonic()
    passed, results = (_smoke if suite == SMOKE else _tempest)(
        testbed, suite, screen)
    results = dict(
        results, suite=suite, verdict='passed' if passed else 'failed',
        seconds=time.monotonic() - started, idle_memory_bytes=idle)
    files.write_json(testbed.path('check.json'), results)
    if not passed:
        raise suites.TestsFailed('suite "%s": tests failed' % suite, results,
                                 testbed.log('tempest-run'))
    matrix.note_green(testbed, suite)
    return results


def _tempest(testbed, suite, screen):
    run = suites.Run(testbed, suite, screen)
    return run.perform(), files.read_json(run.results, {})


def _smoke(testbed, _suite, screen):
    """The way of one volume; its first failure raises."""
    started = time.monotonic()
    with namespaces.entered(testbed.net):
        rows = smoke.Smoke(testbed, screen).run()
    rows.append((SMOKE, time.monotonic() - started))
    timings = progress.Timings(testbed.cache.path('timings-smoke.json'))
    screen.say()
    for line in timings.table(rows):
        screen.say(line)
    timings.keep(rows)
    screen.say()
    screen.say('%d passed, 0 failed' % (len(rows) - 1))
    return True, {'passed': len(rows) - 1, 'failed': 0, 'skipped': 0,
                  'tests': [{'name': name, 'seconds': seconds}
                            for name, seconds in rows[:-1]]}
