# SPDX-License-Identifier: Apache-2.0

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
