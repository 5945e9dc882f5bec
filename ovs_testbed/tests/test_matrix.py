# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
import os
import time
from unittest import mock

from ovs_testbed import cache
from ovs_testbed import environment
from ovs_testbed import files
from ovs_testbed import matrix
from ovs_testbed import release
from ovs_testbed.tests import support


class MatrixTestCase(support.TestbedTestCase):

    def row(self):
        """The row of the testbed's release."""
        return next(row for row in matrix.rows()
                    if row[0] == self.testbed.release.name)

    def test_all_releases(self):
        self.assertEqual(release.names(), [row[0] for row in matrix.rows()])
        for row in matrix.rows():
            self.assertEqual(len(matrix.COLUMNS), len(row))

    def test_fresh_machine(self):
        name = self.testbed.release.name
        self.assertEqual((name, '3.11', 'nothing', 'never'), self.row())

    def test_environment_is_cached_when_it_is_whole(self):
        path = self.testbed.cache.environment
        os.makedirs(path)
        self.assertEqual('nothing', self.row()[2])
        files.write(os.path.join(path, environment._COMPLETE), '')
        self.assertEqual('environment', self.row()[2])

    def test_last_green(self):
        for suite, seconds in (('smoke', 0), ('plugin', 60), ('smoke', 120)):
            with mock.patch.object(time, 'time', return_value=seconds):
                matrix.note_green(self.testbed, suite)
        with mock.patch.object(time, 'localtime', time.gmtime):
            self.assertEqual('plugin 1970-01-01 00:01, smoke 1970-01-01 00:02',
                             self.row()[3])

    def test_each_release_has_its_own(self):
        matrix.note_green(self.testbed, 'smoke')
        other = mock.Mock()
        other.name, other.key = 'other', 'key'
        self.assertFalse(os.path.exists(cache.Cache(other).green))
