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
"""A running OpenStack with the drivers on it, from one command.

``bin/ovs-testbed up`` goes from a fresh clone to real services on this
machine, without systemd and without a change to the machine's own services:

==================  =========================================================
module              does
==================  =========================================================
``main``,           the commands
``commands``
``bring_up``,       the steps of ``up`` and their order; ``down``
``take_down``
``engine``          runs steps, side by side where they allow it
``testbed``         one testbed: its folders, ports and passwords
``release``         what a release of OpenStack consists of
``room``            the namespaces that a testbed lives in
``supervisor``      starts, watches and stops its processes (supervisord)
``services``        one module a service: configuration, programs, readiness
``plugin``          runs ``devstack/plugin.sh`` through its phases
``guest``           the image that servers boot from
``suites``,         Tempest's tests, its configuration and its users
``tempest``,
``accounts``
``doctor``          looks before anything starts, and after
==================  =========================================================
"""
