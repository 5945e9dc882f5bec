# SPDX-License-Identifier: Apache-2.0

"""The newest errors of each log, grouped; thoroughly only."""

import collections
import datetime
import os
import re

from ovs_doctor import finding

#: as oslo.log writes a line: time, process, level, logger, request, text
_ERROR = re.compile(r'(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d+ \d+ '
                    r'(?:ERROR|CRITICAL) (\S+) \[(?:\S+ )?(req-[0-9a-f-]{36})?'
                    r'[^\]]*\] (.*)')
#: parts of a text that differ between two errors of a kind
_OWN = re.compile(r'\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\d+')
_TAIL = 1 << 20
_MINUTES = 10
_LONGEST = 160


def look(patient):
    """Tell the errors of the last minutes: none of them is a fault for sure,
    so they are warnings."""
    if not patient.thorough:
        return
    since = datetime.datetime.now() - datetime.timedelta(minutes=_MINUTES)
    for _, program in sorted(patient.programs.items()):
        for errors in _kinds(patient.log_lines(program), since):
            time, _, request, text = errors[-1]
            story = patient.story(request) if request else ''
            yield finding.Finding(
                finding.WARNING, 'log of ' + program.name,
                '%d x, last at %s: %s' % (
                    len(errors), time.split()[1], text[:_LONGEST]),
                'read %s%s' % (program.log, story))


def _kinds(lines, since):
    """The errors of a log since a time, a list for each kind."""
    kinds = collections.defaultdict(list)
    for line in lines:
        if match := _ERROR.match(line):
            error = match.groups()
            if datetime.datetime.fromisoformat(error[0]) >= since:
                kinds[error[1], _OWN.sub('', error[3])].append(error)
    return kinds.values()


def last_lines(path):
    """The lines at the end of a file."""
    try:
        with open(path, 'rb') as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL))
            return stream.read().decode(errors='replace').splitlines()
    except OSError:
        return []
