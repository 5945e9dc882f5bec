# SPDX-License-Identifier: Apache-2.0

"""All that the runner prints about legs."""

import collections
import sys

_TAIL = 40
_WIDTH = 79


class Printer:
    """Prints a line for each leg, and the sums at the end."""

    def __init__(self):
        self._running = []
        self._failed = []
        self._sums = [0, 0, 0]
        self._runs = collections.defaultdict(lambda: [0, 0])
        self._terminal = sys.stdout.isatty()

    def started(self, job):
        self._running.append(job)
        self._show_running()

    def _show_running(self):
        """Tell on a terminal what runs, in a line that the next one covers."""
        if self._terminal:
            names = ', '.join(job.name for job in self._running)
            print('\r\033[K' + ('running: %s' % names)[:_WIDTH] * bool(names),
                  end='\r', flush=True)

    def ended(self, job, results, seconds, log):
        """Tell how a leg went; if it failed, the end of its log too."""
        self._running.remove(job)
        counts = results.counts
        self._sums = [a + b for a, b in zip(self._sums, counts)]
        self._runs[job.layer, job.leg.name][bool(results.failed)] += 1
        print('%s%-13s %-13s %4d passed %4d failed %4d skipped %5d s  %s' % (
            '\r\033[K' if self._terminal else '', job.layer, job.leg.name,
            *counts, seconds, 'FAILED' if results.failed else 'ok'))
        for reason, count in sorted(results.skipped.items()):
            print('%13d x skipped: %s' % (count, reason))
        sys.stdout.flush()
        if results.failed:
            self._failed.append((job, log, results.failed))
            print('--- the end of %s' % log, file=sys.stderr)
            with open(log, errors='replace') as stream:
                sys.stderr.writelines(
                    collections.deque(stream, maxlen=_TAIL))
            sys.stderr.flush()
        self._show_running()

    def finish(self, repeated):
        """Print what failed and the sums; return the exit status.

        :param repeated: whether each leg ran several times: then a table
            tells how often it passed
        """
        if repeated:
            print('%-13s %-13s %6s %6s' % ('layer', 'leg', 'passed', 'failed'))
            for names, runs in self._runs.items():
                print('%-13s %-13s %6d %6d' % (*names, *runs))
        # again at the end, where the last lines of a log are all that is shown
        if self._failed:
            print('failed:')
        for job, log, names in self._failed:
            print('%s %s: %s' % (job.layer, job.leg.name, log))
            for name in names:
                print('  %s' % name)
        print('%d passed, %d failed, %d skipped' % tuple(self._sums))
        passed, failed, _ = self._sums
        return 1 if failed or not passed else 0
