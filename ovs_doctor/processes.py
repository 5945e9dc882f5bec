# SPDX-License-Identifier: Apache-2.0

"""Do the programs run, move and answer?"""

from ovs_doctor import finding
from ovs_doctor import patient as patients
from ovs_doctor import procfs

#: until a service counts as one that does not answer
_SECONDS = 10
#: the states of a process that a signal or a debugger has stopped
_STOPPED = 'Tt'


def foundations(patient):
    """Look at what all services rest on, and at the plugin's programs."""
    yield from patient.checks()
    yield from _frozen(patient)
    yield from _configurations(patient)
    yield from _groups([group for group in patient.groups()
                        if group.is_foundation], patient)


def services(patient):
    """Look at the services that rest on those."""
    groups = [group for group in patient.groups() if not group.is_foundation]
    if not groups:
        yield finding.Finding(finding.GOOD, 'services of OpenStack',
                              'none is here')
    yield from _groups(groups, patient)


def _frozen(patient):
    stopped = {program.name: _stopped(program)
               for program in patient.programs.values()}
    frozen = {name: pids for name, pids in stopped.items() if pids}
    if not frozen:
        yield finding.Finding(finding.GOOD, 'frozen processes', 'none')
    for name, pids in sorted(frozen.items()):
        yield finding.Finding(
            finding.ERROR, 'frozen processes',
            '%s is stopped by a signal: %s' % (name, ', '.join(
                '%d (%s)' % (pid, procfs.command_of(pid)) for pid in pids)),
            'run "kill -CONT %s"; look who stopped it: a debugger, or '
            'SIGSTOP' % ' '.join(map(str, pids)))


def _configurations(patient):
    """A file that is no configuration keeps its readers from starting."""
    for service in patient.openstack():
        for configuration, programs in patient.configurations(service):
            run = all(program.is_running for program in programs)
            for wrong in configuration.wrong:
                yield finding.Finding(
                    finding.WARNING if run else finding.ERROR,
                    'configuration of ' + service, wrong,
                    'correct the file, then ' + patient.restart(programs))


def _stopped(program):
    members = dict.fromkeys(
        member for pid in program.pids for member in procfs.family(pid))
    return [pid for pid in members if procfs.state(pid) in _STOPPED]


def _groups(groups, patient):
    """One finding a service: does it run, does it answer?"""
    ready = patients.together(
        {group.name: lambda group=group: _is_ready(group)
         for group in groups if group.is_ready}, _SECONDS)
    for group in groups:
        runs = _runs(patient, group)
        if runs.level == finding.GOOD and group.is_ready \
                and not ready.get(group.name):
            runs = finding.Finding(
                finding.ERROR, runs.what, 'does not answer within %d s'
                % _SECONDS, 'its log may say why: %s; then %s' % (
                    group.programs[0].log, patient.restart(group.programs)))
        yield runs


def _is_ready(group):
    try:
        return group.is_ready()
    except Exception:
        return False        # it does not answer as it should


def _runs(patient, group):
    down = [program for program in group.programs if not program.is_running]
    return finding.judge(
        'service ' + group.name, 'not running: ' + ', '.join(
            program.name for program in down) if down else 'runs',
        bool(down), '%s; why it ended: %s' % (
            patient.start(down), ' '.join(program.log for program in down)))
