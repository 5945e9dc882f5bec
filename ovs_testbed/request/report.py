# SPDX-License-Identifier: Apache-2.0

"""A story as lines for people, or as one object for programs; without the
secrets of the testbed."""

import re

from ovs_testbed import bundle
from ovs_testbed.request import log_lines

#: a token of Keystone
_TOKEN = re.compile(r'gAAAA[\w-]{20,}=*')


class Report:
    """A story of a testbed.

    :param only_bad: leave out lines that are neither warnings nor errors
    """

    def __init__(self, testbed, story, only_bad=False):
        self._story = story
        self._entries = [entry for entry in story.found.entries
                         if not only_bad
                         or entry.level in log_lines.BAD_LEVELS]
        self._secrets = bundle.secrets(testbed)

    def lines(self):
        """Yield the states, the requests, and a line for each of a log."""
        yield self._story.what
        for state in self._story.states:
            yield self._plain('  %s: %s%s' % (state.what, state.seen,
                                              _times(state)))
        if self._story.problem:
            yield self._plain('states cannot be asked: %s'
                              % self._story.problem)
            yield ('hint: "bin/ovs-testbed doctor" finds the fault, '
                   '"bin/ovs-testbed up" starts what has ended')
        yield '%d requests, %d of %d entries of logs' % (
            len(self._story.found.requests), len(self._entries),
            len(self._story.found.entries))
        yield ''
        for entry in self._entries:
            head = '%s %-22s %-8s ' % (_shown(entry.time), entry.service,
                                       entry.level)
            for line in self._plain(entry.text).split('\n'):
                yield head + line

    def as_dict(self):
        return {
            'what': self._story.what,
            'problem': self._plain(self._story.problem),
            'states': [dict(vars(state), seen=self._plain(state.seen))
                       for state in self._story.states],
            'requests': self._story.found.requests,
            'lines': [{'time': entry.time.isoformat(),
                       'service': entry.service, 'level': entry.level,
                       'text': self._plain(entry.text)}
                      for entry in self._entries]}

    def _plain(self, text):
        """A text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, '***')
        return _TOKEN.sub('***', text)


def _times(state):
    times = [time for time in (state.begun, state.ended) if time]
    return ' (%s)' % ' - '.join(times) if times else ''


def _shown(time):
    return time.strftime('%Y-%m-%d %H:%M:%S.') + '%03d' % (
        time.microsecond // 1000)
