# SPDX-License-Identifier: Apache-2.0

"""The steps before any leg, with an apt-get of the test."""

import os
import sys

import pytest

from tests.runner import paths
from tests.runner import prepare

APT = '''\
#!/bin/sh
echo "$*" >>%(folder)s/calls
echo "E: no such luck"
exit ${STATUS:-0}
'''
BINDEP = '''\
#!/bin/sh
cat %(folder)s/missing
test ! -s %(folder)s/missing
'''


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose tools are made and where nothing is missing."""
    monkeypatch.setattr(paths, 'CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(paths, 'LOGS', str(tmp_path / 'logs'))
    monkeypatch.setattr(prepare, 'AS_ROOT', [])
    monkeypatch.setenv('PATH', '%s:%s' % (tmp_path, os.environ['PATH']))
    tools = os.path.join(paths.tools(), 'bin')
    os.makedirs(tools)
    for path, text in ((str(tmp_path / 'apt-get'), APT),
                       (tools + '/bindep', BINDEP)):
        with open(path, 'w') as stream:
            stream.write(text % {'folder': tmp_path})
        os.chmod(path, 0o755)
    for path in (tmp_path / 'missing', tmp_path / 'calls',
                 tmp_path / 'cache' / tools.split('/')[-2] / 'is-made'):
        path.write_text('')
    return tmp_path


def test_nothing_to_do(machine, capsys):
    prepare.prepare()
    assert (machine / 'calls').read_text() == ''
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize('version', ['3.9', '3.12'])
def test_the_python_of_another_system(machine, monkeypatch, version):
    monkeypatch.setattr(sys, 'version_info',
                        tuple(map(int, version.split('.'))))
    with pytest.raises(prepare.Failure) as error:
        prepare.prepare()
    assert str(error.value) == ('/usr/bin/python3 is Python %s; hint: take '
                                'Debian 12 or 13' % version)
    assert not os.path.exists(paths.LOGS)


def test_missing_packages_are_installed(machine, capsys):
    (machine / 'missing').write_text('meson\nclang\n')
    prepare.prepare()
    update, install = (machine / 'calls').read_text().splitlines()
    assert update.split()[-1] == 'update'
    assert install.split()[-3:] == ['install', 'meson', 'clang']
    assert capsys.readouterr().out == (
        'installing Debian packages: meson clang\n')


def test_packages_that_cannot_be_installed(machine, monkeypatch):
    (machine / 'missing').write_text('meson\n')
    monkeypatch.setenv('STATUS', '100')
    with pytest.raises(prepare.Failure) as error:
        prepare.prepare()
    assert str(error.value) == (
        'E: no such luck\napt-get could not update its lists; hint: mend what '
        '%s/apt.log tells, and run this again' % paths.LOGS)


def test_tools_that_cannot_be_made(machine, monkeypatch):
    pins = machine / 'tools.txt'
    pins.write_text('bindep==2.14.0 --hash=sha256:%s\n' % ('0' * 64))
    monkeypatch.setattr(paths, 'PINS_OF_TOOLS', str(pins))
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    with pytest.raises(prepare.Failure) as error:
        prepare.prepare()
    assert str(error.value).endswith(
        'pip could not make the tools; hint: mend what %s/tools.log tells, '
        'and run this again' % paths.LOGS)
    assert not os.path.exists(os.path.join(paths.tools(), 'is-made'))
