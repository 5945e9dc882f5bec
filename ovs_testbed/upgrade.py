# SPDX-License-Identifier: Apache-2.0

"""``upgrade``: another release of OpenStack on the same testbed.

The databases, the vPools, the network, the hypervisor and the guests stay as
they are. The services of OpenStack stop, and start from the new release's
environment with the drivers in it. A testbed's folder names one release at
any time: interrupted before the switch, "up" starts the old one again; after
it, "up" completes the new one.
"""

from harness import errors
from ovs_testbed import environment
from ovs_testbed import release
from ovs_testbed import sandbox
from ovs_testbed import services
from ovs_testbed import steps
from ovs_testbed import supervisor
from ovs_testbed import testbeds
from ovs_testbed.services import base


def check(testbed, wanted):
    """Raise unless the testbed can get a release."""
    name = testbed.release.name
    if name not in release.load(wanted).upgrades_from:
        ways = [other for other in release.names()
                if name in release.load(other).upgrades_from]
        raise errors.Error(
            'testbed "%s" has release %s: there is no way from it to %s' % (
                testbed.name, name, wanted),
            hint='upgrade it to %s' % ' or '.join(ways) if ways else
                 'take another --name for a testbed of %s' % wanted)
    if not sandbox.Sandbox(testbed).exists():
        raise errors.Error(
            'testbed "%s" is not up' % testbed.name,
            hint='bin/ovs-testbed up --name %s' % testbed.name)


def plan(testbed, wanted):
    """Return the steps up to the switch; "up" does the others."""
    target = testbeds.Testbed(testbed.name, testbed.folder, {
        'release': wanted, 'base_port': testbed.base_port})
    return [
        steps.Step('python', 'Python environment of %s' % wanted,
                   lambda: environment.make(target),
                   lambda: environment.is_there(target)),
        steps.Step('stop', 'stopping the services of %s'
                   % testbed.release.name, lambda: _stop(testbed),
                   after=['python']),
        steps.Step('switch', 'switching to %s' % wanted,
                   lambda: testbeds.switch(testbed, wanted) and None,
                   after=['stop']),
    ]


def _stop(testbed):
    """Stop the services of OpenStack, the ones that others need last."""
    supervisord = supervisor.Supervisor(testbed)
    for service in reversed(services.load(testbed).values()):
        if isinstance(service, base.OpenStackService):
            for program in service.programs():
                supervisord.stop(program.name)
