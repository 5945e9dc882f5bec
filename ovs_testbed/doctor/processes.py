# SPDX-License-Identifier: Apache-2.0

"""Do the programs of the testbed run, move and answer?"""

import os

from harness import errors
from ovs_testbed import sandbox
from ovs_testbed import status
from ovs_testbed.doctor import finding
from ovs_testbed.doctor import patient as patients
from ovs_testbed.services import base

#: until a service counts as one that does not answer
_SECONDS = 10
#: the states of a process that a signal or a debugger has stopped
_STOPPED = 'Tt'


def foundations(patient):
    """Look at what all services rest on, and at the plugin's programs."""
    yield _python(patient)
    yield from _frozen(patient)
    yield from _services(patient, [
        service for service in patient.services.values()
        if _is_foundation(service)])
    own = {program.name for service in patient.services.values()
           for program in service.programs()}
    for name in sorted(patient.programs.keys() - own):
        yield _runs(patient, name, [name])


def services(patient):
    """Look at the services that rest on those."""
    return _services(patient, [service for service
                               in patient.services.values()
                               if not _is_foundation(service)])


def _is_foundation(service):
    return service.name == 'keystone' or not isinstance(
        service, base.OpenStackService)


def _python(patient):
    """The environment that "up" of this checkout makes is the one that the
    testbed runs in, unless one of both was changed."""
    environment = patient.testbed.cache.environment
    there = os.path.exists(patient.path(environment) + '/bin/python')
    return finding.judge(
        'Python of the services', environment + ('' if there else
                                                 ' is not in the sandbox'),
        not there,
        'the checkout has other constraints than at the bring-up: go back to '
        'that commit, or run %s and %s' % (
            patient.command('down'), patient.command('up')))


def _frozen(patient):
    stopped = {name: [pid for pid in status.family(info['pid'])
                      if state(pid) in _STOPPED]
               for name, info in patient.programs.items() if info['pid']}
    frozen = {name: pids for name, pids in stopped.items() if pids}
    if not frozen:
        yield finding.Finding(finding.GOOD, 'frozen processes', 'none')
    for name, pids in sorted(frozen.items()):
        yield finding.Finding(
            finding.ERROR, 'frozen processes',
            '%s is stopped by a signal: %s' % (name, ', '.join(
                '%d (%s)' % (pid, sandbox.command_of(pid)) for pid in pids)),
            'run "kill -CONT %s"; look who stopped it: a debugger, or '
            'SIGSTOP' % ' '.join(map(str, pids)))


def state(pid):
    """The letter of a process's state."""
    try:
        with open('/proc/%d/stat' % pid) as stream:
            return stream.read().rsplit(')', 1)[1].split()[0]
    except OSError:
        return 'X'


def _services(patient, found):
    """One finding a service: does it run, does it answer?"""
    ready = patients.together(
        {service.name: lambda service=service: _is_ready(service)
         for service in found}, _SECONDS)
    for service in found:
        runs = _runs(patient, service.name, [
            program.name for program in service.programs()])
        if runs.level == finding.GOOD and not ready.get(service.name):
            log = patient.testbed.log(service.programs()[0].name)
            runs = finding.Finding(
                finding.ERROR, runs.what, 'does not answer within %d s'
                % _SECONDS, 'its log may say why: %s; then %s' % (
                    log, patient.restart([
                        program.name for program in service.programs()])))
        yield runs


def _is_ready(service):
    try:
        return service.is_ready()
    except (errors.Error, OSError):
        return False


def _runs(patient, what, names):
    down = [name for name in names if patient.programs.get(name, {}).get(
        'statename') != 'RUNNING']
    return finding.judge(
        'service ' + what,
        'not running: ' + ', '.join(down) if down else 'runs', bool(down),
        'run %s; why it ended: %s' % (
            patient.command('up'),
            ' '.join(patient.testbed.log(name) for name in down)))
