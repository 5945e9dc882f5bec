# SPDX-License-Identifier: Apache-2.0

import itertools
import json
import os
import subprocess

import pytest

from hypervisor.builder import check
from hypervisor.builder import components
from hypervisor.builder import main
from hypervisor.builder import prefix
from hypervisor.builder import series
from hypervisor.builder import staging


def build(*arguments):
    return subprocess.run(
        [os.path.join(series.FOLDER, 'build'), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=120)


def test_help_teaches():
    done = build('--help')
    assert done.returncode == 0
    for words in ('examples:', '--package', '--uninstall', 'exit codes'):
        assert words in done.stdout


@pytest.mark.parametrize('arguments, words', [
    (['--only', 'kvm'], "invalid choice: 'kvm'"),
    (['--jobs', '0'], 'at least 1'),
    (['--output', 'x'], '--output and --sign go with --package'),
    (['--json'], '--json goes with --check'),
    (['--check', '--package'], 'not allowed with'),
])
def test_wrong_arguments(arguments, words):
    done = build(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_errors_have_a_cure(tmp_path):
    done = build('--offline', '--cache', str(tmp_path / 'cache'),
                 '--root', str(tmp_path / 'root'))
    assert done.returncode == 1
    assert 'the cache does not know the source packages' in done.stderr
    assert 'hint: run this once without --offline' in done.stderr
    assert not (tmp_path / 'root').exists()


def test_a_prefix_that_cannot_be():
    done = build('--prefix', '/usr')
    assert done.returncode == 1
    assert '/usr is shared with others' in done.stderr


def test_check_of_nothing(tmp_path):
    done = build('--check', '--root', str(tmp_path))
    assert done.returncode == 1
    assert 'nothing is installed in' in done.stdout
    done = build('--check', '--json', '--root', str(tmp_path))
    assert done.returncode == 1
    assert json.loads(done.stdout)['missing'] == list(components.ALL)


def test_check_and_uninstall_of_something(tmp_path, make_files):
    make_files({'bin/ovs-edge': ''}, tmp_path / 'staged' / 'tree')
    about = {'name': 'edge', 'key': 'k', 'built': 1, 'version': '1',
             'patches': {}, 'depends': [], 'files': staging.describe(
                 str(tmp_path / 'staged' / 'tree'))}
    root = str(tmp_path / 'root')
    prefix.Prefix(prefix.DEFAULT, root).install(
        [staging.Staged(str(tmp_path / 'staged'), about)])
    done = build('--check', '--json', '--root', root)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found['sound']
    assert found['missing'] == ['qemu', 'libvirt']
    os.unlink(root + prefix.DEFAULT + '/bin/ovs-edge')
    found = json.loads(build('--check', '--json', '--root', root).stdout)
    assert found['components']['edge']['damage'] == [
        'bin/ovs-edge is missing']
    assert build('--uninstall', '--root', root).returncode == 0
    assert 'nothing is installed' in build('--uninstall', '--root',
                                           root).stdout


def test_check_refuses_a_host_whose_guests_would_be_confined_no_more(
        tmp_path, make_files, monkeypatch, capsys):
    make_files({'sbin/libvirtd': ''}, tmp_path / 'staged' / 'tree')
    about = {'name': 'libvirt', 'key': 'k', 'built': 1, 'version': '1',
             'patches': {}, 'depends': [], 'files': staging.describe(
                 str(tmp_path / 'staged' / 'tree'))}
    there = prefix.Prefix(str(tmp_path / 'here'))
    there.install([staging.Staged(str(tmp_path / 'staged'), about)])
    host = {}
    monkeypatch.setattr('hypervisor.builder.confinement.obstacles',
                        lambda path: host)
    assert check.report(there, as_json=True) == 0
    host['apparmor'] = ('the profile is not enforced', 'load it')
    assert check.report(there, as_json=True) == 1
    capsys.readouterr()
    monkeypatch.setattr('subprocess.call', lambda *_words, **_more: 0)
    assert check.report(there, as_json=False) == 1
    text = capsys.readouterr().out
    assert 'NOT CONFINED' in text and 'by apparmor' in text
    assert 'the profile is not enforced\n    hint: load it\n' in text


@pytest.mark.parametrize('arguments, is_said', [
    ([], True), (['--no-next-steps'], False)])
def test_the_next_steps_are_not_said_to_a_caller_that_takes_them(
        arguments, is_said, tmp_path, capsys):
    command = main._Command(main.parser().parse_args(
        [*arguments, '--cache', str(tmp_path), '--root', str(tmp_path)]))
    command._say_what_next({'libvirt': None})
    assert ('systemctl enable --now' in capsys.readouterr().out) == is_said


def test_what_a_component_needs_is_built_first():
    parts = main._with_needed(['qemu'])
    assert [part.name for part in parts] == ['edge', 'qemu']
    assert [part.name for part in main._with_needed(components.ALL)] == [
        'edge', 'qemu', 'libvirt']


def test_keys_of_the_components_follow_what_they_depend_on(monkeypatch):
    qemu, libvirt = components.ALL['qemu'], components.ALL['libvirt']
    # QEMU can be used below any prefix, libvirt below one
    assert qemu.identity('/opt/a', '7.2') == qemu.identity('/opt/b', '7.2')
    assert libvirt.identity('/opt/a', '9.0') != libvirt.identity('/opt/b',
                                                                 '9.0')
    before = qemu.identity('/opt/a', '7.2')
    monkeypatch.setattr('hypervisor.builder.components.edge.header',
                        lambda: __file__)
    assert qemu.identity('/opt/a', '7.2') != before


@pytest.mark.parametrize('name', ['qemu', 'libvirt'])
def test_each_series_has_options_of_its_own(name):
    part = components.ALL[name]
    versions = series.versions(name)
    identities = [part.identity('/opt/a', version) for version in versions]
    assert len(versions) > 1
    assert all(one != other for one, other in
               itertools.combinations(identities, 2))
