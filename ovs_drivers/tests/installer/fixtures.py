# SPDX-License-Identifier: Apache-2.0

"""Trees and environments to try the installer on."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

import ovs_drivers

OLD_CONNECTOR = '''\
from os_brick import initiator

connector_list = [
    'os_brick.initiator.connectors.base.BaseLinuxConnector',
]

_connector_mapping_linux = {
    initiator.AOE:
        'os_brick.initiator.connectors.aoe.AoEConnector',
}

# Mapping for the S390X platform
_connector_mapping_linux_s390x = {
    initiator.FIBRE_CHANNEL:
        ('os_brick.initiator.connectors.fibre_channel_s390x.'
         'FibreChannelConnectorS390X'),
}
'''

NEW_CONNECTOR = '''\
windows_connector_list = [
    'os_brick.initiator.windows.base.BaseWindowsConnector',
]

unix_connector_list = [
    'os_brick.initiator.connectors.base.BaseLinuxConnector',
]

_connector_mapping_linux = {  # the factory's
    'AOE': 'os_brick.initiator.connectors.aoe.AoEConnector',
}
_connector_mapping_linux_s390x = {
}
_connector_mapping_linux_ppc64 = {
    'FIBRE_CHANNEL': 'FibreChannelConnectorPPC64',
}
'''

OLD_NOVA_DRIVER = '''\
libvirt_volume_drivers = [
    'iscsi=nova.virt.libvirt.volume.iscsi.LibvirtISCSIVolumeDriver',
]
'''

NEW_NOVA_DRIVER = '''\
VOLUME_DRIVERS = {
    'iscsi': 'nova.virt.libvirt.volume.iscsi.LibvirtISCSIVolumeDriver',
}
'''

NOVA_CONFIG = '''\
class LibvirtConfigGuestDevice(object):
    pass


class LibvirtConfigGuestDisk(LibvirtConfigGuestDevice):

    def parse_dom(self, xml):
        return """
not the end of the class
"""


# About the one that follows.
@property
def follower(self):
    pass
'''


def new_folder(test):
    """Return a folder that is gone after the test."""
    folder = tempfile.mkdtemp()
    test.addCleanup(shutil.rmtree, folder)
    return os.path.realpath(folder)


def write(path, text):
    """Write a file and the folders that it is in."""
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    with open(path, 'wb') as target:
        target.write(text.encode('utf-8'))


def read(path):
    """Return a text."""
    with open(path, 'rb') as source:
        return source.read().decode('utf-8')


def make_tree(root, connector=NEW_CONNECTOR, driver=NEW_NOVA_DRIVER,
              config=NOVA_CONFIG):
    """Make a small tree with the files that the installer knows."""
    for package in ('os_brick', 'os_brick/initiator', 'nova', 'cinder',
                    'os_brick/initiator/connectors', 'nova/virt',
                    'nova/virt/libvirt', 'nova/virt/libvirt/volume',
                    'cinder/volume', 'cinder/volume/drivers'):
        write(os.path.join(root, package, '__init__.py'), '')
    write(os.path.join(root, 'os_brick/initiator/connector.py'), connector)
    write(os.path.join(root, 'nova/virt/libvirt/driver.py'), driver)
    write(os.path.join(root, 'nova/virt/libvirt/config.py'), config)
    write(os.path.join(root, 'os_brick/initiator/__pycache__',
                       'connector.cpython-311.pyc'), 'compiled for 3.11')
    write(os.path.join(root, 'os_brick/initiator/connector.pyc'),
          'compiled for 2.7')
    return root


def make_environment(folder):
    """Make an empty virtual environment of this Python, without pip."""
    if sys.version_info[0] == 2:
        raise unittest.SkipTest('makes virtual environments of Python 3')
    python = os.path.join(folder, 'bin', 'python')
    os.makedirs(os.path.dirname(python))
    base = getattr(sys, '_base_executable', None) or sys.executable
    os.symlink(os.path.realpath(base), python)
    write(os.path.join(folder, 'pyvenv.cfg'),
          'home = %s\n' % os.path.dirname(os.path.realpath(base)))
    library = 'python%d.%d' % sys.version_info[:2]
    packages = os.path.join(folder, 'lib', library, 'site-packages')
    os.makedirs(packages)
    check_prefix(python, folder)
    return python, packages


def check_prefix(python, folder):
    """Make sure that a test does not change an environment of a user."""
    prefix = subprocess.check_output(
        [python, '-c', 'import sys; print(sys.prefix)'])
    if os.path.realpath(prefix.decode('utf-8').strip()) != folder:
        raise AssertionError('%s would change %s' % (python, prefix))


def fingerprint(root):
    """Return path -> what is there: type, mode and a sum of the content.

    Without what Python compiles: that goes with a change of its source.
    """
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != '__pycache__']
        for name in folders + names:
            if name.endswith('.pyc'):
                continue
            path = os.path.join(folder, name)
            key = os.path.relpath(path, root)
            if os.path.islink(path):
                found[key] = 'link to ' + os.readlink(path)
            elif os.path.isdir(path):
                found[key] = 'folder'
            else:
                with open(path, 'rb') as source:
                    content = hashlib.sha256(source.read()).hexdigest()
                found[key] = '%o %s' % (os.stat(path).st_mode, content)
    return found


def pythons():
    """Return name -> interpreter from OVS_TEST_PYTHONS."""
    listed = os.environ.get('OVS_TEST_PYTHONS', '')
    return dict(entry.split('=', 1) for entry in listed.split(':') if entry)


def start(*arguments):
    """Start ``ovs-drivers``."""
    package_parent = os.path.dirname(
        os.path.dirname(os.path.abspath(ovs_drivers.__file__)))
    return subprocess.Popen(
        [sys.executable, '-m', 'ovs_drivers.installer.main']
        + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=package_parent))


def run(*arguments):
    """Run ``ovs-drivers``; return exit code, output and complaints."""
    process = start(*arguments)
    output, complaints = process.communicate()
    return (process.returncode, output.decode('utf-8'),
            complaints.decode('utf-8'))


class Sandbox(object):
    """A copy of an environment: ours to change, the rest is linked."""

    COPIED = ('cinder', 'nova', 'os_brick')

    def __init__(self, test, python):
        self.folder = new_folder(test)
        origin = os.path.dirname(os.path.dirname(os.path.abspath(python)))
        self.python = os.path.join(self.folder, 'bin', 'python')
        os.mkdir(os.path.join(self.folder, 'bin'))
        if os.path.islink(python):
            os.symlink(os.path.realpath(python), self.python)
        else:  # Python 2.7 takes the binary's own place for its prefix
            shutil.copy(python, self.python)
        shutil.copy(os.path.join(origin, 'pyvenv.cfg'), self.folder)
        library = [name for name in os.listdir(os.path.join(origin, 'lib'))
                   if name.startswith('python')][0]
        original = os.path.join(origin, 'lib', library)
        self._link_all(original, os.path.join(self.folder, 'lib', library),
                       besides=['site-packages'])
        self.packages = os.path.join(self.folder, 'lib', library,
                                     'site-packages')
        original = os.path.join(original, 'site-packages')
        self._link_all(original, self.packages, besides=self.COPIED)
        for name in self.COPIED:
            if os.path.isdir(os.path.join(original, name)):
                shutil.copytree(os.path.join(original, name),
                                os.path.join(self.packages, name),
                                ignore=shutil.ignore_patterns('tests'))
        check_prefix(self.python, self.folder)

    @staticmethod
    def _link_all(source, target, besides):
        os.makedirs(target)
        for name in os.listdir(source):
            if name not in besides:
                os.symlink(os.path.join(source, name),
                           os.path.join(target, name))

    def says(self, program):
        """Run a program there and return what it printed."""
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE='1')
        environment.pop('PYTHONPATH', None)
        return subprocess.check_output(
            [self.python, '-W', 'ignore', '-c', textwrap.dedent(program)],
            env=environment, cwd=self.folder).decode('utf-8').strip()


class TestCase(unittest.TestCase):
    """A test that shows long differences."""

    maxDiff = None
