# SPDX-License-Identifier: Apache-2.0

"""Which legs run side by side, and in which order."""

import asyncio
import os


class Job:
    """One run of a leg."""

    def __init__(self, layer, leg, seconds, run=1):
        self.layer = layer
        self.leg = leg
        self.seconds = seconds
        self.run = run

    @property
    def name(self):
        return '%s-%s' % (self.layer, self.leg.name)

    def excludes(self, other):
        """Return whether two jobs must not run side by side."""
        return self.name == other.name or (
            bool(self.leg.alone) and self.leg.alone == other.leg.alone)


def in_order(jobs):
    """Return jobs, first the ones that the end waits for longest.

    Jobs that exclude each other count as one long job.
    """
    def weight(job):
        return sum(other.seconds for other in jobs if job.excludes(other))
    return sorted(jobs, key=lambda job: (job.run, -weight(job), -job.seconds))


def may_start(job, running, processors):
    """Return whether a job may start beside those that run.

    All together keep no more processors busy than there are. Tests with
    limits of time would fail otherwise.
    """
    if not running:
        return True
    return (not any(job.excludes(other) for other in running) and
            sum(each.leg.load for each in [job, *running]) <= processors)


async def run(jobs, start, processors=os.cpu_count()):
    """Run jobs; ``start`` is a coroutine function of a job.

    If this is cancelled, all jobs are, and have ended when it returns.
    """
    waiting, running = in_order(jobs), {}
    try:
        while waiting or running:
            for job in list(waiting):
                if may_start(job, running.values(), processors):
                    waiting.remove(job)
                    running[asyncio.ensure_future(start(job))] = job
            done, _ = await asyncio.wait(
                running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del running[task]
                task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
