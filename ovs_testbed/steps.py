# SPDX-License-Identifier: Apache-2.0

"""Runs steps, each after those that it needs, side by side where it can."""

import concurrent.futures

from harness import errors
from harness import run
from harness import wait

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
    """The outcome of a step.

    :param was_needed: it was not done already
    """

    def __init__(self, step, was_needed, seconds):
        self.step = step
        self.was_needed = was_needed
        self.seconds = seconds


class StepFailed(errors.Error):
    """A step ended with an error."""

    def __init__(self, step, error):
        super().__init__(str(error) or type(error).__name__, error.hint,
                         error.log)
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


def perform(steps, progress):
    """Do all steps; return their outcomes in the order of their ends.

    The first failure ends the run: nothing new is begun, what is under way
    is stopped.
    """
    check(steps)
    wait.stopped.clear()
    waits = {step.name: step for step in steps}
    outcomes, running = [], {}
    pool = concurrent.futures.ThreadPoolExecutor(_TOGETHER)
    try:
        while waits or running:
            done = {outcome.step.name for outcome in outcomes}
            for step in list(waits.values()):
                if done.issuperset(step.after):
                    del waits[step.name]
                    running[pool.submit(_perform, step, progress)] = step
            ended, _ = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED)
            outcomes += [_outcome(future, running.pop(future))
                         for future in ended]
    except BaseException:
        run.stop_all()
        pool.shutdown(cancel_futures=True)
        wait.stopped.clear()
        raise
    pool.shutdown()
    return outcomes


def _perform(step, progress):
    with progress.phase(step.title, step.name) as phase:
        if step.is_done():
            phase.detail = 'done before'
            return Outcome(step, False, phase.seconds)
        phase.detail = step.action() or ''
        return Outcome(step, True, phase.seconds)


def _outcome(future, step):
    try:
        return future.result()
    except errors.Error as error:
        raise StepFailed(step, error) from error
    except Exception as error:
        raise StepFailed(step, errors.Error(
            '%s: %s' % (type(error).__name__, error))) from error
