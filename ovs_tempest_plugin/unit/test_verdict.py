# SPDX-License-Identifier: Apache-2.0

import datetime
import io
import json
import os
import unittest

import fixtures
from iso8601 import iso8601
import subunit

from ovs_tempest_plugin import verdict

try:
    from StringIO import StringIO
except ImportError:
    from io import StringIO

TRACEBACK = """\
Traceback (most recent call last):

  File "/plugin/common/waiting.py", line 34, in wait_for
    is_so, state = probe()
                   ^^^^^^

  File "/plugin/common/waiting.py", line 54, in probe
    raise lib_exc.TempestException(

tempest.lib.exceptions.TempestException: An unknown exception occurred
Details: volume 1 went to status error
"""
BEGIN = datetime.datetime(2026, 11, 21, tzinfo=iso8601.UTC)


def stream(*tests):
    """A stream with tests of a name, status and reason, of a second each.

    The reason of a test that failed is its traceback.
    """
    output = io.BytesIO()
    result = subunit.StreamResultToBytes(output)
    for count, (name, status, reason) in enumerate(tests):
        start = BEGIN + datetime.timedelta(minutes=count)
        result.status(test_id=name, test_status='inprogress',
                      timestamp=start)
        details = {}
        if reason:
            details = {'file_name': 'traceback' if status == 'fail'
                       else 'reason', 'eof': True,
                       'file_bytes': reason.encode('utf-8'),
                       'mime_type': 'text/plain;charset=utf8'}
        result.status(test_id=name, test_status=status, timestamp=start +
                      datetime.timedelta(seconds=1), **details)
    return output.getvalue()


class VerdictTestCase(unittest.TestCase):

    def setUp(self):
        super(VerdictTestCase, self).setUp()
        folder = fixtures.TempDir()
        folder.setUp()
        self.addCleanup(folder.cleanUp)
        self.folder = folder.path
        self.output = StringIO()
        for name in ('stdout', 'stderr'):
            patch = fixtures.MonkeyPatch('sys.' + name, self.output)
            patch.setUp()
            self.addCleanup(patch.cleanUp)

    def run_verdict(self, *tests):
        path = os.path.join(self.folder, 'stream')
        with open(path, 'wb') as target:
            target.write(stream(*tests))
        return verdict.main(
            [path, '--results', os.path.join(self.folder, 'results')])

    def test_a_success(self):
        self.assertEqual(0, self.run_verdict(
            ('a', 'success', ''), ('b', 'skip', '[x] y is false')))
        self.assertIn('1 passed, 0 failed, 1 skipped', self.output.getvalue())
        self.assertIn('1  [x] y is false', self.output.getvalue())

    def test_failures(self):
        self.assertEqual(1, self.run_verdict(
            ('a', 'success', ''), ('setUpClass (b)', 'fail', '')))
        self.assertIn('FAILED   setUpClass (b)', self.output.getvalue())

    def test_what_a_test_failed_with(self):
        self.run_verdict(('a', 'fail', TRACEBACK))
        self.assertIn('FAILED   a (fail)\n'
                      '         tempest.lib.exceptions.TempestException: An '
                      'unknown exception occurred\n'
                      '         Details: volume 1 went to status error\n',
                      self.output.getvalue())
        self.assertNotIn('probe()', self.output.getvalue())

    def test_no_password_of_a_command_that_failed(self):
        for text in ("['cinder', '--os-password', 'X0+ig~%s', 'list']",
                     "[u'cinder', u'--os-password', u'X0+ig~%s', u'list']",
                     "cinder --os-password X0+ig~%s list",
                     "cinder --os-password=X0+ig~%s list"):
            self.run_verdict(('a', 'fail', 'Command ' + text % 'LH9fTiEK'))
        self.assertEqual(4, self.output.getvalue().count('***'))
        with open(os.path.join(self.folder, 'results')) as results:
            self.assertNotIn('LH9fTiEK', results.read())
        self.assertNotIn('LH9fTiEK', self.output.getvalue())

    def test_a_test_that_never_ended(self):
        self.assertEqual(1, self.run_verdict(
            ('a', 'success', ''), ('b', 'inprogress', '')))

    def test_nothing_was_tested(self):
        for tests in ((), (('a', 'skip', 'a reason'),),
                      (('a', 'exists', ''),)):
            self.assertEqual(1, self.run_verdict(*tests))
            self.assertIn('nothing was tested', self.output.getvalue())

    def test_a_skip_without_a_reason(self):
        self.assertEqual(1, self.run_verdict(
            ('a', 'success', ''), ('b', 'skip', '')))
        self.assertIn('skipped without a reason: b', self.output.getvalue())

    def test_results_are_kept_and_compared(self):
        self.run_verdict(('a', 'success', ''))
        with open(os.path.join(self.folder, 'results')) as results:
            saved = json.load(results)
        self.assertEqual(
            {'passed': 1, 'skipped': 0, 'failed': 0, 'tests': [
                {'name': 'a', 'status': 'success', 'seconds': 1.0,
                 'reason': ''}]}, saved)
        self.assertNotIn('before', self.output.getvalue())
        self.run_verdict(('a', 'success', ''))
        self.assertIn('(before: 1.0 s)', self.output.getvalue())
