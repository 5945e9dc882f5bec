# SPDX-License-Identifier: Apache-2.0

"""The layers of bin/test and their legs: what each needs and runs.

Names between braces stand for the values of ``paths.values``.
"""

import dataclasses

from tests.runner import environments
from tests.runner.environments import DEBIAN
from tests.runner.paths import PY3
from tests.runner.processes import AS_ROOT

#: what a change of the machine is that two legs must not make side by side:
#: mounts over it, installed packages
MACHINE = 'machine'
_ENGINE = {'OVS_EDGE': '{top}/build/edge-plain/server/ovs-edge'}
_PYTHON = '{tox}/%s/bin/python'
_PYTEST = ('/usr/bin/python3', '-m', 'pytest', '-q', '-rs', '-p',
           'no:cacheprovider', '--junitxml={results}/pytest.xml')
_RELEASES = ('py27-newton', 'py27', 'py27-train', PY3 + '-2026.1', PY3)


@dataclasses.dataclass(frozen=True)
class Leg:
    """A command with tests."""
    name: str
    command: tuple
    #: how the command tells its results, see ``results.READERS``
    results: str
    #: what is made first, see ``environments.RECIPES``
    needs: tuple = ()
    variables: dict = dataclasses.field(default_factory=dict)
    #: where the results are
    folder: str = '{results}'
    #: how long it takes, until a run has told
    seconds: int = 20
    #: the processors that it keeps busy
    load: float = 1
    #: no other leg with the same word runs beside it
    alone: str = ''
    #: it runs only if its layer or itself is named
    only_named: bool = False


def tox(environment, results='command', **more):
    """Return a leg that is the commands of a tox environment."""
    return Leg(environment, environments.tox(environment), results,
               ('tox:' + environment,), {'OVS_TEST_RESULTS': '{results}'},
               **more)


def stestr(name, environment, folder, *which, needs=(), variables=None,
           before=(), **more):
    """Return a leg that is tests of a folder in a tox environment."""
    return Leg(
        name,
        (*before, _PYTHON % environment, '-W', 'ignore', '-m', 'stestr',
         '--repo-url', '{results}', '--test-path', folder, 'run', *which),
        'stestr', ('tox:' + environment, *needs),
        dict(variables or {}, PYTHONPATH='{top}'), **more)


def of_releases(*environments):
    """Return what a test needs that looks into the packages of releases."""
    return {
        'needs': tuple('tox:' + name for name in environments),
        'variables': {'OVS_TEST_PYTHONS': ':'.join(
            '%s=%s' % (name, _PYTHON % name) for name in environments)}}


def live(environment, **more):
    """Return a leg on a storagedriver of its own.

    One test runs after the other: each counts what is on the vPool.
    """
    return stestr(
        environment, environment, 'ovs_drivers/tests/behaviour', '--serial',
        'test_volumes|test_images|test_owners|test_threads',
        before=(_PYTHON % PY3,
                'ovs_storagedriver/tests/with-storagedriver'),
        needs=('tox:' + PY3, 'edge:plain'),
        variables=dict(
            _ENGINE, OVS_LIVE_LIBRARY='{top}/build/edge-plain/client'), **more)


def edge(flavour, **more):
    """Return a leg that is all tests of edge/ that a flavour allows."""
    return Leg(
        flavour,
        ('meson', 'test', '-C', 'build/edge-' + flavour, '--print-errorlogs'),
        'meson', ('edge:' + flavour,), DEBIAN,
        '{top}/build/edge-%s/meson-logs' % flavour, **more)


def hypervisor(name, *command, **more):
    """Return a leg that sees the built QEMU and libvirt at their prefix."""
    return Leg(
        name,
        (*AS_ROOT, 'env', 'PYTHONDONTWRITEBYTECODE=1', 'PYTHONPATH={top}',
         'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
         'OPENVSTORAGE_HYPERVISOR_PREFIX=/opt/openvstorage',
         'OVS_EDGE=/opt/openvstorage/bin/ovs-edge', 'tools/with-hypervisor',
         '{cache}/hypervisor/root', *command),
        'junit', ('hypervisor',), alone=MACHINE, **more)


def ansible(name, which, *environments, **more):
    """Return a leg that tries playbooks and roles on hosts of a release."""
    return stestr(
        name, 'ansible', 'tests/ansible', which,
        needs=('edge:plain', *('tox:' + name for name in environments)),
        variables=dict(_ENGINE, OVS_TEST_CACHE='{cache}',
                       OVS_TEST_VIRTUALENV='{tools}/bin/virtualenv'),
        alone=MACHINE, **more)


def platform(form, **more):
    """Return a leg in the root file system of the other Debian."""
    return Leg(
        form,
        (*AS_ROOT, '/usr/bin/python3', '-m', 'tests.platforms', form,
         '--cache', '{cache}/platforms', '--junit', '{results}/steps.xml'),
        'junit', **more)


#: The layers: name, what it is, its legs
LAYERS = (
    ('lint', 'style of Python and shell', (
        tox('pep8', seconds=25),)),
    ('unit', 'the drivers on the packages of five releases, Newton to 2026.2',
     tuple(tox(name, 'stestr', seconds=35, load=0.8) for name in _RELEASES)),
    ('behaviour', 'the Cinder driver and its failures, on a fake vPool',
     tuple(stestr(name, name, 'ovs_drivers/tests/behaviour', seconds=160,
                  load=0.6) for name in _RELEASES[1:])),
    ('installer', 'ovs-drivers on the packages of five releases', (
        stestr(PY3, PY3, 'ovs_drivers/tests/installer', seconds=140,
               load=0.8, **of_releases(*_RELEASES)),
        stestr('py27-train', 'py27-train', 'ovs_drivers/tests/installer',
               '^(?!.*real_packages)'))),
    ('upstream',
     'what the code uses of OpenStack, on the packages of its releases', (
         stestr('upstream', PY3, 'tests/upstream', seconds=40,
                **of_releases(*_RELEASES[1:], 'tempest', 'tempest-py27')),)),
    ('edge', 'the C library and the engine, also under sanitizers', (
        edge('plain', seconds=250, load=0.3),
        edge('asan', seconds=280, load=0.3),
        edge('tsan', seconds=500),
        Leg('fuzz', ('python3', 'edge/tests/fuzz/guided.py', '--junit',
                     '{results}/fuzz.xml'),
            'junit', variables=DEBIAN, seconds=110))),
    ('storagedriver', 'the embedded storagedriver as a service', (
        stestr('storagedriver', PY3, 'ovs_storagedriver/tests',
               needs=('edge:plain',), variables=_ENGINE, seconds=40),)),
    ('live', 'the behaviour suite on the embedded storagedriver', (
        live('py27', seconds=100, load=0.4),
        live(PY3, seconds=100, load=0.4))),
    ('hypervisor', 'QEMU and libvirt with volumes: builder, patches, '
     'self-test', (
         Leg('builder', (*_PYTEST, 'hypervisor/tests/builder'), 'junit',
             variables=DEBIAN, alone=MACHINE),
         hypervisor('qemu', *_PYTEST, 'hypervisor/tests/qemu', seconds=30),
         hypervisor('libvirt', *_PYTEST, 'hypervisor/tests/libvirt',
                    seconds=200, load=0.4),
         hypervisor('selftest', '/usr/bin/python3', '-m',
                    'hypervisor.selftest', '--cache', '{cache}/hypervisor',
                    '--junit', '{results}/selftest.xml', seconds=90))),
    ('devstack', 'the functions of the DevStack plugin', (
        Leg('devstack', ('devstack/tests/run',), 'junit',
            ('edge:plain', 'tox:' + PY3),
            dict(_ENGINE, OVS_TEST_PYTHON=_PYTHON % PY3,
                 OVS_TEST_RESULTS='{results}'), seconds=45, load=0.4),)),
    ('testbed', 'harness, doctor and parts of the testbed, without a stack', (
        stestr('harness', PY3, 'harness/tests'),
        stestr('doctor', PY3, 'ovs_doctor/tests'),
        stestr('testbed', PY3, 'ovs_testbed/tests'))),
    ('tempest', 'the Tempest plugin without a cloud, on two releases of '
     'Tempest', (
         tox('tempest', 'stestr'),
         tox('tempest-py27', 'stestr'))),
    ('zuul', 'the jobs, loaded by Zuul itself', (
        stestr('zuul', 'zuul', 'tests/zuul'),)),
    ('ansible', 'playbooks and roles, on hosts of their own', (
        ansible('today', '^(?!.*NewtonTest)', PY3, 'ansible216',
                seconds=280, load=0.4),
        ansible('newton', '^(?=.*NewtonTest)', PY3, 'ansible216', 'py27',
                seconds=80, load=0.4))),
    ('platforms', 'the other Debian, 13 or 12, in a folder: all that is '
     'built, and a running OpenStack', (
         platform('quick', seconds=150),
         platform('whole', seconds=1500, only_named=True))),
    ('docs', 'manuals and release notes', (
        tox('docs', seconds=5),
        tox('releasenotes', seconds=5),
        stestr('manual', PY3, 'tests/manual', seconds=20))),
    ('runner', 'bin/test itself', (
        Leg('runner', (*_PYTEST, 'tests/runner', 'tests/platforms/tests'),
            'junit',
            variables=DEBIAN),)),
)
