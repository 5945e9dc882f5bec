# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

import gzip
import io
import json
import os
import shutil
import subprocess

import pytest

from hypervisor.builder import configuration
from hypervisor.builder import packages
from hypervisor.builder import progress
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
        'openvstorage-qemu')
    assert '1 patches' in field(output, 'openvstorage-qemu', 'Description')


def test_files_lie_below_the_prefix_and_belong_to_root(build):
    listing = run('dpkg-deb', '--contents',
                  find(build(), 'openvstorage-libvirt')).splitlines()
    files = {line.split()[5] for line in listing}
    assert './opt/here/sbin/libvirtd' in files
    assert './lib/systemd/system/openvstorage-libvirtd.service' in files
    assert not any('/opt/here/lib/systemd' in path for path in files)
    assert all(line.split()[1] == 'root/root' for line in listing)


def test_settings_are_made_where_it_is_installed(build, tmp_path):
    build_output = build()
    root = str(tmp_path / 'unpacked')
    run('dpkg-deb', '--raw-extract',
        find(build_output, 'openvstorage-libvirt'), root)
    with open(os.path.join(root, 'DEBIAN', 'conffiles')) as file:
        assert file.read().splitlines() == [
            PREFIX + '/etc/libvirt/libvirt.conf',
            PREFIX + '/etc/libvirt/libvirt-admin.conf']
    variants = os.listdir(root + PREFIX + '/' + packages._VARIANTS)
    assert sorted(variants) == [
        'libvirtd.conf.libvirt', 'libvirtd.conf.root',
        'qemu.conf.libvirt-qemu', 'qemu.conf.root']
    for script in ('postinst', 'prerm', 'postrm'):
        run('sh', '-n', os.path.join(root, 'DEBIAN', script))


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
