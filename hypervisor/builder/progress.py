# SPDX-License-Identifier: Apache-2.0

"""One line a phase, with the time that it took.

On a terminal the phases under way are shown in a line that moves; elsewhere
only finished phases are written.
"""

import contextlib
import itertools
import shutil
import sys
import threading
import time

_TICK_SECONDS = 0.15
_NAME_WIDTH = 44


class Phase:
    """A phase under way; ``detail`` is shown beside its name."""

    def __init__(self, name):
        self.name = name
        self.detail = ''
        self.started = time.monotonic()

    @property
    def seconds(self):
        return time.monotonic() - self.started


class Progress:
    """Phases may run side by side, in threads."""

    def __init__(self, stream=None):
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._running = []
        self._moves = self._stream.isatty()
        self._drawer = None
        self._whole = Phase('in all')
        self._phases = 0

    def say(self, line=''):
        """Write a line that stays."""
        with self._lock:
            self._clear()
            print(line, file=self._stream, flush=True)

    @contextlib.contextmanager
    def phase(self, name):
        phase = Phase(name)
        with self._lock:
            self._running.append(phase)
        self._draw()
        try:
            yield phase
        except BaseException:
            self._remove(phase)
            raise
        self._remove(phase)
        self._phases += 1
        self._report(phase)

    def sum_up(self):
        """Write how long all took, if it was more than one phase."""
        if self._phases > 1:
            self._report(self._whole)

    def _report(self, phase):
        note = '  %s' % phase.detail if phase.detail else ''
        self.say('  %-*s %8s%s' % (_NAME_WIDTH, phase.name,
                                   duration(phase.seconds), note))

    def _remove(self, phase):
        with self._lock:
            self._running.remove(phase)
            self._clear()

    def _draw(self):
        if self._moves and self._drawer is None:
            self._drawer = threading.Thread(target=self._keep_drawing,
                                            daemon=True)
            self._drawer.start()

    def _keep_drawing(self):
        for sign in itertools.cycle('|/-\\'):
            with self._lock:
                if self._running:
                    self._clear()
                    self._stream.write(self._line(sign))
                    self._stream.flush()
            time.sleep(_TICK_SECONDS)

    def _line(self, sign):
        phases = ', '.join(
            '%s %s %s' % (phase.name, phase.detail, duration(phase.seconds))
            for phase in self._running)
        width = shutil.get_terminal_size().columns
        return ('%s %s' % (sign, phases))[:width - 1]

    def _clear(self):
        if self._moves:
            self._stream.write('\r\033[K')


def duration(seconds):
    """Return a time as people write it: 4.2 s, 2 min 05."""
    if seconds < 60:
        return '%.1f s' % seconds
    return '%d min %02d' % divmod(int(seconds), 60)
