# SPDX-License-Identifier: Apache-2.0

"""The log lines of services for one request, in their order.

Nova passes the id of its user's request on to Cinder, whose lines have it as
the global request id, from Pike on. Before, they name no more than the volume.
"""

import collections
import io
import re
import subprocess

from tempest.lib.common import api_version_request

_TIME = re.compile(r'(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)[.,](\d{3,6})')
_UNIT = 'unit='
# its first microversion of Cinder; the last of Ocata is 3.27
_PIKE = '3.28'

Step = collections.namedtuple('Step', ['name', 'service', 'pattern'])


class LogError(Exception):
    """A log that cannot be read."""


def has_global_requests(volume_microversion):
    """Return true if Cinder logs the ids of Nova's requests: from Pike on.

    :param volume_microversion: the newest that it has, or None
    """
    return not volume_microversion or (
        api_version_request.APIVersionRequest(volume_microversion) >=
        api_version_request.APIVersionRequest(_PIKE))


def lines_of(place, names):
    """Time and text of the lines that have a name in them.

    It is the first of NAMES that there are any lines of.

    :param place: a file, or unit=NAME for a unit of systemd
    """
    lines = [(match.groups(), line) for match, line in
             ((_TIME.search(line), line) for line in _read(place)) if match]
    for name in names:
        found = [('%s %s.%s' % (date, clock, fraction.ljust(6, '0')), line)
                 for (date, clock, fraction), line in lines if name in line]
        if found:
            return found
    return []


def first_times(steps, places, names):
    """When each step was first logged; steps that were not are missing.

    :param names: the id of the request; behind it what else tells its lines,
        for a service that does not log the id
    """
    logs = dict((service, lines_of(places[service], names))
                for service in set(step.service for step in steps))
    times = {}
    for step in steps:
        for time, line in logs[step.service]:
            if re.search(step.pattern, line):
                times[step.name] = time
                break
    return times


def _read(place):
    if not place.startswith(_UNIT):
        with io.open(place, encoding='utf-8', errors='replace') as log:
            return log.readlines()
    command = ['journalctl', '--no-pager', '--output', 'short-iso-precise',
               '--since', '-1h', '--unit', place[len(_UNIT):]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    lines, errors = process.communicate()
    if process.returncode != 0:
        raise LogError('%s: %s' % (' '.join(command),
                                   errors.decode('utf-8', 'replace')))
    return lines.decode('utf-8', 'replace').splitlines()
