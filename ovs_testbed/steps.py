# SPDX-License-Identifier: Apache-2.0

"""Runs steps, each after those that it needs, side by side where it can."""

import concurrent.futures
import time

from ovs_testbed import errors
from ovs_testbed import run
from ovs_testbed import waiting

_TOGETHER = 4


class Step:
    """Something to be done.

    :param name: short and unique
    :param title: what it does, for people
    :param action: does it; may return a word on how
    :param is_done: returns true if it is done already
    :param after: names of the steps that have to be done before
    """

    def __init__(self, name, title, action, is_done=None, after=()):
        self.name = name
        self.title = title
        self.action = action
        self.is_done = is_done or (lambda: False)
        self.after = tuple(after)


class Outcome:
    """The outcome of a step."""

    def __init__(self, step, result, seconds, detail=''):
        self.step = step
        self.result = result
        self.seconds = seconds
        self.detail = detail


class StepFailed(errors.TestbedError):
    """A step ended with an error."""

    def __init__(self, step, error):
        super().__init__(str(error) or type(error).__name__,
                         getattr(error, 'hint', None),
                         getattr(error, 'log', None))
        self.step = step


def check(steps):
    """Raise unless the steps can be put in an order."""
    known = set()
    for step in steps:
        if step.name in known:
            raise ValueError('two steps are called %s' % step.name)
        for name in step.after:
            if name not in known:
                raise ValueError('%s comes after %s, which does not come '
                                 'before it' % (step.name, name))
        known.add(step.name)


def perform(steps, display):
    """Do all steps; return their outcomes in the order of their ends.

    The first failure ends the run: nothing new is begun, what is under way
    is stopped.
    """
    check(steps)
    waiting.stopped.clear()
    waits = {step.name: step for step in steps}
    outcomes, running = [], {}
    pool = concurrent.futures.ThreadPoolExecutor(_TOGETHER)
    try:
        while waits or running:
            done = {outcome.step.name for outcome in outcomes}
            for step in list(waits.values()):
                if done.issuperset(step.after):
                    del waits[step.name]
                    display.begins(step)
                    running[pool.submit(_perform, step)] = step
            ended, _ = concurrent.futures.wait(
                running, timeout=0.2,
                return_when=concurrent.futures.FIRST_COMPLETED)
            display.turn()
            for future in ended:
                step = running.pop(future)
                outcome = _outcome(future, step, display)
                display.ends(outcome)
                outcomes.append(outcome)
    except BaseException:
        waiting.stopped.set()
        run.stop_all()
        pool.shutdown(cancel_futures=True)
        waiting.stopped.clear()
        raise
    pool.shutdown()
    return outcomes


def _perform(step):
    started = time.monotonic()
    if step.is_done():
        return Outcome(step, 'done before', time.monotonic() - started)
    detail = step.action()
    return Outcome(step, 'done', time.monotonic() - started, detail or '')


def _outcome(future, step, display):
    try:
        return future.result()
    except errors.TestbedError as error:
        display.fails(step)
        raise StepFailed(step, error) from error
    except Exception as error:
        display.fails(step)
        raise StepFailed(step, errors.TestbedError(
            '%s: %s' % (type(error).__name__, error))) from error
