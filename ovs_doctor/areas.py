# SPDX-License-Identifier: Apache-2.0

"""All areas, in the order of causes."""

import functools

from ovs_doctor import cloud
from ovs_doctor import drivers
from ovs_doctor import finding
from ovs_doctor import hypervisor
from ovs_doctor import logins
from ovs_doctor import logs
from ovs_doctor import orphans
from ovs_doctor import patient as patients
from ovs_doctor import processes
from ovs_doctor import space
from ovs_doctor import vpools

#: until an area is left to itself
_SECONDS, _SECONDS_THOROUGH = 25, 90

AREAS = (space.look, processes.foundations, logins.look, drivers.look,
         vpools.look, hypervisor.look, processes.services, cloud.look,
         orphans.look, logs.look)


def examine(patient):
    """Make the checks of all areas; return the findings."""
    found = patients.together(
        {look: functools.partial(_findings, look, patient)
         for look in AREAS},
        _SECONDS_THOROUGH if patient.thorough else _SECONDS)
    findings = []
    for look in AREAS:
        findings += found.get(look, [finding.Finding(
            finding.WARNING, look.__module__, 'is not done in time',
            'it follows from an error, or this machine is very busy')])
    return findings


def _findings(look, patient):
    """Return the findings of an area; a mistake in one leaves the others."""
    findings = []
    try:
        findings += look(patient)
    except Exception as error:
        findings.append(finding.Finding(
            finding.WARNING, look.__module__, 'cannot look: %s: %s' % (
                type(error).__name__, error),
            'report this, with the findings above'))
    return findings
