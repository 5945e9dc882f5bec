# SPDX-License-Identifier: Apache-2.0

"""Looks at the machine before anything starts, and at the services after.

It changes nothing. An area is a module with checks, which yield findings; the
areas are in the order of causes: an error makes those below it likely, so the
first one is the cause.

===============  ============================================================
area             asks
===============  ============================================================
``machine``      is this machine able to
``space``        is there room where data lies
``processes``    does what all else rests on run, move and answer; the rest
                 of the services comes after ``hypervisor``
``logins``       can each service log in, with its own configuration and in
                 its own Python, to its database, queue and Keystone
``drivers``      does the Python of Cinder and Nova find the drivers
``vpools``       does each vPool answer at both ports, and is it that one
``hypervisor``   are QEMU and libvirt ours, and do they answer
``cloud``        do the services report themselves; types, volumes
``orphans``      do Cinder and the vPools agree
``logs``         the newest errors of each log, if asked to be thorough
===============  ============================================================
"""

import functools
import os

from harness import errors
from ovs_testbed.doctor import cloud
from ovs_testbed.doctor import drivers
from ovs_testbed.doctor import finding
from ovs_testbed.doctor import hypervisor
from ovs_testbed.doctor import logins
from ovs_testbed.doctor import logs
from ovs_testbed.doctor import machine
from ovs_testbed.doctor import orphans
from ovs_testbed.doctor import patient as patients
from ovs_testbed.doctor import processes
from ovs_testbed.doctor import space
from ovs_testbed.doctor import vpools

ERROR, WARNING, GOOD = finding.ERROR, finding.WARNING, finding.GOOD
Finding = finding.Finding
python = machine.python

#: until an area is left to itself
_SECONDS, _SECONDS_THOROUGH = 25, 90

#: what is looked at on a testbed that is up, in the order of causes
AREAS = (space.look, processes.foundations, logins.look, drivers.look,
         vpools.look, hypervisor.look, processes.services, cloud.look,
         orphans.look, logs.look)


def examine(testbed=None, folder=None, thorough=False):
    """Make all checks that fit: of the machine, and of a testbed."""
    if not testbed:
        return machine.look(testbed, folder)
    patient = patients.Patient(testbed, thorough)
    findings = machine.look(testbed, folder, patient.is_up)
    findings.append(Finding(GOOD, 'TLS of the vPools', testbed.tls))
    if not patient.is_up:
        return findings + [machine.ports_of(testbed)]
    found = patients.together(
        {look: functools.partial(_findings, look, patient)
         for look in AREAS}, _SECONDS_THOROUGH if thorough else _SECONDS)
    for look in AREAS:
        findings += found.get(look, [Finding(
            WARNING, look.__module__, 'is not done in time',
            'it follows from an error, or this machine is very busy')])
    return findings


def _findings(look, patient):
    """Return the findings of an area; a mistake in one leaves the others."""
    findings = []
    try:
        findings += look(patient)
    except Exception as error:
        findings.append(Finding(
            WARNING, look.__module__, 'cannot look: %s: %s' % (
                type(error).__name__, error),
            'report this, with the findings above'))
    return findings


def before(testbed):
    """Raise if the machine cannot do it; return what may hurt."""
    is_up = patients.Patient(testbed).is_up
    findings = machine.look(testbed, os.path.dirname(testbed.folder), is_up)
    if not is_up:
        findings.append(machine.ports_of(testbed))
    wrong = [found for found in findings if found.level == ERROR]
    if wrong:
        raise errors.Error('; '.join(map(str, wrong)),
                           hint='; '.join(found.hint for found in wrong))
    return '; '.join(str(found) for found in findings
                     if found.level == WARNING)
