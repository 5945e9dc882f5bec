# SPDX-License-Identifier: Apache-2.0

"""Show a run: a line for each step, a table at the end."""

import itertools
import sys
import time

from ovs_testbed import files

_TURN = '|/-\\'
_ERASE = '\r\x1b[K'


class Display:
    """Prints plain lines; on a terminal the last one moves."""

    def __init__(self, stream=None):
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._running = {}
        self._turns = itertools.cycle(_TURN)

    def begins(self, step):
        self._running[step.name] = time.monotonic()

    def turn(self):
        """Show what is being done, on a terminal."""
        if self._terminal and self._running:
            now = time.monotonic()
            text = ', '.join('%s %d s' % (name, now - begun)
                             for name, begun in self._running.items())
            self._write('%s %s %s' % (_ERASE, next(self._turns), text[:74]))

    def ends(self, outcome):
        self._running.pop(outcome.step.name, None)
        detail = ', '.join(filter(None, (
            outcome.result if outcome.result != 'done' else '',
            outcome.detail)))
        self._line(' ok  %-46s %7.1f s  %s' % (
            outcome.step.title, outcome.seconds, detail))

    def fails(self, step):
        begun = self._running.pop(step.name, time.monotonic())
        self._running.clear()
        self._line('FAIL %-46s %7.1f s' % (
            step.title, time.monotonic() - begun))

    def say(self, text=''):
        self._line(text)

    def _line(self, text):
        self._write((_ERASE if self._terminal else '') + text.rstrip() +
                    '\n')

    def _write(self, text):
        self._stream.write(text)
        self._stream.flush()


def show_error(error, stream):
    """Print what went wrong, where, and a hint."""
    step = getattr(error, 'step', None)
    stream.write('\nfailed%s: %s\n' % (
        ' (%s)' % step.title if step else '', error))
    if error.log:
        stream.write('log: %s\n' % error.log)
    if error.hint:
        stream.write('hint: %s\n' % error.hint)


class Timings:
    """How long each step took, this time and the time before."""

    def __init__(self, path):
        self._path = path
        self._before = files.read_json(path, {})

    def table(self, rows):
        """Make the lines of a table: (what, seconds) beside the last time's.
        """
        lines = ['%-48s %9s %9s' % ('', 'seconds', 'before')]
        for what, seconds in rows:
            before = self._before.get(what)
            lines.append('%-48s %9.1f %9s' % (
                what, seconds, '-' if before is None else '%.1f' % before))
        return lines

    def keep(self, rows):
        """Remember them for the next time."""
        files.write_json(self._path, dict(self._before, **dict(rows)), 0o644)
