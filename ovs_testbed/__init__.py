# SPDX-License-Identifier: Apache-2.0

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
``steps``           runs steps, side by side where they allow it
``testbeds``        one testbed: its folders, ports and passwords
``release``         what a release of OpenStack consists of
``sandbox``         the namespaces that a testbed lives in
``relay``           shows its APIs on the machine's own 127.0.0.1
``supervisor``      starts, watches and stops its processes (supervisord)
``services``        one module a service: configuration, programs, readiness
``plugin``          runs ``devstack/plugin.sh`` through its phases
``guest``           the image that servers boot from
``suites``,         Tempest's tests, its configuration and its users
``tempest``,
``accounts``
``doctor``          looks at the machine, and shows a testbed to
                    ``ovs_doctor``, which finds the cause of a fault
``sabotage``        puts faults in, to see whether the doctor names them
==================  =========================================================
"""
