# SPDX-License-Identifier: Apache-2.0

"""Looks at the machine before anything starts, and at a testbed after.

``machine`` asks whether this machine is able to. ``patient`` shows a testbed
to the doctor of all clouds, ``ovs_doctor``, which has the other areas.
"""

import os

from harness import errors
from ovs_doctor import areas
from ovs_doctor import finding
from ovs_testbed.doctor import machine
from ovs_testbed.doctor import patient as patients

ERROR, WARNING, GOOD = finding.ERROR, finding.WARNING, finding.GOOD
Finding = finding.Finding
python = machine.python


def examine(testbed=None, folder=None, thorough=False):
    """Make all checks that fit: of the machine, and of a testbed."""
    if not testbed:
        return machine.look(testbed, folder)
    patient = patients.Patient(testbed, thorough)
    findings = machine.look(testbed, folder, patient.is_up)
    findings.append(Finding(GOOD, 'TLS of the vPools', testbed.tls))
    if not patient.is_up:
        return findings + [machine.ports_of(testbed)]
    return findings + areas.examine(patient)


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
