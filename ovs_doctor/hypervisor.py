# SPDX-License-Identifier: Apache-2.0

"""Are QEMU and libvirt ours, and do they answer?"""

import os

from ovs_doctor import finding
from ovs_doctor import run

_SECONDS = 10
_PROTOCOL = 'openvstorage'
#: the socket of our libvirt below its prefix
_SOCKET = '/var/run/libvirt/libvirt-sock'
_DEFAULT_URI = 'qemu:///system'


def look(patient):
    """Look at the qemu-img of cinder-volume, and at Nova's libvirtd."""
    volume = patient.find('cinder-volume')
    compute = patient.find('nova-compute')
    for program in volume[:1]:
        yield _qemu_img(patient, program)
    for program in compute[:1]:
        yield _connection(patient, program)
        yield _libvirtd(patient, program)
    if not volume and not compute:
        yield finding.Finding(finding.GOOD, 'hypervisor',
                              'no cinder-volume and no nova-compute here')


def _qemu_img(patient, program):
    """The first one on the PATH has to know the protocol."""
    found = _on_path(patient, program, 'qemu-img')
    knows = found and _PROTOCOL in _said(patient, [found, '--help'])
    prefix = patient.libvirt_prefix() or '/opt/openvstorage'
    return finding.judge(
        'qemu-img', '%s: %s' % (
            found or 'not on the PATH',
            'knows ' + _PROTOCOL if knows else 'does not know ' + _PROTOCOL),
        not knows, 'the first one on the PATH has to be that of %s/bin: put '
        'it there, then %s' % (prefix, patient.restart([program])))


def _on_path(patient, program, name):
    """The path of the first command of a name that a program finds."""
    return next((os.path.join(folder, name)
                 for folder in (program.path or run.PATH).split(':')
                 if os.path.exists(patient.path(folder) + '/' + name)), None)


def _connection(patient, program):
    configuration = patient.configuration_of(program)
    uri = configuration.get('libvirt', 'connection_uri')
    prefix = patient.libvirt_prefix()
    if not prefix:
        return finding.Finding(
            finding.GOOD, 'libvirt of Nova', uri or _DEFAULT_URI)
    place = configuration.place('libvirt', 'connection_uri') if uri else (
        'connection_uri in [libvirt] of ' + program.files()[0])
    socket = prefix + _SOCKET
    return finding.judge(
        'libvirt of Nova', uri or 'no connection_uri',
        socket not in (uri or ''),
        'set %s to qemu+unix:///system?socket=%s, then %s' % (
            place, socket, patient.restart([program])))


def _libvirtd(patient, program):
    prefix = patient.libvirt_prefix()
    virsh = prefix + '/bin/virsh' if prefix else _on_path(
        patient, program, 'virsh')
    if not virsh:
        return finding.Finding(finding.GOOD, 'libvirtd',
                               'is not asked: there is no virsh here')
    uri = 'qemu+unix:///system?socket=' + prefix + _SOCKET if prefix else (
        patient.configuration_of(program).get('libvirt', 'connection_uri')
        or _DEFAULT_URI)
    said = _said(patient, [virsh, '-c', uri, 'version'])
    running = [line.split(': ')[1] for line in said.splitlines()
               if line.startswith('Running hypervisor: ')]
    servers = patient.find('libvirtd')
    return finding.judge(
        'libvirtd', running[0] if running else
        'does not answer within %d s' % _SECONDS, not running,
        'its log may say why: %s; then %s' % (
            servers[0].log, patient.restart(servers)) if servers else
        'start the libvirtd of ' + uri)


def _said(patient, command):
    return run.said(patient.inside(command), timeout=_SECONDS)
