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
"""The releases: what each takes, what is cached of it, when it was green."""

import time

from ovs_testbed import cache
from ovs_testbed import environment
from ovs_testbed import files
from ovs_testbed import release

COLUMNS = ('release', 'Python', 'cached', 'last green here')
_FORMAT = '%Y-%m-%d %H:%M'


def rows():
    """One row a release, as "ovs-testbed releases" shows them."""
    return [_row(release.load(name)) for name in release.names()]


def _row(found):
    place = cache.Cache(found)
    green = files.read_json(place.green, {})
    return (found.name, found.python,
            'environment' if environment.is_made(place) else 'nothing',
            ', '.join('%s %s' % (suite, _date(green[suite]))
                      for suite in sorted(green)) or 'never')


def _date(seconds):
    return time.strftime(_FORMAT, time.localtime(seconds))


def note_green(testbed, suite):
    """Remember that a suite has passed, for this release on this machine."""
    path = testbed.cache.green
    files.write_json(path, dict(files.read_json(path, {}),
                                **{suite: int(time.time())}))
