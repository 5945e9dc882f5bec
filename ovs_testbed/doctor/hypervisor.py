# SPDX-License-Identifier: Apache-2.0

"""Are QEMU and libvirt ours, and do they answer?"""

import os

from harness import errors
from harness import run
from ovs_testbed import plugin
from ovs_testbed import plugin_path
from ovs_testbed.doctor import finding

_SECONDS = 10
_PROTOCOL = 'openvstorage'
_SOCKET = plugin.PREFIX + '/var/run/libvirt/libvirt-sock'
_READER = 'n-cpu'


def look(patient):
    """Look at the qemu-img of cinder-volume, and at Nova's libvirtd."""
    yield _qemu_img(patient)
    yield _connection(patient)
    yield _libvirtd(patient)


def _qemu_img(patient):
    """The first one on the PATH has to know the protocol."""
    folders = plugin_path.read(patient.testbed).split(':')
    found = next((os.path.join(folder, 'qemu-img') for folder in folders
                  if os.path.exists(patient.path(folder) + '/qemu-img')),
                 None)
    knows = found and _PROTOCOL in _said(patient, [found, '--help'])
    return finding.judge(
        'qemu-img', '%s: %s' % (
            found or 'not on the PATH',
            'knows ' + _PROTOCOL if knows else 'does not know ' + _PROTOCOL),
        not knows, 'the first one on the PATH has to be that of %s/bin: put '
        'it there, then run %s' % (plugin.PREFIX, patient.command(
            'restart', 'c-vol')))


def _connection(patient):
    configuration = next(
        found for found, names in patient.configurations(
            patient.services['nova']) if _READER in names)
    uri = configuration.get('libvirt', 'connection_uri')
    place = configuration.place('libvirt', 'connection_uri') if uri else (
        'connection_uri in [libvirt] of ' + patient.services['nova'].conf())
    return finding.judge(
        'libvirt of Nova', uri or 'no connection_uri',
        _SOCKET not in (uri or ''),
        'set %s to qemu+unix:///system?socket=%s, then %s' % (
            place, _SOCKET, patient.restart([_READER])))


def _libvirtd(patient):
    said = _said(patient, [
        plugin.PREFIX + '/bin/virsh', '-c',
        'qemu+unix:///system?socket=' + _SOCKET, 'version'])
    running = [line.split(': ')[1] for line in said.splitlines()
               if line.startswith('Running hypervisor: ')]
    return finding.judge(
        'libvirtd', running[0] if running else
        'does not answer within %d s' % _SECONDS, not running,
        'its log may say why: %s; then %s' % (
            patient.testbed.log('ovs-libvirtd'),
            patient.restart(['ovs-libvirtd'])))


def _said(patient, command):
    """What a command in the sandbox says; nothing if it fails."""
    try:
        return run.run(patient.sandbox.inside(command, '/'), clean=True,
                       timeout=_SECONDS)
    except errors.Error:
        return ''
