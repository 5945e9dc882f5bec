# SPDX-License-Identifier: Apache-2.0

import gzip
import io
import json
import os
import shutil
import subprocess

import pytest

from harness import progress
from hypervisor.builder import configuration
from hypervisor.builder import confinement
from hypervisor.builder import packages
from hypervisor.builder import repository
from hypervisor.builder import staging

PREFIX = '/opt/here'


@pytest.fixture
def stage(tmp_path, make_files):
    def make(name, files):
        folder = tmp_path / name
        make_files(files, folder / 'tree')
        return staging.Staged(str(folder), {
            'name': name, 'key': 'key', 'built': 1767225600, 'source': name,
            'version': '1:7.2+dfsg-7', 'patches': {'0001-a.patch': '0'},
            'depends': ['libc6 (>= 2.36)'],
            'files': staging.describe(str(folder / 'tree'))})
    return make


@pytest.fixture
def all_staged(stage):
    support = configuration.support_files(PREFIX)
    return {'edge': stage('edge', {'bin/ovs-edge': '', 'lib/a.so.1': ''}),
            'qemu': stage('qemu', {'bin/qemu-img': 'binary'}),
            'libvirt': stage('libvirt', dict(
                support, **{'sbin/libvirtd': '',
                            'share/openvstorage/apparmor/'
                            'opt.here.sbin.libvirtd': 'profile',
                            'share/openvstorage/apparmor/'
                            'opt.here.libexec.virt-aa-helper': 'profile',
                            'etc/libvirt/libvirt.conf': '',
                            'etc/libvirt/libvirt-admin.conf': ''}))}


@pytest.fixture
def build(all_staged, tmp_path):
    def build(key=None):
        output = str(tmp_path / 'repository')
        packages.build(all_staged, PREFIX, output,
                       progress.Progress(io.StringIO()),
                       str(tmp_path / 'log'), key, str(tmp_path / 'key'))
        return output
    return build


def find(output, name):
    path, = [name_ for name_ in os.listdir(output)
             if name_.startswith(name + '_')]
    return os.path.join(output, path)


def run(*command):
    return subprocess.run(command, check=True, timeout=120, text=True,
                          stdout=subprocess.PIPE).stdout


def field(output, name, which):
    return run('dpkg-deb', '--field', find(output, name), which).strip()


def test_control_fields(build):
    output = build()
    assert field(output, 'openvstorage-qemu', 'Version') == (
        '7.2+dfsg-7+ovs20260101000000')
    assert field(output, 'openvstorage-qemu', 'Depends') == (
        'libc6 (>= 2.36), ipxe-qemu, qemu-system-data, seabios, '
        'openvstorage-edge')
    assert field(output, 'openvstorage-libvirt', 'Recommends') == (
        'openvstorage-qemu, apparmor')
    assert '1 patches' in field(output, 'openvstorage-qemu', 'Description')


def test_files_lie_below_the_prefix_and_belong_to_root(build):
    listing = run('dpkg-deb', '--contents',
                  find(build(), 'openvstorage-libvirt')).splitlines()
    files = {line.split()[5] for line in listing}
    assert './opt/here/sbin/libvirtd' in files
    for unit in ('libvirtd', 'virtlogd'):
        assert ('./lib/systemd/system/openvstorage-%s.service' % unit
                in files)
    assert './etc/apparmor.d/opt.here.sbin.libvirtd' in files
    assert './etc/apparmor.d/opt.here.libexec.virt-aa-helper' in files
    assert not any('/opt/here/lib/systemd' in path for path in files)
    assert all(line.split()[1] == 'root/root' for line in listing)


def test_settings_are_made_where_it_is_installed(build, tmp_path):
    build_output = build()
    root = str(tmp_path / 'unpacked')
    run('dpkg-deb', '--raw-extract',
        find(build_output, 'openvstorage-libvirt'), root)
    with open(os.path.join(root, 'DEBIAN', 'conffiles')) as file:
        assert file.read().splitlines() == [
            '/etc/apparmor.d/opt.here.sbin.libvirtd',
            '/etc/apparmor.d/opt.here.libexec.virt-aa-helper',
            PREFIX + '/etc/libvirt/libvirt.conf',
            PREFIX + '/etc/libvirt/libvirt-admin.conf']
    variants = os.listdir(root + PREFIX + '/' + packages._VARIANTS)
    assert sorted(variants) == [
        'libvirtd.conf.libvirt', 'libvirtd.conf.root',
        'qemu.conf.libvirt-qemu', 'qemu.conf.openvstorage-qemu',
        'virtlogd.conf']
    for script in ('preinst', 'postinst', 'prerm', 'postrm'):
        run('sh', '-n', os.path.join(root, 'DEBIAN', script))


@pytest.fixture
def machine(tmp_path, stage):
    """A package below the test's folder, on a machine of fakes."""
    return Machine(tmp_path, stage)


class Machine:

    def __init__(self, folder, stage):
        self._root = str(folder / 'root')
        self._fakes = folder / 'fakes'
        self._fakes.mkdir()
        self.done = folder / 'done'
        self.prefix = prefix = str(folder / 'prefix')
        output = str(folder / 'repository')
        files = dict(configuration.support_files(prefix), **{
            'etc/libvirt/libvirt.conf': '',
            'etc/libvirt/libvirt-admin.conf': ''})
        files.update({'%s/%s' % (confinement.SOURCES, name): 'profile'
                      for name in confinement.file_names(prefix)})
        packages.build({'libvirt': stage('libvirt', files)}, prefix, output,
                       progress.Progress(io.StringIO()), str(folder / 'log'),
                       None, None)
        run('dpkg-deb', '--raw-extract',
            find(output, 'openvstorage-libvirt'), self._root)
        shutil.copytree(self._root + prefix, prefix)
        self.profiles = ['/etc/apparmor.d/' + name
                         for name in confinement.file_names(prefix)]
        for name in ('useradd', 'usermod', 'apparmor_parser', 'aa-enabled'):
            self.fake(name)
        self.has()

    def fake(self, name, status=0):
        path = self._fakes / name
        path.write_text('#!/bin/sh\necho "%s $*" >>%s\nexit %d\n'
                        % (name, self.done, status))
        path.chmod(0o755)

    def has(self, *users_and_groups):
        """Say who is there."""
        path = self._fakes / 'getent'
        path.write_text('#!/bin/sh\ncase "$2" in %s) ;; *) exit 2 ;; esac\n'
                        % '|'.join(users_and_groups or ('none', )))
        path.chmod(0o755)

    def run(self, script, argument):
        """Run a script of the package; return its acts on others."""
        self.done.write_text('')
        run('env', 'PATH=%s:%s' % (self._fakes, os.environ['PATH']), 'sh',
            os.path.join(self._root, 'DEBIAN', script), argument)
        return self.done.read_text().splitlines()

    def setting(self, name):
        with open('%s/etc/libvirt/%s' % (self.prefix, name)) as file:
            return file.read()


def test_qemu_gets_a_user_of_its_own(machine):
    machine.has('kvm')
    done = machine.run('postinst', 'configure')
    assert done[0].startswith('useradd --system --user-group')
    assert done[0].endswith('--shell /usr/sbin/nologin openvstorage-qemu')
    assert done[1] == 'usermod --append --groups kvm openvstorage-qemu'
    assert 'user = "openvstorage-qemu"' in machine.setting('qemu.conf')
    assert 'unix_sock_rw_perms = "0700"' in machine.setting('libvirtd.conf')


def test_qemu_gets_the_user_of_the_distribution(machine):
    machine.has('libvirt-qemu', 'libvirt', 'kvm')
    assert not any(line.startswith('user') for line in
                   machine.run('postinst', 'configure'))
    assert 'user = "libvirt-qemu"' in machine.setting('qemu.conf')


def test_the_kernel_learns_and_forgets_the_profiles(machine):
    profiles = ' '.join(machine.profiles)
    assert machine.run('postinst', 'configure')[-1] == (
        'apparmor_parser --replace --write-cache ' + profiles)
    assert machine.run('prerm', 'remove')[-1] == (
        'apparmor_parser --remove ' + profiles)
    machine.fake('aa-enabled', 1)
    for script, argument in ('postinst', 'configure'), ('prerm', 'remove'):
        assert not any('apparmor_parser' in line
                       for line in machine.run(script, argument))


def test_an_upgrade_renews_settings_that_nobody_changed(machine):
    machine.has('libvirt-qemu')
    machine.run('postinst', 'configure')
    with open(machine.prefix + '/etc/libvirt/virtlogd.conf', 'w') as file:
        file.write('mine')
    machine.has('libvirt')
    machine.run('preinst', 'upgrade')
    machine.run('postinst', 'configure')
    assert 'openvstorage-qemu' in machine.setting('qemu.conf')
    assert 'unix_sock_group' in machine.setting('libvirtd.conf')
    assert machine.setting('virtlogd.conf') == 'mine'


def test_checksums(build, tmp_path):
    root = str(tmp_path / 'unpacked')
    run('dpkg-deb', '--raw-extract', find(build(), 'openvstorage-qemu'), root)
    run('env', '-C', root, 'md5sum', '--check', 'DEBIAN/md5sums')
    with open(root + PREFIX + '/share/openvstorage/qemu.json') as file:
        assert json.load(file)['patches'] == {'0001-a.patch': '0'}


def test_a_second_run_replaces_packages(build, all_staged):
    build()
    all_staged['qemu'].about['built'] += 1
    output = build()
    assert find(output, 'openvstorage-qemu').endswith(
        '+ovs20260101000001_%s.deb'
        % run('dpkg', '--print-architecture').strip())


def test_a_folder_that_apt_cannot_read_is_named(tmp_path):
    folder = tmp_path / 'closed' / 'repository'
    folder.mkdir(parents=True)
    (tmp_path / 'closed').chmod(0o700)
    assert any('cannot get into %s/closed' % tmp_path in line
               for line in repository.how_to_use(str(folder), False))


def apt(output, root, trust, *command):
    """Run apt on the repository and nothing else."""
    for name in ('lists/partial', 'cache/archives/partial'):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    with open(os.path.join(root, 'sources.list'), 'w') as file:
        file.write('deb [%s] file://%s ./\n' % (trust, output))
    with open(os.path.join(root, 'status'), 'w'):
        pass
    options = ['-q']
    for option, value in (
            ('Dir::Etc::sourcelist', 'sources.list'),
            ('Dir::Etc::sourceparts', 'none'), ('Dir::State', ''),
            ('Dir::State::lists', 'lists'), ('Dir::Cache', 'cache'),
            ('Dir::State::status', 'status')):
        options += ['-o', '%s=%s' % (option, os.path.join(root, value))]
    return run(command[0], *(options + ['-o', 'APT::Sandbox::User=root']
                             + list(command[1:])))


@pytest.fixture
def apt_root(tmp_path):
    return str(tmp_path / 'apt')


def test_apt_reads_the_repository(build, apt_root):
    output = build()
    apt(output, apt_root, 'trusted=yes', 'apt-get', 'update')
    text = apt(output, apt_root, 'trusted=yes', 'apt-cache', 'policy',
               'openvstorage-qemu')
    assert 'Candidate: 7.2+dfsg-7+ovs20260101000000' in text
    with gzip.open(os.path.join(output, 'Packages.gz'), 'rt') as packed, \
            open(os.path.join(output, 'Packages')) as plain:
        assert packed.read() == plain.read()


@pytest.mark.skipif(not shutil.which('gpg'), reason='gpg is not installed')
def test_apt_trusts_the_key_of_a_signed_repository(build, apt_root):
    output = build('')
    key = 'signed-by=' + os.path.join(output, 'openvstorage.asc')
    apt(output, apt_root, key, 'apt-get', 'update')
    with open(os.path.join(output, 'InRelease'), 'r+') as file:
        text = file.read().replace('Origin: openvstorage', 'Origin: someone')
        file.seek(0)
        file.write(text)
    shutil.rmtree(apt_root)
    with pytest.raises(subprocess.CalledProcessError):
        apt(output, apt_root, key, 'apt-get', 'update',
            '-o', 'APT::Update::Error-Mode=any')


@pytest.mark.skipif(not shutil.which('gpg'), reason='gpg is not installed')
def test_the_key_is_kept_and_no_process(build, tmp_path):
    output = build('')
    with open(os.path.join(output, 'openvstorage.asc')) as file:
        first = file.read()
    build('')
    with open(os.path.join(output, 'openvstorage.asc')) as file:
        assert file.read() == first
    keyring = str(tmp_path / 'key').encode()
    assert not [pid for pid in filter(str.isdigit, os.listdir('/proc'))
                if keyring in _command_of(pid)]


def _command_of(pid):
    try:
        with open('/proc/%s/cmdline' % pid, 'rb') as file:
            return file.read()
    except OSError:
        return b''
