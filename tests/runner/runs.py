# SPDX-License-Identifier: Apache-2.0

"""Runs of legs: each with a log, results, and its time for the next run."""

import asyncio
import contextlib
import json
import os
import signal
import time

from tests.runner import environments
from tests.runner import paths
from tests.runner import printing
from tests.runner import processes
from tests.runner import results
from tests.runner import schedule

#: no leg may hang
_LIMIT_SECONDS = 3600


async def run(legs, repeat=1):
    """Run legs, pairs of layer and leg; return the exit status."""
    # as asyncio does it with SIGINT
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, asyncio.current_task().cancel)
    times = _Times(os.path.join(paths.CACHE, 'test-times.json'))
    runner = _Runner(times, numbered=repeat > 1)
    try:
        await schedule.run([
            schedule.Job(layer, leg, times.of(layer, leg), number)
            for number in range(1, repeat + 1) for layer, leg in legs],
            runner.run)
    finally:
        await runner.stop()
        times.write()
    return runner.finish()


class _Times:
    """How long each leg took when it passed last."""

    def __init__(self, path):
        self._path = path
        self._seconds = {}
        with contextlib.suppress(FileNotFoundError, ValueError), \
                open(path) as stream:
            self._seconds = json.load(stream)

    def of(self, layer, leg):
        return self._seconds.get('%s-%s' % (layer, leg.name), leg.seconds)

    def note(self, job, seconds):
        self._seconds[job.name] = round(seconds, 1)

    def write(self):
        draft = '%s.%d' % (self._path, os.getpid())
        with open(draft, 'w') as stream:
            json.dump(self._seconds, stream, indent=1, sort_keys=True)
        os.replace(draft, self._path)


class _Runner:
    """Runs legs and tells how they went."""

    def __init__(self, times, numbered):
        self._times = times
        self._numbered = numbered
        self._maker = environments.Maker()
        self._printer = printing.Printer()

    async def run(self, job):
        """Run a leg, tell how it went."""
        name = job.name + ('-%d' % job.run if self._numbered else '')
        path = os.path.join(paths.LOGS, name + '.log')
        started = time.monotonic()
        self._printer.started(job)
        with open(path, 'w') as log:
            suites = await self._suites(job, log)
        seconds = time.monotonic() - started
        found = results.Results(suites)
        found.write(os.path.join(paths.LOGS, 'junit', name + '.xml'), seconds)
        if not found.failed:
            self._times.note(job, seconds)
        self._printer.ended(job, found, seconds, path)

    async def _suites(self, job, log):
        """Make what a leg needs, run its command; return its results."""
        values = paths.values(os.path.join(paths.LOGS, 'results', job.name))
        folder = job.leg.folder.format_map(values)
        try:
            for need in job.leg.needs:
                await self._maker.make(need, log)
            results.clear(folder)
            status = await asyncio.wait_for(processes.run(
                [word.format_map(values) for word in job.leg.command], log,
                {name: value.format_map(values)
                 for name, value in job.leg.variables.items()}),
                _LIMIT_SECONDS)
        except environments.NotMade as error:
            print(error, file=log)
            return [results.suite_of(str(error))]
        except asyncio.TimeoutError:
            return [results.suite_of('no end after %d s' % _LIMIT_SECONDS)]
        return await asyncio.to_thread(
            results.read, job.leg.results, folder, status)

    async def stop(self):
        """End what is still being made."""
        await self._maker.stop()

    def finish(self):
        """Print the sums; return the exit status."""
        return self._printer.finish(self._numbered)
