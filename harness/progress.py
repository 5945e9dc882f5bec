# SPDX-License-Identifier: Apache-2.0

"""A line for each phase that has ended, with its time.

On a terminal a last line moves, and shows what is under way; elsewhere there
are the plain lines alone.
"""

import contextlib
import itertools
import shutil
import sys
import threading
import time

from harness import files
from harness import wait

_TICK_SECONDS = 0.15
_ERASE = '\r\x1b[K'


class Phase:
    """A phase under way; ``detail`` is shown beside its title."""

    def __init__(self, title, name=None):
        self.title = title
        self.name = name or title
        self.detail = ''
        self.started = time.monotonic()

    @property
    def seconds(self):
        return time.monotonic() - self.started


class Progress:
    """Phases may run side by side, in threads.

    :param width: of the column with their titles
    """

    def __init__(self, stream=None, width=46):
        self._stream = stream or sys.stdout
        self._width = width
        self._lock = threading.Lock()
        self._running = []
        self._moves = self._stream.isatty()
        self._drawer = None
        self._whole = Phase('in all')
        self._phases = 0

    def say(self, text=''):
        """Write a line that stays."""
        with self._lock:
            self._write((_ERASE if self._moves else '') + text.rstrip() +
                        '\n')

    @contextlib.contextmanager
    def phase(self, title, name=None):
        """Show a phase while it lasts, and a line when it has ended.

        :param name: a short one, while it is under way
        """
        phase = Phase(title, name)
        with self._lock:
            self._running.append(phase)
        self._draw()
        try:
            yield phase
        except BaseException as error:
            self._end(phase)
            if isinstance(error, Exception) and not wait.stopped.is_set():
                self._report('FAIL', phase)
            raise
        self._end(phase)
        self._phases += 1
        self._report(' ok ', phase, phase.detail)

    def skip(self, title, reason):
        self.say('skip %s: %s' % (title, reason))

    def sum_up(self):
        """Write how long all took, if it was more than one phase."""
        if self._phases > 1:
            self._report('    ', self._whole)

    def _report(self, how, phase, detail=''):
        self.say('%s %-*s %9s  %s' % (how, self._width, phase.title,
                                      duration(phase.seconds), detail))

    def _end(self, phase):
        with self._lock:
            self._running.remove(phase)
            if self._moves:
                self._write(_ERASE)

    def _draw(self):
        if self._moves and self._drawer is None:
            self._drawer = threading.Thread(target=self._keep_drawing,
                                            daemon=True)
            self._drawer.start()

    def _keep_drawing(self):
        for sign in itertools.cycle('|/-\\'):
            with self._lock:
                if self._running:
                    self._write(_ERASE + self._line(sign))
            time.sleep(_TICK_SECONDS)

    def _line(self, sign):
        text = ', '.join(
            ' '.join(filter(None, (phase.name, phase.detail,
                                   duration(phase.seconds))))
            for phase in self._running)
        width = shutil.get_terminal_size().columns
        return ('%s %s' % (sign, text))[:width - 1]

    def _write(self, text):
        self._stream.write(text)
        self._stream.flush()


class Timings:
    """How long each phase took, this time and the time before."""

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


def duration(seconds):
    """Return a time as people write it: 4.2 s, 2 min 05."""
    if seconds < 60:
        return '%.1f s' % seconds
    return '%d min %02d' % divmod(int(seconds), 60)
