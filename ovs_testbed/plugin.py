"""Runs ``devstack/plugin.sh`` through its phases, as DevStack would.

Everything that is Open vStorage's comes from there: hypervisor, storagedriver,
drivers, vPools in cinder.conf, volume types and tempest.conf. In the sandbox
the prefix is a folder of the testbed, so that nothing is installed on the
machine.
"""

import glob
import os
import sys

from harness import run
from ovs_testbed import cloud
from ovs_testbed import plugin_path
from ovs_testbed import testbeds
from ovs_testbed.services import base

PREFIX = '/opt/openvstorage'
#: where the client library looks for edge.conf and the keys of TLS
_SETTINGS = '/etc/openvstorage'
#: where ovs-vsctl looks for Open vSwitch, which Pike's network shows it
_SWITCH = '/run/openvswitch'
_KVM = '/dev/kvm'
_HERE = os.path.dirname(os.path.abspath(__file__))
_PHASES = os.path.join(_HERE, 'devstack', 'run-phases')
_BUILD = os.path.join(testbeds.CHECKOUT, 'hypervisor', 'build')
#: where the user that runs QEMU reaches the servers' disks in the sandbox: the
#: testbed's folder is closed to that user
INSTANCES = PREFIX + '/instances'
#: the services that the plugin asks about, by DevStack's names
_ENABLED = ('key', 'g-api', 'placement-api', 'n-api', 'n-cond', 'n-sch',
            'n-cpu', 'c-api', 'c-sch', 'c-vol', 'neutron-api', 'tempest')
#: its own services
_SERVICES = ('ovs-sd', 'ovs-virtlogd', 'ovs-libvirtd')


class Plugin:
    """The plugin of this checkout on one testbed."""

    def __init__(self, testbed, sandbox):
        self.testbed = testbed
        self._sandbox = sandbox

    @property
    def _root(self):
        """The folder that the prefix is installed into."""
        return self.testbed.path('hypervisor')

    def build(self):
        """Build what the plugin's install phase will want, before there is
        anything to install it for: the rest goes on meanwhile."""
        run.run([_BUILD, '--prefix', PREFIX, '--root', self._root],
                log=self.testbed.log('hypervisor-build'), timeout=3600)

    def is_built(self):
        return os.path.exists(self.testbed.mark('install'))

    def mounts(self):
        """The mounts of the sandbox: {path: folder that is seen there}."""
        instances = self.testbed.data('nova', 'instances')
        os.chmod(instances, 0o711)
        shown = {PREFIX: self._root + PREFIX}
        if self.testbed.tls != 'off':
            shown[_SETTINGS] = self.testbed.path('openvstorage')
        for place, folder in shown.items():
            os.makedirs(place, exist_ok=True)
            os.makedirs(folder, exist_ok=True)
        # a place in the prefix's folder
        os.makedirs(self._root + INSTANCES, exist_ok=True)
        shown[INSTANCES] = instances
        return shown

    def install(self):
        """The phases before any service runs."""
        self._run('stack pre-install', 'backends configure', 'stack install')

    def post_config(self):
        """The phases once keystone runs."""
        self._run('backends init', 'stack post-config')

    def runs(self):
        """Return true if the services of the plugin run."""
        known = self._sandbox.supervisor.all()
        return all(known.get(name, {}).get('statename') == 'RUNNING'
                   for name in _SERVICES)

    def extra(self):
        """The phase once all services run."""
        self._run('stack extra')

    def test_config(self):
        """The phase when tempest.conf is there."""
        self._run('stack test-config')

    def remove(self):
        """Run the phases of unstack.sh and clean.sh."""
        self._run('unstack', 'backends cleanup', 'clean')

    def _run(self, *phases):
        run.run(self._sandbox.inside([_PHASES] + list(phases)),
                log=self.testbed.log('plugin'), timeout=1200,
                env=self._variables())

    def _enabled(self):
        return _ENABLED + (
            ('c-bak',) if 'backup' in self.testbed.extras else ())

    def _variables(self):
        """The variables that DevStack would have set."""
        testbed = self.testbed
        python = 'python' + testbed.release.python
        packages = os.path.join(testbed.cache.environment, 'lib', python,
                                'site-packages')
        ports = testbed.ports
        return dict(
            base.ENVIRONMENT, **cloud.variables(testbed),
            PATH=plugin_path.read(testbed),
            PATH_FILE=plugin_path.file_of(testbed),
            DEST=testbed.folder, DATA_DIR=testbed.data(),
            LOGDIR=testbed.path('log'), SERVICE_DIR=testbed.path('run'),
            STACK_USER='root', LIBVIRT_GROUP='root', VIRT_DRIVER='libvirt',
            SERVICE_HOST=testbeds.ADDRESS, HOST_IP=testbeds.ADDRESS,
            ENABLED_SERVICES=','.join(self._enabled()), OFFLINE='True',
            CINDER_ENABLED_BACKENDS=','.join(
                'openvstorage:' + name for name in testbeds.VPOOLS),
            CINDER_DIR=packages, NOVA_DIR=packages,
            CINDER_CONF=testbed.etc('cinder', 'cinder.conf'),
            NOVA_CONF=testbed.etc('nova', 'nova.conf'),
            TEMPEST_CONFIG=testbed.etc('tempest', 'tempest.conf'),
            CINDER_BIN_DIR=os.path.join(testbed.cache.environment, 'bin'),
            NOVA_BIN_DIR=os.path.join(testbed.cache.environment, 'bin'),
            SERVICE_PROJECT_NAME='service', SERVICE_DOMAIN_NAME='Default',
            SERVICE_PASSWORD=testbed.passwords['cinder'],
            OPENVSTORAGE_HYPERVISOR='build',
            OPENVSTORAGE_HYPERVISOR_PREFIX=PREFIX,
            OPENVSTORAGE_BIN_DIR=PREFIX + '/bin',
            OPENVSTORAGE_QEMU_USER=qemu_user(),
            OPENVSTORAGE_STORAGEDRIVER='embedded',
            OPENVSTORAGE_TLS=testbed.tls,
            OPENVSTORAGE_EDGE_PORT=str(ports['edge']),
            OPENVSTORAGE_XML_RPC_PORT=str(ports['xml-rpc']),
            OVS_TESTBED_PYTHON=sys.executable,
            OVS_TESTBED_FOLDER=testbed.folder)


def outside(testbed, path):
    """Return the path on the machine of a file in the sandbox."""
    if path.startswith(_SETTINGS + '/'):
        return testbed.path('openvstorage') + path[len(_SETTINGS):]
    return path


def qemu_user():
    """Return root where only root may open KVM, else leave the choice open.

    libvirtd asks QEMU for its capabilities with rights that guests lack. Where
    these make the difference whether KVM works, libvirtd never believes the
    answer and asks again before each call, which takes seconds.
    """
    try:
        is_closed = os.stat(_KVM).st_mode & 0o006 != 0o006
    except FileNotFoundError:
        is_closed = False
    return 'root' if is_closed else ''


def remove_mount_points():
    """Remove the machine's empty folders that served as mount points, unless
    something is mounted there: the mount would go with the folder."""
    for place in (PREFIX, _SETTINGS, _SWITCH):
        if os.path.isdir(place) and not os.listdir(place) \
                and not _is_mounted_upon(place):
            os.rmdir(place)


def _is_mounted_upon(folder):
    """Return true if it is a mount point in a mount namespace."""
    for path in glob.glob('/proc/[0-9]*/mountinfo'):
        try:
            with open(path) as mounts:
                if any(line.split()[4] == folder for line in mounts):
                    return True
        except OSError:
            continue        # the process has ended
    return False
