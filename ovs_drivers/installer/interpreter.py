# SPDX-License-Identifier: Apache-2.0

"""Run the probe in the interpreter of an environment."""

import json
import os
import pkgutil
import subprocess
import threading

from ovs_drivers.installer import errors
from ovs_drivers.installer import owner

# Importing Nova on a slow, busy machine takes long; never for ever.
TIMEOUT = 300


def ask(python, action, *arguments, **options):
    """Return the probe's answer.

    :param options: ``user``: who runs the interpreter; default: the owner of
        what it runs
    :raises NotTrusted: there is no user who could do that for root
    :raises NoAnswer: the interpreter does not run, does not answer in
        time, or reports an error
    """
    user = options.get('user') or owner.of_interpreter(python)
    program = pkgutil.get_data('ovs_drivers.installer', 'probe.py')
    request = json.dumps({'do': action, 'arguments': arguments})
    try:
        process = subprocess.Popen(
            [python, '-W', 'ignore', '-c',
             program.decode('ascii')], cwd='/',
            env=_clean_environment(user), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=None if user.is_us else user.become)
    except OSError as error:
        raise NoAnswer(python, str(error))
    # Python 2.7 has no time-out for communicate().
    alarm = threading.Timer(TIMEOUT, process.kill)
    alarm.start()
    try:
        output, complaints = process.communicate(request.encode('ascii'))
    except BaseException:  # a termination must not leave it behind
        process.kill()
        process.wait()
        raise
    finally:
        alarm.cancel()
    try:
        answer = json.loads(output.decode('ascii'))
    except ValueError:
        raise NoAnswer(
            python, 'it ended with status %d and said: %s'
            % (process.returncode, _tail(complaints)))
    if 'error' in answer:
        raise NoAnswer(python, answer['error'], answer['traceback'])
    return answer['answer']


def _clean_environment(user):
    """Return an environment that says nothing of our own interpreter, and to
    another user nothing of ours."""
    environment = dict(os.environ) if user.is_us else {
        'HOME': user.home, 'PATH': os.defpath, 'LC_ALL': 'C'}
    environment.update(PYTHONDONTWRITEBYTECODE='1', PYTHONNOUSERSITE='1')
    for name in ('PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP'):
        environment.pop(name, None)
    return environment


def _tail(output):
    return output.decode('utf-8', 'replace').strip()[-1000:] or 'nothing'


class NoAnswer(errors.NothingFound):
    """An interpreter did not answer."""

    def __init__(self, python, reason, details=''):
        super(NoAnswer, self).__init__(
            '%s does not answer: %s' % (python, reason),
            'give a Python interpreter, or the folder of a virtual '
            'environment, that works')
        self.reason = reason
        self.details = details
