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
"""The services of a stack, one module each; a release names those it has."""

import importlib


def load(testbed):
    """Make the services of a testbed: those of its release, in the order of
    its file, and those that were asked for."""
    paths = testbed.release.services + [
        path for path in testbed.release.optional_services
        if path in testbed.extras]
    found = (importlib.import_module('ovs_testbed.services.' + path)
             .Service(testbed) for path in paths)
    return {service.name: service for service in found}
