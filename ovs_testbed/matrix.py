# SPDX-License-Identifier: Apache-2.0

"""The releases: what each takes, what is cached of it, when it was green; and
the same suite of tests with every one of them."""

import time

from harness import errors
from harness import files
from ovs_testbed import cache
from ovs_testbed import checkouts
from ovs_testbed import doctor
from ovs_testbed import environment
from ovs_testbed import release

COLUMNS = ('release', 'Python', 'cached', 'last green here')
#: the name of every release
ALL = 'all'
_RESULTS = '%-8s %-9s %6s %9s %6s %6s %7s %8s'
_FORMAT = '%Y-%m-%d %H:%M'


def rows():
    """One row a release, as "ovs-testbed releases" shows them."""
    return [_row(release.load(name)) for name in release.names()]


def _row(found):
    place = cache.Cache(found)
    green = files.read_json(place.green, {})
    return (found.name, ' or '.join(found.pythons),
            'environment' if environment.is_made(place) else 'nothing',
            ', '.join('%s %s' % (suite, _date(green[suite]))
                      for suite in sorted(green)) or 'never')


def _date(seconds):
    return time.strftime(_FORMAT, time.localtime(seconds))


def note_green(testbed, suite):
    """Remember that a suite has passed, for this release on this machine."""
    path = testbed.cache.green
    files.write_json(path, dict(files.read_json(path, {}),
                                **{suite: int(time.time())}))


def check_all(check, source, screen, complain):
    """Check every release that can run here; print a table. Raise at the end
    if one failed.

    :param check: is called with a release's name; returns what came of it
    :param source: the folder of checkouts, if there is one
    :param complain: is called with each error
    """
    lines, failed = [], []
    for name in release.names():
        screen.say('\n== OpenStack %s' % name)
        try:
            lines.append(_checked(name, check, source))
        except errors.Error as error:
            complain(error)
            failed.append(name)
            lines.append(_line(name, 'failed', getattr(error, 'results', {})))
    screen.say()
    screen.say(_RESULTS % ('release', 'result', 'up, s', 'idle, MiB', 'passed',
                           'failed', 'skipped', 'tests, s'))
    for line in lines:
        screen.say(line)
    if failed:
        raise errors.Error('not green: %s' % ', '.join(failed))


def _checked(name, check, source):
    found = release.load(name)
    python = doctor.python(found)
    if python.level == doctor.ERROR:
        return _not_run(name, python.hint)
    if not source and environment.lacks_checkouts(found):
        return _not_run(name, checkouts.missing(found))
    return _line(name, 'passed', check(name))


def _not_run(name, why):
    return '%-8s %-9s %s' % (name, 'not run', why)


def _line(name, verdict, results):
    def number(what, form='%d', scale=1):
        return form % (results[what] / scale) if what in results else '-'
    return _RESULTS % (
        name, verdict, number('up_seconds', '%.0f'),
        number('idle_memory_bytes', scale=1 << 20), number('passed'),
        number('failed'), number('skipped'), number('seconds', '%.0f'))
