# SPDX-License-Identifier: Apache-2.0

"""The folder that Tempest runs in."""

import os

from harness import files

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
