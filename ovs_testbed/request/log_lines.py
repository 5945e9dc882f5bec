# SPDX-License-Identifier: Apache-2.0

"""The lines of logs, whose times have different forms.

A line without a time belongs to the line before it, and so does a line of a
traceback that oslo.log has written.
"""

import collections
import datetime
import re

_DATE = r'\d{4}-\d\d-\d\d'
_CLOCK = r'\d\d:\d\d:\d\d'
_OSLO = r'(?P<time>%s %s\.\d{3}) \d+ (?P<level>[A-Z]+) ' % (_DATE, _CLOCK)
_REQUEST = r'req-[0-9a-f]{8}-[0-9a-f-]{27}'
REQUEST = re.compile(_REQUEST)
#: how a line of oslo.log begins: logger, request that a call belongs to,
#: request, and dashes in place of a user
_CONTEXT = re.compile(
    r'\S+ \[(?:(?P<whole>%s) |None |- )?(?P<own>%s)(?P<no_user>(?: -)+\])?'
    % (_REQUEST, _REQUEST))
#: the marks of a terminal, of which RabbitMQ leaves some
_COLOURS = re.compile(r'\x1b?\[\d*m')

_LEVELS = {'WARN': 'WARNING', 'NOTE': 'INFO', 'NOTICE': 'INFO',
           'EMER': 'CRITICAL', 'ERR': 'ERROR', 'DBG': 'DEBUG'}
#: those that --errors is about
BAD_LEVELS = ('WARNING', 'ERROR', 'CRITICAL')


def _iso(text):
    """Read a time of ISO's form; without a zone it is of this machine."""
    return datetime.datetime.fromisoformat(
        text.replace('  ', ' 0')).astimezone()


def _ctime(text):
    return datetime.datetime.strptime(
        text, '%a %b %d %H:%M:%S %Y').astimezone()


Form = collections.namedtuple('Form', ['pattern', 'read_time'])
#: "time", "level" and "text" are what a pattern finds; a form without levels
#: has them in the text
FORMS = [Form(re.compile(pattern, re.DOTALL), read_time)
         for pattern, read_time in (
    # oslo.log; the text begins with the logger and the request
    (_OSLO + r'(?P<text>\S+ \[(?:-|None|req-).*)', _iso),
    # Python's logging: the storagedriver, supervisord
    (r'(?P<time>%s %s,\d{3}) (?P<level>[A-Z]+) (?P<text>.*)'
     % (_DATE, _CLOCK), _iso),
    # libvirtd, and what it writes into the log of a guest's QEMU
    (r'(?P<time>%s %s\.\d{3}[+-]\d{4}): (?:\d+: (?P<level>[a-z]+) : )?'
     r'(?P<text>.*)' % (_DATE, _CLOCK), _iso),
    # QEMU
    (r'(?P<time>%sT%s\.\d+Z) (?P<text>qemu\S*: .*)' % (_DATE, _CLOCK), _iso),
    # Open vSwitch and OVN
    (r'(?P<time>%sT%s(?:\.\d+)?Z)\|\d+\|(?P<text>[^|]+\|(?P<level>[A-Z]+)\|'
     r'.*)' % (_DATE, _CLOCK), _iso),
    # RabbitMQ
    (r'(?P<time>%s %s\.\d+[+-]\d\d:\d\d) \[(?P<level>[a-z]+)\] (?P<text>.*)'
     % (_DATE, _CLOCK), _iso),
    # MariaDB
    (r'(?P<time>%s [ \d]\d:\d\d:\d\d) \d+ \[(?P<level>\w+)\] (?P<text>.*)'
     % _DATE, _iso),
    # uwsgi
    (r'(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d %s \d{4}) - (?P<text>.*)'
     % _CLOCK, _ctime),
    (r'(?P<text>\*\*\* \w+ uWSGI .* on \[(?P<time>[^\]]+)\].*)', _ctime),
)]
#: a line of a traceback: no request, and maybe a server
_TRACEBACK = re.compile(_OSLO + r'\S+ (?P<text>.*)', re.DOTALL)


class Entry:
    """A line of a log, with those that belong to it."""

    def __init__(self, service, form, match):
        self.service = service
        self._form = form
        self._time = match['time']
        self._level = match.groupdict().get('level')
        self._texts = [match['text']]

    def add(self, line):
        more = _TRACEBACK.match(line)
        self._texts.append(more['text'] if more else line)

    @property
    def time(self):
        return self._form.read_time(self._time)

    @property
    def text(self):
        return _COLOURS.sub('', '\n'.join(self._texts)).rstrip()

    @property
    def level(self):
        level = (self._level or _level_in(self._texts[0])).upper()
        return _LEVELS.get(level, level)

    def context(self):
        """The request that its line is of, and that one's own cause: a match
        with the groups "own", "whole" and "no_user"; or None."""
        return _CONTEXT.match(self._texts[0])


def _level_in(text):
    """The level of a line that has none apart; QEMU names all but errors."""
    if not text.startswith('qemu') or 'terminating on signal' in text:
        return 'INFO'
    named = re.match(r'\S+: (warning|info): ', text)
    return named[1] if named else 'ERROR'


def read(path, service):
    """Yield the entries of a log; what comes before the first time is none.

    A log that goes away meanwhile ends.
    """
    entry, likely = None, FORMS[0]
    try:
        with open(path, errors='replace') as stream:
            for line in stream:
                line = line.rstrip('\n')
                form, match = _match(line, likely)
                if match:
                    if entry:
                        yield entry
                    entry, likely = Entry(service, form, match), form
                elif entry:
                    entry.add(line)
    except FileNotFoundError:
        pass
    if entry:
        yield entry


def _match(line, likely):
    """The form of a line, and the match; a log has one form mostly."""
    for form in [likely] + FORMS:
        match = form.pattern.match(line)
        if match:
            return form, match
    return None, None
