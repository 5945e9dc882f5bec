# SPDX-License-Identifier: Apache-2.0

"""Questions that are asked where the services run, by the Python that they
run in: ``questions.py`` is that program."""

import json
import os

from ovs_doctor import patient as patients
from ovs_doctor import run

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        'questions.py')
#: beyond the time of the questions: Python has to start, on a busy machine
_START_SECONDS = 30
#: until no answer counts as silence: this machine may be busy
SECONDS = 9


class Answer:
    """The answer to a question.

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

    :param questions: a function of questions.py, its arguments, and the
                      Program whose Python is asked
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
    """Ask each Python its own questions, all side by side."""
    numbers = {}
    for number, (_name, _arguments, program) in enumerate(questions):
        numbers.setdefault(program.python, []).append(number)
    found = patients.together({python: lambda python=python: _ask_one(
        patient, [questions[number] for number in numbers[python]], seconds)
        for python in numbers}, seconds + 2 * _START_SECONDS)
    answers = {}
    for python in numbers:
        answers.update(zip(numbers[python], found.get(python) or [
            Answer('failed', '%s did not end' % python)] * len(questions)))
    return [answers[number] for number in range(len(questions))]


def _ask_one(patient, questions, seconds):
    """Ask one Python; nothing of this process's own Python gets there."""
    program = questions[0][2]
    if not program.python:
        return [Answer('failed', 'the Python of %s is not found'
                       % program.name) for _ in questions]
    try:
        said = run.run(
            patient.inside([program.python, '-W', 'ignore', _PROGRAM]),
            stdin=json.dumps({'seconds': seconds, 'questions': [
                [name, arguments] for name, arguments, _ in questions]}),
            path=program.path, timeout=seconds + _START_SECONDS)
        return [Answer(**fields) for fields in json.loads(said)]
    except (run.Failed, ValueError) as error:
        return [Answer('failed', str(error)) for _ in questions]
