# SPDX-License-Identifier: Apache-2.0

"""Fixtures of the tests of the patched libvirt: it, QEMU and a vPool."""

import os
import subprocess
import sys

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), *3 * ['..']))
PREFIX = os.environ.get('OPENVSTORAGE_HYPERVISOR_PREFIX', '/opt/openvstorage')
sys.path[:0] = [TOP, os.path.join(TOP, 'edge', 'tests')]
os.environ.setdefault('OVS_EDGE', os.path.join(PREFIX, 'bin', 'ovs-edge'))

import guests  # noqa: E402
from hypervisor.selftest import libvirtd  # noqa: E402
from support import engine  # noqa: E402


@pytest.fixture(scope='session')
def prefix():
    reason = libvirtd.obstacle(PREFIX)
    if reason and 'OPENVSTORAGE_HYPERVISOR_PREFIX' in os.environ:
        pytest.fail(reason)     # it was said to be there
    if reason:
        pytest.skip(reason)
    return PREFIX


@pytest.fixture(scope='session')
def has_raw_node(prefix):
    """Say whether a raw disk has a node on top of the volume's, as it has
    before libvirt 11."""
    version = subprocess.run([os.path.join(prefix, 'bin', 'virsh'),
                              '--version'], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return int(version.split('.')[0]) < 11


@pytest.fixture(scope='module')
def daemon(prefix, tmp_path_factory):
    folder = tmp_path_factory.mktemp('libvirtd')
    with libvirtd.PrivateLibvirtd(prefix, folder) as running:
        yield running


@pytest.fixture(scope='module')
def vpool(prefix, tmp_path_factory):
    folder = tmp_path_factory.mktemp('vpool')
    store = folder / 'store'
    store.mkdir()
    with engine.Engine(str(store)) as running:
        yield guests.VPool(prefix, running)


@pytest.fixture
def guest(prefix, daemon, tmp_path):
    """A domain without an operating system, to be created by the test."""
    subject = guests.Guest(daemon, prefix, tmp_path)
    yield subject
    subject.destroy()
