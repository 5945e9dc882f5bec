# SPDX-License-Identifier: Apache-2.0

"""Questions that are asked inside of the testbed, by the Python that its
services run in: ``questions.py`` is that program."""

import json
import os

from harness import errors
from harness import run
from ovs_testbed import plugin_path
from ovs_testbed.services import base

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        'questions.py')
#: beyond the time of the questions: Python has to start, on a busy machine
_START_SECONDS = 30
#: until no answer counts as silence: this machine may be busy
SECONDS = 9


class Answer:
    """What came of a question.

    :param kind: '' if all is well, else "denied", "refused" (nothing
                 listens), "silent" (no answer in time), "missing" or "failed"
    :param said: the error's own words
    :param facts: what was learned
    """

    def __init__(self, kind, said='', facts=None):
        self.kind = kind
        self.said = said
        self.facts = facts or {}


def ask(patient, questions, seconds=SECONDS):
    """Return the answers to questions, in their order. Those without an
    answer are asked twice: a service that is busy may lose a request.

    :param questions: pairs of a function of questions.py and its arguments
    """
    questions = list(questions)
    answers = _ask(patient, questions, seconds)
    silent = [number for number, answer in enumerate(answers)
              if answer.kind == 'silent']
    if silent:
        again = _ask(patient, [questions[number] for number in silent],
                     seconds)
        for number, answer in zip(silent, again):
            answers[number] = answer
    return answers


def _ask(patient, questions, seconds):
    testbed = patient.testbed
    python = os.path.join(testbed.cache.environment, 'bin', 'python')
    try:
        said = run.run(
            patient.sandbox.inside([python, '-W', 'ignore', _PROGRAM], '/'),
            stdin=json.dumps({'seconds': seconds, 'questions': questions}),
            # nothing of this process, whose Python has the checkout's drivers
            clean=True,
            env=dict(base.ENVIRONMENT, PATH=plugin_path.read(testbed)),
            timeout=seconds + _START_SECONDS)
    except errors.Error as error:
        return [Answer('failed', str(error)) for _ in questions]
    return [Answer(**fields) for fields in json.loads(said)]
