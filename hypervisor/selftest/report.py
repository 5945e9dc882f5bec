# SPDX-License-Identifier: Apache-2.0

"""How the checks went: their numbers, and JUnit XML."""

import collections
from xml.etree import ElementTree


class Report:
    """Counts checks that passed, failed, were skipped."""

    def __init__(self):
        self.counts = collections.Counter(passed=0, failed=0, skipped=0)
        self._suite = ElementTree.Element('testsuite', name='selftest')

    def passed(self, check):
        self._add('passed', check)

    def failed(self, check, why):
        ElementTree.SubElement(self._add('failed', check), 'failure',
                               message=str(why))

    def skipped(self, check, why):
        ElementTree.SubElement(self._add('skipped', check), 'skipped',
                               message=str(why))

    def _add(self, how, check):
        self.counts[how] += 1
        return ElementTree.SubElement(self._suite, 'testcase',
                                      classname='selftest', name=check)

    def write(self, path):
        """Write JUnit XML."""
        ElementTree.ElementTree(self._suite).write(path)
