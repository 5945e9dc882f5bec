# SPDX-License-Identifier: Apache-2.0

import os
import pwd

import pytest

from harness import errors
from hypervisor.builder import users


@pytest.fixture
def machine(monkeypatch):
    """Return a function: the machine has these users, each with a group."""
    def has(*names):
        monkeypatch.setattr(
            users, 'is_usable',
            lambda name: name in names or name.startswith('+'))
    return has


def test_the_distributions_user_comes_first(machine):
    machine('libvirt-qemu', 'openvstorage-qemu')
    assert users.choose() == 'libvirt-qemu'
    assert users.choose(may_make=False) == 'libvirt-qemu'


def test_else_a_user_is_made_or_a_reserved_number_is_taken(machine):
    machine()
    assert users.choose() == 'openvstorage-qemu'
    assert users.choose(may_make=False) == '+64055'


def test_root_only_if_it_is_named(machine):
    machine('root')
    assert users.choose('root') == 'root'
    assert users.choose() != 'root'


def test_a_user_that_is_not_there(machine):
    machine('root')
    with pytest.raises(errors.Error, match='no user nova') as error:
        users.choose('nova')
    assert 'adduser --system --group nova' in error.value.hint


def test_only_our_own_user_is_made(machine, monkeypatch):
    done = []
    monkeypatch.setattr('harness.run.output', done.append)
    monkeypatch.setattr(users, '_has_group', lambda name: False)
    machine()
    for name in ('root', 'libvirt-qemu', '+64055'):
        users.make(name)
    assert done == []
    users.make('openvstorage-qemu')
    assert [command[0] for command in done] == ['useradd']
    machine('openvstorage-qemu')
    users.make('openvstorage-qemu')
    assert len(done) == 1


def test_who_is_usable():
    assert users.is_usable(pwd.getpwuid(os.getuid()).pw_name)
    assert users.is_usable('+64055')
    assert not users.is_usable('nobody-at-all')
