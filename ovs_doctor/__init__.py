# SPDX-License-Identifier: Apache-2.0

"""Looks at the services of a cloud, and names the first cause of a fault.

It changes nothing. The patient is a testbed (``ovs_testbed.doctor``) or the
host that the command ``ovs-doctor`` runs on; it needs no package beside. An
area is a module with checks, which yield findings; the areas are in the order
of causes: an error makes those below it likely, so the first one is the cause.

===============  ============================================================
area             asks
===============  ============================================================
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

#: what is looked at, in the order of causes
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
