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
"""The PATH of the services. The plugin's first phase puts folders on it, as it
does in a DevStack that runs its services without systemd."""

SYSTEM = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def file_of(testbed):
    return testbed.path('run', 'path')


def read(testbed):
    """The PATH that the plugin left, or the one before it came."""
    try:
        with open(file_of(testbed)) as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return '%s/bin:%s' % (testbed.cache.environment, SYSTEM)
