# SPDX-License-Identifier: Apache-2.0

"""Patches that spoil a part of the project, each with the test to notice it.

A patch begins with lines "Defect: TEXT" (it says how the part behaves),
"Caught-by: TEST" and, where they apply, "Service: NAME" (what is restarted)
and "Tries: NUMBER" (how often a test that draws lots may be run). Then comes a
diff with prefixes.
"""

import collections
import glob
import os
import re
import shutil
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TOP)

from harness import errors  # noqa: E402
from harness import run  # noqa: E402

STEP_SECONDS = 600

Defect = collections.namedtuple('Defect', ['name', 'what', 'test', 'service',
                                           'tries', 'patch', 'files'])


def read(path):
    """Read one patch with its header."""
    with open(path, encoding='utf-8') as patch:
        text = patch.read()
    header = dict(re.findall(r'^(Defect|Service|Caught-by|Tries): (.+)$',
                             text.partition('\n--- ')[0], re.MULTILINE))
    files = re.findall(r'^\+\+\+ b/(\S+)', text, re.MULTILINE)
    if not {'Defect', 'Caught-by'} <= set(header) or not files:
        raise errors.Error('%s: Defect, Caught-by and a patch are needed'
                           % path)
    name = os.path.splitext(os.path.basename(path))[0]
    return Defect(name, header['Defect'], header['Caught-by'],
                  header.get('Service'), int(header.get('Tries', 1)), path,
                  files)


def read_all(folder, names):
    """Read those of these names, or all of a folder."""
    paths = ([os.path.join(folder, name + '.patch') for name in names] or
             sorted(glob.glob(os.path.join(folder, '*.patch'))))
    return [read(path) for path in paths]


def apply_patch(defect, folder, *options):
    with open(defect.patch, encoding='utf-8') as patch:
        run.run(['patch', '--strip=1', '--no-backup-if-mismatch', *options,
                 '--directory', folder], stdin=patch.read())


class EdgeCopy:
    """A copy of edge/ that is spoiled and built."""

    def __init__(self, folder):
        self.folder = folder
        self.build = os.path.join(folder, 'build')
        shutil.copytree(os.path.join(TOP, 'edge'),
                        os.path.join(folder, 'edge'))
        # a spoiled function may not use all of its parameters
        run.run(['meson', 'setup', '-Dwerror=false', self.build,
                 os.path.join(folder, 'edge')], clean=True,
                timeout=STEP_SECONDS)

    def make(self, *targets):
        run.run(['ninja', '-C', self.build, *targets], clean=True,
                timeout=STEP_SECONDS, why=run.first_error)
