# SPDX-License-Identifier: Apache-2.0

"""The suite: each fault named, healed, and the testbed proved to work."""

import importlib
import os
import pkgutil
import re
import time

from harness import errors
from harness import files
from harness import wait
from ovs_doctor import report
from ovs_testbed import doctor
from ovs_testbed import namespaces
from ovs_testbed.sabotage import faults
from ovs_testbed.sabotage import proof

#: until the doctor has to name a fault
_NAMED_SECONDS = 30
#: until services have come back after the cure
_GREEN_SECONDS = 180


def names():
    """The names of all faults."""
    return sorted(module.name for module in pkgutil.iter_modules(
        faults.__path__))


def load(name, testbed):
    module = importlib.import_module('%s.%s' % (faults.__name__, name))
    return module.Fault(testbed)


class Run:
    """A run of the suite.

    :param tests: a regular expression: only the faults whose names have it
    """

    def __init__(self, testbed, screen, tests=None):
        self.testbed = testbed
        self.log = testbed.log('sabotage')
        self.results = testbed.cache.path('results-sabotage.json')
        self._screen = screen
        self._faults = [load(name, testbed) for name in names()
                        if re.search(tests or '', name)]
        if not self._faults:
            raise errors.Error('no fault has a name with "%s"' % tests,
                               hint='known: %s' % ', '.join(names()))

    def perform(self):
        """Try each fault, print a table; return whether all went well."""
        files.write_json(self.results, {})
        self._await_green()
        with namespaces.entered(self.testbed.net):
            tenant = proof.Proof(self.testbed, self._screen)
            try:
                with self._screen.phase('boot a server for the proofs'):
                    tenant.prepare()
                rows = [self._try(fault, tenant) for fault in self._faults]
                tenant.finish()
            finally:
                tenant.close()
        self._show(rows)
        failed = [row['fault'] for row in rows if row['failure']]
        files.write_json(self.results, {
            'passed': len(rows) - len(failed), 'failed': len(failed),
            'skipped': 0, 'faults': rows})
        return not failed

    def _try(self, fault, tenant):
        """Put a fault in and have it healed; return how that went."""
        row = {'fault': fault.name, 'title': fault.title, 'cause': None,
               'named': None, 'healed': None, 'failure': None}
        try:
            with self._screen.phase(fault.title, fault.name) as phase:
                try:
                    self._perform(fault, tenant, row)
                finally:
                    fault.undo()
                phase.detail = 'named in %.1f s, healed in %.1f s' % (
                    row['named'], row['healed'])
        except Exception as error:
            row['failure'] = str(error) or type(error).__name__
            self._screen.say('     %s' % row['failure'])
            self._await_green()
        return row

    def _perform(self, fault, tenant, row):
        fault.put_in()
        started = time.monotonic()
        cause = self._await_named(fault)
        row.update(cause=str(cause), hint=cause.hint,
                   named=time.monotonic() - started)
        started = time.monotonic()
        fault.heal(cause.hint)
        self._await_green()
        row['healed'] = time.monotonic() - started
        tenant.prove(fault.name)

    def _causes(self):
        return report.errors_of(doctor.examine(
            self.testbed, os.path.dirname(self.testbed.folder)))

    def _await_named(self, fault):
        """Wait until the doctor names the fault as the cause."""
        def probe():
            causes = self._causes()
            if not causes or not re.search(fault.cause, str(causes[0])):
                return False, causes and str(causes[0]) or 'no fault'
            return causes[0], ''
        cause = wait.until('the doctor to name "%s"' % fault.title, probe,
                           _NAMED_SECONDS, log=self.log)
        if not re.search(fault.hint, cause.hint):
            raise errors.Error('the hint for "%s" is: %s' % (
                fault.title, cause.hint))
        return cause

    def _await_green(self):
        def probe():
            causes = self._causes()
            return not causes, '; '.join(map(str, causes))
        wait.until('the doctor to find no fault', probe, _GREEN_SECONDS,
                   log=self.log)

    def _show(self, rows):
        self._screen.say('\n%-44s %9s %9s  %s' % ('fault', 'named in',
                                                  'healed in', ''))
        for row in rows:
            self._screen.say('%-44s %9s %9s  %s' % (
                row['title'], _seconds(row['named']),
                _seconds(row['healed']),
                'FAILED' if row['failure'] else 'ok'))


def _seconds(number):
    return '-' if number is None else '%.1f s' % number
