# SPDX-License-Identifier: Apache-2.0

"""The command ``ovs-tempest-verdict``: the result of a run of Tempest.

::

    stestr last --subunit | ovs-tempest-verdict

prints the failures with their errors, the reasons of skipped tests, the
slowest tests and the counts. It ends with 0 only if a test passed, none
failed, and each skipped test has a reason: a run that tests nothing is no
success.
"""

from __future__ import print_function

import argparse
import collections
import io
import itertools
import json
import re
import sys

import subunit
import testtools

SLOWEST = 10
NO_REASON = 'no reason given'
# A command that failed is shown with its arguments
_PASSWORD = re.compile(r'''(--[\w-]*password(?:["'], u?["']|[= ]))[^\s"']+''')

Test = collections.namedtuple('Test', ['name', 'status', 'seconds', 'reason'])


def read(stream):
    """The tests of a subunit stream (version 2), in the order they ended."""
    tests = []
    result = testtools.StreamToDict(
        lambda found: tests.append(_test(found)))
    result.startTestRun()
    try:
        subunit.ByteStreamToStreamResult(
            stream, non_subunit_name='stdout').run(result)
    finally:
        result.stopTestRun()
    return [test for test in tests if test.status != 'exists']


def _test(found):
    start, stop = found['timestamps']
    seconds = (stop - start).total_seconds() if start and stop else 0.0
    return Test(found['id'], found['status'], seconds, _reason(found))


def _reason(found):
    """Why a test was skipped, or what it failed with."""
    texts = dict((name, detail.as_text().strip())
                 for name, detail in found['details'].items()
                 if name == 'reason' or name.startswith('traceback'))
    if found['status'] == 'skip':
        return texts.get('reason') or NO_REASON
    return '\n'.join(_message(text) for name, text in sorted(texts.items())
                     if name != 'reason')


def _message(traceback):
    """Return a traceback behind its last frame, without passwords."""
    lines = traceback.splitlines()
    frames = [number for number, line in enumerate(lines)
              if line.startswith('  File "')]
    behind = lines[frames[-1] + 1:] if frames else lines
    return _PASSWORD.sub(r'\1***', '\n'.join(itertools.dropwhile(
        lambda line: not line or line.startswith(' '), behind)))


def count(tests):
    """How many tests passed, were skipped and failed."""
    passed = [test for test in tests if test.status in ('success', 'xfail')]
    skipped = [test for test in tests if test.status == 'skip']
    return (len(passed), len(skipped),
            len(tests) - len(passed) - len(skipped))


def problems(tests):
    """Return the reasons why the run is no success, in words."""
    passed, skipped, failed = count(tests)
    found = []
    if failed:
        found.append('%d failed' % failed)
    if not passed:
        found.append('nothing was tested: %d passed, %d skipped'
                     % (passed, skipped))
    silent = [test.name for test in tests if test.reason == NO_REASON]
    if silent:
        found.append('skipped without a reason: %s' % ', '.join(silent))
    return found


def report(tests, before, out):
    """Print the run; BEFORE has the seconds of an earlier one by test."""
    for test in tests:
        if test.status not in ('success', 'xfail', 'skip'):
            print('FAILED   %s (%s)' % (test.name, test.status), file=out)
            for line in test.reason.splitlines():
                print('         %s' % line, file=out)
    reasons = collections.Counter(test.reason for test in tests
                                  if test.status == 'skip')
    for reason, times in sorted(reasons.items()):
        print('skipped  %3d  %s' % (times, reason), file=out)
    slowest = sorted(tests, key=lambda test: -test.seconds)[:SLOWEST]
    for test in slowest:
        print('%8.1f s  %s  %s' % (
            test.seconds,
            '(before: %.1f s)' % before[test.name]
            if test.name in before else '', test.name), file=out)
    passed, skipped, failed = count(tests)
    print('%.0f s of tests' % sum(test.seconds for test in tests), file=out)
    print('%d passed, %d failed, %d skipped' % (passed, failed, skipped),
          file=out)


def _load(path):
    """The seconds of each test of an earlier run."""
    try:
        with io.open(path, encoding='utf-8') as results:
            return dict((test['name'], test['seconds'])
                        for test in json.load(results)['tests'])
    except (IOError, ValueError, KeyError, TypeError):
        # There was none, or none that this version wrote.
        return {}


def _save(path, tests):
    passed, skipped, failed = count(tests)
    content = {'passed': passed, 'skipped': skipped, 'failed': failed,
               'tests': [dict(test._asdict()) for test in tests]}
    with io.open(path, 'wb') as results:
        results.write(json.dumps(content, indent=1,
                                 sort_keys=True).encode('utf-8'))


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog='ovs-tempest-verdict',
        description='Prints the result of a run of Tempest, from its subunit '
                    'stream: stestr last --subunit | ovs-tempest-verdict')
    parser.add_argument('stream', nargs='?',
                        help='file with the stream (default: standard input)')
    parser.add_argument('--results', metavar='FILE',
                        help='write the results there as JSON, and show the '
                             'times of the run before from it')
    options = parser.parse_args(argv)
    if options.stream:
        with io.open(options.stream, 'rb') as stream:
            tests = read(stream)
    else:
        tests = read(getattr(sys.stdin, 'buffer', sys.stdin))
    report(tests, _load(options.results) if options.results else {},
           sys.stdout)
    if options.results:
        _save(options.results, tests)
    found = problems(tests)
    for problem in found:
        print('ovs-tempest-verdict: %s' % problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
