# SPDX-License-Identifier: Apache-2.0

"""Which legs run side by side."""

import asyncio

import pytest

from tests.runner import legs
from tests.runner import schedule


def job(name, seconds=1, load=1, alone='', run=1):
    return schedule.Job('layer', legs.Leg(name, (), 'junit', load=load,
                                          alone=alone), seconds, run)


def run(jobs, processors=2):
    """Run jobs, of which the first always ends first.

    Return the names of those that ran whenever one had started.
    """
    running, seen = {}, []

    async def start(this):
        running[this] = asyncio.Event()
        seen.append(' '.join(each.leg.name for each in running))
        asyncio.get_running_loop().call_soon(end_the_first)
        await running[this].wait()

    def end_the_first():
        if running:
            running.pop(next(iter(running))).set()

    asyncio.run(schedule.run(jobs, start, processors))
    return seen


def test_the_longest_first():
    assert run([job('a', 1), job('b', 3), job('c', 2)], 1) == ['b', 'c', 'a']


def test_jobs_that_exclude_each_other_count_as_one():
    assert [each.leg.name for each in schedule.in_order([
        job('a', 5), job('b', 4, alone='disk'), job('c', 2, alone='disk')])
    ] == ['b', 'c', 'a']


def test_as_many_as_keep_the_processors_busy():
    running = [job('a', load=1), job('b', load=0.5)]
    assert schedule.may_start(job('c', load=0.5), running, 2)
    assert not schedule.may_start(job('c', load=0.6), running, 2)


def test_one_runs_whatever_it_takes():
    assert schedule.may_start(job('a', load=9), [], 1)


@pytest.mark.parametrize('other, excluded', [
    (job('b', alone='disk'), True), (job('b', alone='tape'), False),
    (job('b'), False), (job('a', run=2), True)])
def test_exclusion(other, excluded):
    this = job('a', alone='disk')
    assert this.excludes(other) == excluded
    assert schedule.may_start(this, [other], 9) != excluded


def test_excluded_jobs_let_others_pass():
    seen = run([job('a', 9, alone='disk'), job('b', 8, alone='disk'),
                job('c', 1)], 9)
    assert seen[:2] == ['a', 'a c']
    assert seen[-1] in ('b', 'c b')


def test_all_end_when_one_is_broken():
    ended = []

    async def start(this):
        if this.leg.name == 'broken':
            raise ValueError('broken')
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(this.leg.name)

    with pytest.raises(ValueError):
        asyncio.run(schedule.run([job('a', 2), job('broken', 1)], start, 9))
    assert ended == ['a']
