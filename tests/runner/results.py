# SPDX-License-Identifier: Apache-2.0

"""The results of a leg: JUnit XML, whatever its tests are written with."""

import collections
import glob
import json
import os
import subprocess
from xml.etree import ElementTree


class Results:
    """The tests of some suites, by how they went."""

    def __init__(self, suites):
        self._suites = suites
        self.passed, self.failed, self.skipped = 0, [], collections.Counter()
        for case in [case for suite in suites
                     for case in suite.iter('testcase')]:
            skip = case.find('skipped')
            if _is_bad(case):
                self.failed.append(_name_of(case))
            elif skip is not None:
                self.skipped[_reason_of(skip)] += 1
            else:
                self.passed += 1

    @property
    def counts(self):
        """How many tests passed, failed, were skipped."""
        return self.passed, len(self.failed), self.skipped.total()

    def write(self, path, seconds):
        """Write a file of JUnit XML."""
        passed, failed, skipped = self.counts
        root = ElementTree.Element(
            'testsuites', name=os.path.basename(path)[:-len('.xml')],
            tests=str(passed + failed + skipped), failures=str(failed),
            skipped=str(skipped), time='%.3f' % seconds)
        root.extend(self._suites)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        ElementTree.ElementTree(root).write(path, 'utf-8', True)


def clear(folder):
    """Remove the results of earlier runs; stestr's times of tests stay."""
    os.makedirs(folder, exist_ok=True)
    for path in (glob.glob(folder + '/*.xml') + _streams(folder) +
                 glob.glob(folder + '/testlog.json')):
        os.unlink(path)


def read(kind, folder, status):
    """Return the suites of a leg.

    :param kind: a name of ``READERS``
    :param folder: where its tests have left their results
    :param status: the exit status of its command; one that is not 0 counts as
        a failed test where no test tells why
    """
    suites = READERS[kind](folder)
    passed, failed, _ = Results(suites).counts
    if status and not failed:
        suites.append(suite_of('exit status %d' % status))
    elif kind == 'command':
        suites.append(suite_of())
    elif not passed + failed:
        suites.append(suite_of('no test was run'))
    return suites


def suite_of(failure=None):
    """Return a suite of one test, which a text lets fail."""
    suite = ElementTree.Element('testsuite', name='leg')
    case = ElementTree.SubElement(suite, 'testcase', name=failure or 'leg')
    if failure:
        ElementTree.SubElement(case, 'failure', message=failure)
    return suite


def _is_bad(case):
    return case.find('failure') is not None or case.find('error') is not None


def _name_of(case):
    return '.'.join(filter(None, (case.get('classname'), case.get('name'))))


def _reason_of(skip):
    return ' '.join((skip.get('message') or skip.text or
                     'without a reason').split())


def _streams(folder):
    return glob.glob(folder + '/.stestr/[0-9]*')


def _of_files(folder, pattern='*.xml'):
    """Return the suites of the JUnit XML that tests have written."""
    suites = []
    for path in sorted(glob.glob(os.path.join(folder, pattern))):
        try:
            suites += ElementTree.parse(path).getroot().iter('testsuite')
        except ElementTree.ParseError as error:
            suites.append(suite_of(
                '%s: %s' % (os.path.basename(path), error)))
    return suites


def _of_stestr(folder):
    """Return the suites of the runs of stestr that are kept in a folder."""
    suites = []
    for path in _streams(folder):
        with open(path, 'rb') as stream:
            packets = subprocess.run(['subunit-1to2'], stdin=stream,
                                     stdout=subprocess.PIPE)
        if packets.returncode:
            suites.append(suite_of('the results of stestr are damaged'))
        suites.append(ElementTree.fromstring(subprocess.run(
            ['subunit2junitxml', '--no-passthrough'], input=packets.stdout,
            stdout=subprocess.PIPE).stdout))
    return suites


def _of_meson(folder):
    """Return the suites of meson's log and of the pytests that it has run.

    meson's own JUnit XML does not tell that a test took too long.
    """
    suite = ElementTree.Element('testsuite', name='meson')
    for path in glob.glob(folder + '/testlog.json'):
        with open(path) as log:
            suite.extend(_case_of_meson(json.loads(line)) for line in log)
    return [suite] + _of_files(folder, 'pytest-*.xml')


def _case_of_meson(test):
    case = ElementTree.Element(
        'testcase', classname='meson', name=test['name'].split(' / ')[-1],
        time=str(test['duration']))
    if test['result'] == 'SKIP':
        ElementTree.SubElement(case, 'skipped')
    elif test['result'] != 'OK':
        ElementTree.SubElement(case, 'failure', message=test['result'])
    return case


#: How a leg tells its results: a function that reads them from a folder
READERS = {'command': lambda _folder: [], 'junit': _of_files,
           'meson': _of_meson, 'stestr': _of_stestr}
