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
"""The folder that Tempest runs in."""

import os

from ovs_testbed import files

_STESTR = """\
[DEFAULT]
test_path=%s
top_dir=%s
group_regex=([^\\.]*\\.)*
"""


def make(testbed, folder):
    """Make a folder in which "tempest run" finds all tests."""
    packages = os.path.join(
        testbed.tests.environment, 'lib',
        'python' + testbed.tests.release.python, 'site-packages')
    files.write(os.path.join(folder, '.stestr.conf'), _STESTR % (
        os.path.join(packages, 'tempest', 'test_discover'), packages))
