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
"""The defects of tools/try-edge-defects fit the sources and name their tests.

That the tests catch them takes long and is tried by hand.
"""

import glob
import os
import re
import subprocess

import pytest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(TESTS))
PATCHES = sorted(glob.glob(os.path.join(TESTS, 'defects', '*.patch')))


@pytest.fixture(params=PATCHES, ids=os.path.basename)
def defect(request):
    return request.param


def test_it_applies(defect):
    with open(defect) as patch:
        done = subprocess.run(
            ['patch', '--dry-run', '--force', '--fuzz=0', '--strip=1',
             '--directory', TOP], stdin=patch, stdout=subprocess.PIPE,
            text=True)
    assert done.returncode == 0, done.stdout


def test_its_test_exists(defect):
    with open(defect) as patch:
        text = patch.read()
    place, _, name = re.search('^Caught-by: (.+)$', text,
                               re.MULTILINE).group(1).partition('::')
    if place.startswith('unit/'):
        place = place.replace('-', '_') + '.c'
    with open(os.path.join(TESTS, place)) as source:
        assert name.rpartition('::')[2].partition('[')[0] in source.read()
