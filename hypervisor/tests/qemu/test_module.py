# SPDX-License-Identifier: Apache-2.0

"""A QEMU without the library, or without the module, serves other disks."""

import os
import shutil

import pytest
import tools

LOCATION = 'openvstorage+tcp:127.0.0.1:1/v'


@pytest.fixture
def other_disk(folder):
    path = os.path.join(folder, 'disk')
    with open(path, 'wb') as file:
        file.truncate(1 << 20)
    return path


def works(other_disk, env=None):
    said = tools.run('qemu-io', '-f', 'raw', '-c', 'write -P 1 0 4k', '-c',
                     'read -P 1 0 4k', other_disk, env=env)
    return 'failed' not in said and 'openvstorage' in tools.formats(env=env)


def test_a_library_that_cannot_be_loaded(folder, other_disk):
    broken = os.path.join(folder, 'broken')
    os.mkdir(broken)
    open(os.path.join(broken, 'libovsvolumedriver.so.1'), 'w').close()
    env = {'LD_LIBRARY_PATH': broken}
    assert works(other_disk, env)
    with pytest.raises(tools.Failed, match='failed to open module: .*'
                       'libovsvolumedriver.so.1'):
        tools.img('info', LOCATION, env=env)
    with pytest.raises(tools.Failed, match='libovsvolumedriver.so.1'):
        tools.run('qemu-system-x86_64', '-machine', 'none,accel=tcg',
                  '-nodefaults', '-display', 'none', '-blockdev',
                  'driver=openvstorage,node-name=n,volume=v', env=env)


def test_no_module(folder, other_disk, monkeypatch):
    """A copy of the prefix without the module."""
    shutil.copytree(os.path.join(tools.PREFIX, 'lib', 'qemu'),
                    os.path.join(folder, 'lib', 'qemu'),
                    ignore=shutil.ignore_patterns('block-openvstorage*'))
    os.mkdir(os.path.join(folder, 'bin'))
    for program in 'qemu-img', 'qemu-io':
        shutil.copy(tools.path(program), os.path.join(folder, 'bin'))
    monkeypatch.setattr(tools, 'PREFIX', folder)
    assert works(other_disk)
    with pytest.raises(tools.Failed, match="Unknown protocol "
                       "'openvstorage.tcp'|Unable to load module "
                       "openvstorage"):    # 7.2, 10.0
        tools.img('info', LOCATION)
