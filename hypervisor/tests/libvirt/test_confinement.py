# SPDX-License-Identifier: Apache-2.0

"""Test a guest's limits: its profile, its user, its console's log."""

import os
import re
import shutil
import subprocess
import time
import uuid

import pytest

import documents
import guests
from hypervisor.builder import confinement
from hypervisor.builder import users
from hypervisor.selftest import libvirtd

SECONDS = 60
PARSER = '/sbin/apparmor_parser'
# In the helper's place of the parser: there is no AppArmor in the kernel.
COMPILE_ONLY = '''#!/bin/sh
set -e
/bin/cp "$2" {folder}/loaded
exec {folder}/apparmor_parser --skip-kernel-load --skip-cache "$2"
'''
# A boot sector: mov dx, COM1; mov al, "A"; again: out dx, al; jmp again
FLOOD = b'\xba\xf8\x03\xb0\x41\xee\xeb\xfd'.ljust(510, b'\0') + b'\x55\xaa'
SIZE = 16384
VIRTLOGD_CONF = '''
max_size = %d
max_backups = 2
''' % SIZE


@pytest.fixture(scope='module')
def parser():
    if not os.access(PARSER, os.X_OK):
        pytest.fail('there is no %s; apt-get install apparmor' % PARSER)
    return PARSER


class Helper:
    """virt-aa-helper, which compiles profiles and loads none.

    It writes into the test's folder.
    """

    def __init__(self, prefix, folder, parser):
        self.prefix, self.folder = prefix, folder
        self.uuid = str(uuid.uuid4())
        self._own = os.path.join(prefix, 'etc', 'apparmor.d')
        shutil.copytree(self._own, folder / 'profiles')
        shutil.copy2(parser, folder / 'apparmor_parser')
        self._instead = folder / 'compile-only'
        self._instead.write_text(COMPILE_ONLY.format(folder=folder))
        self._instead.chmod(0o755)

    def create(self, *devices):
        """Make the profile of a domain; return the rules of its own."""
        xml = documents.domain(
            'guest', os.path.join(self.prefix, 'bin', 'qemu-system-x86_64'),
            *devices).replace('<memory', '<uuid>%s</uuid>\n  <memory'
                              % self.uuid)
        done = subprocess.run(
            ['unshare', '--mount', '--propagation', 'private', '--', 'sh',
             '-ec', 'mount --bind "$1" "$2"; mount --bind "$3" "$4"; shift 4;'
             ' exec "$@"', 'sh', self.folder / 'profiles', self._own,
             self._instead, PARSER,
             os.path.join(self.prefix, 'libexec', 'virt-aa-helper'),
             '-c', '-u', 'libvirt-' + self.uuid],
            input=xml, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode != 0:
            raise libvirtd.Failure(done.stdout + done.stderr)
        with open(self._path('.files')) as file:
            return re.findall(r'^ *((?:deny )?".*),$', file.read(),
                              re.MULTILINE)

    def loaded(self):
        """Return the profile that the parser got."""
        return (self.folder / 'loaded').read_text()

    def _path(self, suffix=''):
        return self.folder / 'profiles' / 'libvirt' / (
            'libvirt-%s%s' % (self.uuid, suffix))


@pytest.fixture
def helper(prefix, tmp_path, parser):
    return Helper(prefix, tmp_path, parser)


def volume_disk(name='volume-1'):
    return documents.disk(documents.NAMED % name)


def file_disk(path, driver='raw'):
    return '''
<disk type='file' device='disk'>
  <driver name='qemu' type='%s'/>
  <source file='%s'/>
  <target dev='vdb' bus='virtio'/>
</disk>''' % (driver, path)


def about(rules, *folders):
    """Return the rules about files below folders."""
    return [rule for rule in rules
            if any(str(folder) in rule for folder in folders)]


def test_a_volume_needs_no_rule(helper):
    without = helper.create()
    helper.uuid = str(uuid.uuid4())
    assert helper.create(volume_disk()) == without


def test_files_and_consoles_have_rules(helper, tmp_path):
    disk, console = tmp_path / 'disk.raw', tmp_path / 'console.log'
    disk.write_bytes(b'\0' * 512)
    rules = helper.create(
        volume_disk(), file_disk(disk),
        "<serial type='file'><source path='%s'/></serial>" % console)
    assert about(rules, tmp_path) == ['"%s" rwk' % disk,
                                      '"%s" rw' % console]


def test_an_image_above_a_volume(helper, tmp_path, prefix):
    """The image has a rule, and what it lies upon needs none."""
    overlay = tmp_path / 'overlay.qcow2'
    subprocess.run(
        [os.path.join(prefix, 'bin', 'qemu-img'), 'create', '-q', '-u', '-f',
         'qcow2', '-F', 'raw', '-b',
         'openvstorage+tcp:192.0.2.1:26203/volume-1', overlay, '1M'],
        check=True, timeout=SECONDS)
    rules = helper.create(file_disk(overlay, 'qcow2'))
    assert about(rules, tmp_path) == ['"%s" rwk' % overlay]
    assert not about(rules, 'volume-1', '192.0.2.1')


@pytest.mark.parametrize('path', [
    'bin/qemu-system-x86_64', 'lib/libvirt.so.0', 'etc/libvirt/qemu.conf',
    'sbin/libvirtd', 'libexec/virt-aa-helper'])
def test_what_is_installed_is_no_disk(helper, prefix, path):
    with pytest.raises(libvirtd.Failure, match='skipped restricted file'):
        helper.create(file_disk(os.path.join(prefix, path)))


def test_the_profile_of_a_guest_compiles(helper, prefix):
    """virt-aa-helper gave the profile to the parser, which took it."""
    helper.create(volume_disk())
    text = helper.loaded()
    own = os.path.join(prefix, 'etc', 'apparmor.d')
    assert 'profile libvirt-%s ' % helper.uuid in text
    assert '#include "%s/libvirt/libvirt-%s.files"' % (own,
                                                       helper.uuid) in text
    assert '#include "%s/abstractions/libvirt-qemu"' % own in text


def preprocessed(parser, path):
    """Return a profile with all that it includes; it compiles, too."""
    command = [parser, '--skip-kernel-load', '--skip-cache']
    subprocess.run(command + [path], check=True, timeout=SECONDS)
    return subprocess.run(command + ['--preprocess', path], check=True,
                          capture_output=True, text=True,
                          timeout=SECONDS).stdout


def test_profiles_of_libvirtd_and_its_helper_compile(prefix, parser):
    for name in confinement.file_names(prefix):
        text = preprocessed(parser, os.path.join(
            prefix, confinement.SOURCES, name))
        assert re.search(r'^profile (libvirtd|virt-aa-helper)%s %s/'
                         % (re.escape(prefix.replace('/', '.')), prefix),
                         text, re.MULTILINE)


@pytest.mark.parametrize('rule', [
    '{prefix}/bin/qemu-system-* rmix',
    '{prefix}/lib/qemu/*.so mr',
    '{prefix}/lib/libovsvolumedriver.so* mr',
    '/etc/openvstorage/edge.conf r',
    '/etc/openvstorage/tls/** r',
    'ptrace (readby, tracedby) peer={libvirtd}',
    'signal (receive) peer={libvirtd}',
])
def test_what_every_guest_may(prefix, rule):
    path = os.path.join(prefix, 'etc/apparmor.d/abstractions/libvirt-qemu')
    with open(path) as file:
        lines = [line.strip() for line in file]
    assert rule.format(prefix=prefix, libvirtd=confinement.profile_name(
        prefix)) + ',' in lines


@pytest.mark.parametrize('library', ['libapparmor.so.1', 'libselinux.so.1'])
def test_security_drivers_are_built(prefix, library):
    text = subprocess.run(
        ['readelf', '--dynamic', os.path.join(prefix, 'lib/libvirt.so.0')],
        check=True, capture_output=True, text=True, timeout=SECONDS).stdout
    assert library in text


def status_of_emulator(folder, guest, field):
    with open(folder / 'var/run/libvirt/qemu' / (guest.name + '.pid')) as pid:
        with open('/proc/%s/status' % pid.read().strip()) as status:
            return re.search(r'^%s:\s*(.*)$' % field, status.read(),
                             re.MULTILINE).group(1)


@pytest.mark.parametrize('user', [users.NUMBER, None],
                         ids=['as it says', 'no setting at all'])
def test_qemu_is_not_root(prefix, vpool, tmp_path, user):
    volume = vpool.create('volume-%s' % uuid.uuid4())
    with libvirtd.PrivateLibvirtd(prefix, tmp_path, user=user) as daemon:
        guest = guests.Guest(daemon, prefix, tmp_path)
        guest.create(guests.scsi_disk(vpool.source(volume)))
        number = users.NUMBER.strip('+')
        for field in 'Uid', 'Gid':
            assert status_of_emulator(
                tmp_path, guest, field).split() == [number] * 4
        assert int(status_of_emulator(tmp_path, guest, 'CapEff'), 16) == 0
        guest.write(0x33, 0)
        assert vpool.has(volume, 0x33, 0)


def written_by(pid):
    """Return how many bytes a process has written."""
    with open('/proc/%d/io' % pid) as file:
        return int(re.search(r'^wchar: (\d+)$', file.read(),
                             re.MULTILINE).group(1))


def test_a_console_does_not_fill_the_disk(prefix, vpool, tmp_path):
    """A guest writes to its serial port for ever."""
    console = tmp_path / 'console.log'
    sector = tmp_path / 'sector'
    sector.write_bytes(FLOOD)
    volume = vpool.create('volume-%s' % uuid.uuid4())
    vpool.qemu_img('convert', '-n', '-f', 'raw', '-O', 'raw', sector,
                   vpool.location(volume))
    with libvirtd.PrivateLibvirtd(prefix, tmp_path,
                                  virtlogd_conf=VIRTLOGD_CONF) as daemon:
        guest = guests.Guest(daemon, prefix, tmp_path)
        guest.create(
            documents.disk(vpool.source(volume), documents.SATA),
            "<serial type='file'><source path='%s'/></serial>" % console)
        guest.virsh('resume')
        deadline = time.monotonic() + SECONDS
        # twice what may stay
        while written_by(daemon.virtlogd()) < 2 * 3 * SIZE:
            assert time.monotonic() < deadline, daemon.read_log()
            time.sleep(0.05)
        # virtlogd may be giving the files their next names at this moment
        guest.virsh('suspend')
        names = ['console.log', 'console.log.0', 'console.log.1']
        while sorted(path.name for path in tmp_path.glob('console.log*')
                     ) != names:
            assert time.monotonic() < deadline, list(tmp_path.iterdir())
            time.sleep(0.05)
        logs = {name: (tmp_path / name).stat().st_size for name in names}
    assert all(size <= SIZE for size in logs.values()), logs
