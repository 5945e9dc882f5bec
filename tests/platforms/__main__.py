# SPDX-License-Identifier: Apache-2.0

"""Tests the project in the root file system of the other Debian: 13 on a
Debian 12, and the other way round."""

import argparse
import os
import platform
import sys
import time
from xml.etree import ElementTree

from harness import errors
from harness import files
from harness import progress
from tests.platforms import root

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
#: {version of Debian: codename, and the Python that it has}
_DEBIANS = {'12': ('bookworm', '3.11'), '13': ('trixie', '3.13')}
_STEP_SECONDS = 3000


def steps(form, python):
    """Return (what it is, command) of all steps.

    :param form: "quick" compiles neither QEMU nor libvirt
    """
    unit = ('unit tests of the drivers',
            ['bin/test', 'unit:py' + python.replace('.', '')])
    if form == 'quick':
        return [('build the engine and the library',
                 ['hypervisor/build', '--only', 'edge']), unit]
    return [
        ('build QEMU and libvirt', ['hypervisor/build']),
        ('build them again, from the cache', ['hypervisor/build']),
        ('self-test of QEMU and libvirt', ['hypervisor/build', '--check']),
        unit,
        ('a running OpenStack', ['bin/check', 'smoke']),
    ]


class _Report:
    """A test case of JUnit XML for each step."""

    def __init__(self, name):
        self._suite = ElementTree.Element('testsuite', name=name)

    def note(self, title, seconds, error=None):
        case = ElementTree.SubElement(
            self._suite, 'testcase', classname=self._suite.get('name'),
            name=title, time='%.1f' % seconds)
        if error:
            ElementTree.SubElement(case, 'failure', message=str(error))

    def write(self, path):
        ElementTree.ElementTree(self._suite).write(path, 'utf-8', True)


def _perform(todo, screen, report):
    """Take the steps, up to one that fails; return whether none did."""
    for title, action in todo:
        started = time.monotonic()
        try:
            with screen.phase(title):
                action()
        except errors.Error as error:
            for line in error.lines():
                screen.say('  ' + line)
            report.note(title, time.monotonic() - started, error)
            return False
        report.note(title, time.monotonic() - started)
    return True


def main():
    parser = argparse.ArgumentParser(prog='python3 -m tests.platforms',
                                     description=__doc__)
    parser.add_argument('form', choices=['quick', 'whole'],
                        help='whole: with QEMU, libvirt and a running '
                             'OpenStack')
    parser.add_argument('--cache', metavar='DIR', required=True,
                        help='where the root file system is kept')
    parser.add_argument('--junit', metavar='FILE', required=True,
                        help='where the results go')
    arguments = parser.parse_args()
    here = platform.freedesktop_os_release().get('VERSION_ID')
    version = '12' if here == '13' else '13'
    codename, python = _DEBIANS[version]
    folder = os.path.join(arguments.cache, 'debian-' + version)
    log = folder + '.log'
    os.makedirs(arguments.cache, exist_ok=True)
    found = root.Root(codename, folder)
    screen = progress.Progress()
    report = _Report('debian-' + version)

    def command(words):
        return lambda: found.run(words, log, _STEP_SECONDS)
    todo = [('Debian %s in %s' % (version, folder), lambda: found.make(log)),
            ('copy the project', lambda: found.put(_CHECKOUT))]
    todo += [(title, command(words))
             for title, words in steps(arguments.form, python)]
    # another run would take the project away from under this one
    with files.locked(folder + '.lock'):
        good = _perform(todo, screen, report)
    report.write(arguments.junit)
    screen.say('the output is in %s' % log)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
