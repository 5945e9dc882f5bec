# SPDX-License-Identifier: Apache-2.0

import os

import pytest

from harness import errors
from hypervisor.builder import confinement

HERE = '/opt/here'
OURS = 'libvirtd.opt.here'
LIBVIRTD = '/usr/sbin/libvirtd'


class Host:
    """The files of a machine that name the confinement of guests."""

    def __init__(self, folder):
        self.root = str(folder)
        self.write(HERE + '/sbin/libvirtd')
        self.write(HERE + '/bin/qemu-system-x86_64')

    def write(self, path, text=''):
        path = self.root + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)

    def has_profiles(self, *lines):
        self.write('/sys/kernel/security/apparmor/profiles',
                   ''.join(line + '\n' for line in lines))

    def obstacles(self):
        return confinement.obstacles(HERE, self.root)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_a_host_without_any(host):
    assert host.obstacles() == {}
    host.write(LIBVIRTD)
    assert host.obstacles() == {}


def test_the_distributions_guests_are_confined_and_ours_are_not(host):
    host.write(LIBVIRTD)
    host.has_profiles('libvirtd (enforce)', 'libvirt-1 (enforce)')
    (model, (why, hint)), = host.obstacles().items()
    assert model == 'apparmor'
    assert why == 'the profile libvirtd.opt.here is not enforced'
    assert '/etc/apparmor.d/opt.here.sbin.libvirtd' in hint


@pytest.mark.parametrize('stock', [LIBVIRTD, 'libvirtd', 'virtqemud'])
def test_both_are(host, stock):
    host.write(LIBVIRTD)
    host.write('/usr/sbin/virtqemud')
    host.has_profiles(stock + ' (enforce)', OURS + ' (enforce)')
    assert host.obstacles() == {}
    host.has_profiles(stock + ' (enforce)', OURS + ' (complain)')
    assert 'apparmor' in host.obstacles()


def test_where_the_distributions_are_not_ours_need_not_be(host):
    host.has_profiles('libvirtd (enforce)')
    assert host.obstacles() == {}
    host.write(LIBVIRTD)
    host.has_profiles('libvirtd (complain)')
    assert host.obstacles() == {}
    host.has_profiles('libvirtd (enforce)')
    host.write('/etc/libvirt/qemu.conf', 'security_driver = "none"\n')
    assert host.obstacles() == {}


@pytest.mark.parametrize('line, is_off', [
    ('security_driver = "none"', True),
    ('security_driver = [ "selinux" ]', True),
    ('security_driver = "apparmor"', False),
    ('#security_driver = "none"', False),
])
def test_settings_that_turn_it_off(host, line, is_off):
    host.write(LIBVIRTD)
    host.has_profiles('libvirtd (enforce)', OURS + ' (enforce)')
    host.write(HERE + '/etc/libvirt/qemu.conf', line + '\n')
    assert ('apparmor' in host.obstacles()) == is_off


def test_selinux_needs_labels(host, monkeypatch):
    host.write(LIBVIRTD)
    host.write('/sys/fs/selinux/enforce', '1')
    why, hint = host.obstacles()['selinux']
    assert 'virtd_exec_t' in why
    assert 'semanage fcontext -a -e /usr /opt/here' in hint
    labels = {'libvirtd': b'system_u:object_r:virtd_exec_t:s0',
              'qemu-system-x86_64': b'system_u:object_r:usr_t:s0'}
    monkeypatch.setattr(os, 'getxattr', lambda path, _name:
                        labels[os.path.basename(path)])
    assert 'qemu_exec_t' in host.obstacles()['selinux'][0]
    labels['qemu-system-x86_64'] = b'system_u:object_r:qemu_exec_t:s0'
    assert host.obstacles() == {}


def test_only_what_is_used_stays_of_libvirts_profiles(tmp_path, make_files):
    make_files({'etc/apparmor.d/' + path: path for path in (
        'usr.sbin.libvirtd', 'usr.lib.libvirt.virt-aa-helper',
        'usr.sbin.virtxend', 'local/usr.lib.libvirt.virt-aa-helper',
        'abstractions/libvirt-qemu', 'abstractions/libvirt-lxc',
        'libvirt/TEMPLATE.qemu', 'libvirt/TEMPLATE.lxc')})
    confinement.arrange(str(tmp_path), HERE)
    assert confinement.profiles(str(tmp_path)) == {
        '/etc/apparmor.d/opt.here.sbin.libvirtd': 'usr.sbin.libvirtd',
        '/etc/apparmor.d/opt.here.libexec.virt-aa-helper':
            'usr.lib.libvirt.virt-aa-helper'}
    folder = tmp_path / 'etc' / 'apparmor.d'
    assert sorted(str(path.relative_to(folder))
                  for path in folder.rglob('*') if path.is_file()) == [
        'abstractions/libvirt-lxc', 'abstractions/libvirt-qemu',
        'libvirt/TEMPLATE.lxc', 'libvirt/TEMPLATE.qemu']
    assert not (folder / 'local').exists()


def test_profiles_are_loaded_where_apparmor_is_enabled(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr('harness.run.output', done.append)
    monkeypatch.setattr('shutil.which', lambda *_words, **_more: '/parser')
    enabled = tmp_path / 'enabled'
    monkeypatch.setattr(confinement, '_APPARMOR_ENABLED', str(enabled))
    confinement.load(['/a', '/b'])
    enabled.write_text('N\n')
    confinement.load(['/a', '/b'])
    assert done == []
    enabled.write_text('Y\n')
    confinement.load(['/a', '/b'])
    confinement.unload(['/a'])
    assert done == [['/parser', '--replace', '--write-cache', '/a', '/b'],
                    ['/parser', '--remove', '--write-cache', '/a']]
    monkeypatch.setattr('shutil.which', lambda *_words, **_more: None)
    with pytest.raises(errors.Error, match='no apparmor_parser to replace'):
        confinement.load(['/a'])
