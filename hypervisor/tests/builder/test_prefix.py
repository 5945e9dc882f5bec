# SPDX-License-Identifier: Apache-2.0

import os

import pytest

from harness import errors
from hypervisor.builder import configuration
from hypervisor.builder import prefix
from hypervisor.builder import staging

HERE = '/opt/here'


@pytest.fixture
def stage(tmp_path, make_files):
    """Return a function that stages a component made of files."""
    count = []

    def make(files, name='edge', links=()):
        count.append(None)
        folder = tmp_path / ('staged-%d' % len(count))
        make_files(files, folder / 'tree')
        for path, target in links:
            os.symlink(target, folder / 'tree' / path)
        return staging.Staged(str(folder), {
            'name': name, 'key': 'key-%d' % len(count), 'built': 1,
            'version': '1', 'patches': {}, 'depends': [],
            'files': staging.describe(str(folder / 'tree'))})
    return make


@pytest.fixture
def root(tmp_path):
    return str(tmp_path / 'root')


def opened(root):
    return prefix.Prefix(HERE, root)


def listing(root):
    return sorted(os.path.relpath(os.path.join(folder, name), root + HERE)
                  for folder, _folders, names in os.walk(root + HERE)
                  for name in names)


def test_install_and_uninstall_leave_nothing(stage, root):
    staged = stage({'bin/a': 'A', 'lib/b.so.1': 'B'},
                   links=[('lib/b.so', 'b.so.1')])
    opened(root).install([staged])
    assert listing(root) == ['bin/a', 'lib/b.so', 'lib/b.so.1',
                             prefix.MANIFEST]
    assert os.readlink(root + HERE + '/lib/b.so') == 'b.so.1'
    there = opened(root)
    assert there.is_current(staged)
    assert there.damage('edge') == []
    assert there.uninstall() == []
    assert not os.path.exists(root + HERE)


def test_what_others_put_there_stays(stage, root):
    opened(root).install([stage({'bin/a': 'A'})])
    with open(root + HERE + '/bin/other', 'w') as file:
        file.write('not ours')
    opened(root).uninstall()
    assert listing(root) == ['bin/other']


def test_a_running_program_keeps_its_file(stage, root):
    opened(root).install([stage({'bin/a': 'old'})])
    with open(root + HERE + '/bin/a') as running:
        opened(root).install([stage({'bin/a': 'new'})])
        assert running.read() == 'old'
    with open(root + HERE + '/bin/a') as file:
        assert file.read() == 'new'


def test_files_that_a_new_version_has_not_are_removed(stage, root):
    opened(root).install([stage({'bin/a': 'A', 'share/old/b': 'B'})])
    opened(root).install([stage({'bin/a': 'A'})])
    assert listing(root) == ['bin/a', prefix.MANIFEST]


def test_components_are_kept_apart(stage, root):
    opened(root).install([stage({'bin/a': 'A'}, 'edge'),
                          stage({'bin/q': 'Q'}, 'qemu')])
    opened(root).install([stage({'bin/q2': 'Q'}, 'qemu')])
    assert listing(root) == ['bin/a', 'bin/q2', prefix.MANIFEST]


def test_damage_is_seen_and_repaired(stage, root):
    staged = stage({'bin/a': 'A', 'bin/b': 'B', 'bin/c': 'C'})
    opened(root).install([staged])
    os.unlink(root + HERE + '/bin/a')
    with open(root + HERE + '/bin/b', 'a') as file:
        file.write('!')
    os.chmod(root + HERE + '/bin/c', 0o600)
    there = opened(root)
    assert there.damage('edge') == ['bin/a is missing',
                                    'bin/b: other sha256',
                                    'bin/c: other mode']
    assert not there.is_current(staged)
    there.install([staged])
    assert opened(root).is_current(staged)


def test_an_interrupted_install_can_be_repeated(stage, root, monkeypatch):
    staged = stage({'bin/a': 'A', 'bin/b': 'B'})
    put = prefix.Prefix._put

    def fail_at_b(self, source, path):
        if path == 'bin/b':
            raise KeyboardInterrupt
        put(self, source, path)

    monkeypatch.setattr(prefix.Prefix, '_put', fail_at_b)
    with pytest.raises(KeyboardInterrupt):
        opened(root).install([staged])
    monkeypatch.undo()
    assert not opened(root).is_current(staged)
    opened(root).install([staged])
    assert opened(root).is_current(staged)


def test_an_interrupted_install_can_be_undone(stage, root, monkeypatch):
    def fail(self, source, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(prefix.Prefix, '_put', fail)
    with pytest.raises(KeyboardInterrupt):
        opened(root).install([stage({'bin/a': 'A'})])
    opened(root).uninstall()
    assert not os.path.exists(root + HERE)


def test_settings_of_the_operator_stay(stage, root):
    opened(root).install([stage({'sbin/libvirtd': ''}, 'libvirt')])
    assert opened(root).qemu_user() is None
    assert opened(root).write_settings('guests') == 'guests'
    path = root + HERE + '/etc/libvirt/qemu.conf'
    with open(path) as file:
        assert 'user = "guests"' in file.read()
    with open(path, 'a') as file:
        file.write('max_files = 1\n')
    assert opened(root).changed_settings() == ['etc/libvirt/qemu.conf']
    assert opened(root).write_settings('nova') == 'guests'
    with open(path) as file:
        assert 'max_files' in file.read()
    assert opened(root).uninstall() == [
        path + ' was changed since it was written']
    assert listing(root) == ['etc/libvirt/qemu.conf']


def test_settings_that_were_not_changed_are_renewed(stage, root):
    opened(root).write_settings('root')
    assert opened(root).write_settings('guests') == 'guests'
    with open(root + HERE + '/etc/libvirt/qemu.conf') as file:
        assert 'user = "guests"' in file.read()


def test_consoles_are_bounded(root):
    opened(root).write_settings('guests')
    with open(root + HERE + '/etc/libvirt/qemu.conf') as file:
        assert '\nstdio_handler = "logd"\n' in file.read()
    with open(root + HERE + '/etc/libvirt/virtlogd.conf') as file:
        text = file.read()
    assert '\nmax_size = 2097152\nmax_backups = 3\n' in text


def test_profiles_go_where_the_machine_loads_them_and_away(stage, root):
    name = 'opt.here.sbin.libvirtd'
    opened(root).install([stage(
        {'share/openvstorage/apparmor/' + name: 'profile'}, 'libvirt')])
    opened(root).write_settings('guests')
    path = root + '/etc/apparmor.d/' + name
    with open(path) as file:
        assert file.read() == 'profile'
    assert not opened(root).changed_settings()
    guest = root + HERE + '/etc/apparmor.d/libvirt/libvirt-1.files'
    os.makedirs(os.path.dirname(guest))
    with open(guest, 'w') as file:
        file.write('what libvirt has made of a guest')
    assert opened(root).uninstall() == []
    assert not os.path.exists(root + '/etc/apparmor.d')
    assert not os.path.exists(root + HERE)


def test_a_file_that_was_there_before_is_not_overwritten(root):
    path = root + HERE + '/etc/libvirt/qemu.conf'
    os.makedirs(os.path.dirname(path))
    with open(path, 'w') as file:
        file.write('mine')
    opened(root).write_settings('guests')
    with open(path) as file:
        assert file.read() == 'mine'


def test_state_of_guests_stays_and_is_named(stage, root):
    opened(root).install([stage({'sbin/libvirtd': ''}, 'libvirt')])
    os.makedirs(root + HERE + '/var/lib/libvirt/images')
    os.makedirs(root + HERE + '/etc/libvirt/qemu')
    assert opened(root).uninstall() == [
        root + HERE + '/var has state of libvirt and its guests',
        root + HERE + '/etc/libvirt/qemu has definitions of guests']


@pytest.mark.parametrize('group, words', [
    ('libvirt', 'unix_sock_group = "libvirt"\nunix_sock_ro_perms = "0770"'),
    (None, 'unix_sock_ro_perms = "0700"\nunix_sock_rw_perms = "0700"'),
])
def test_who_may_use_libvirtd(group, words):
    texts = configuration.settings('/opt/here', 'root', group)
    assert words in texts['etc/libvirt/libvirtd.conf']


@pytest.mark.parametrize('path, words', [
    ('/usr', 'shared with others'),
    ('/', 'shared with others'),
    ('/opt/' + 'x' * 60, 'too long'),
    ('/opt/a b', 'characters'),
    ('/opt/a%b', 'characters'),
])
def test_names_that_cannot_be_a_prefix(path, words):
    with pytest.raises(errors.Error, match=words):
        prefix.check_name(path)


def test_names_that_can():
    assert prefix.check_name('/opt/x/../here/') == '/opt/here'


def test_who_uses_it(root):
    assert opened(root).users() == []
    assert any(pid == os.getpid() for pid, _program in
               prefix.Prefix(os.path.dirname(os.path.dirname(
                   os.readlink('/proc/self/exe')))).users())
