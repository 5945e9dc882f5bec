# SPDX-License-Identifier: Apache-2.0

"""Where the behaviour suite runs: on the fake vPool, or on a live one.

A live vPool is named by the environment, so that Python 2.7 can use a
storagedriver that needs Python 3:

* ``OVS_LIVE_VPOOL``: HOST:EDGE_PORT:XML_RPC_PORT:GUID
* ``OVS_LIVE_LIBRARY``: the folder of libovsvolumedriver.so.1
"""

import os

import fixtures

from ovs_drivers import edge
from ovs_drivers import storagedriver
from ovs_drivers.tests.fakes import fixture
from ovs_drivers.tests.fakes import nbd

_load_library = edge.load_library


class FakeBackend(fixtures.Fixture):

    live = False

    def _setUp(self):
        self.fake = self.useFixture(fixture.FakeVPool())
        self.vpool = self.fake.vpool
        self.options = {'storage_ip': '127.0.0.1',
                        'edge_port': self.fake.edge.port,
                        'xml_rpc_port': self.fake.xml_rpc.port,
                        'vpool_guid': self.vpool.guid}
        self.read = self.vpool.read
        self.write = self.vpool.write
        self.names = self.vpool.names

    def qemu_img_commands(self):
        return self.fake.qemu_img.commands()


class LiveBackend(fixtures.Fixture):

    live = True

    def _setUp(self):
        host, edge_port, xml_rpc_port, guid = (
            os.environ['OVS_LIVE_VPOOL'].split(':'))
        self._host, self._port = host, int(edge_port)
        self.options = {'storage_ip': host, 'edge_port': self._port,
                        'xml_rpc_port': int(xml_rpc_port),
                        'vpool_guid': guid}
        folder = os.environ['OVS_LIVE_LIBRARY']
        self.useFixture(fixtures.MonkeyPatch(
            'ovs_drivers.edge.load_library',
            lambda: _load_library([folder])))
        self._qemu_img = self.useFixture(fixture.TranslatingQemuImg(
            'nbd://{host}:{port}/{name}'))
        self.qemu_img_commands = self._qemu_img.commands
        self._edge = edge.Edge([host], self._port,
                               library=edge.load_library())
        self._xml_rpc = storagedriver.StorageDriver(
            [host], int(xml_rpc_port), guid)
        self._before = self.names_of_all()
        self.addCleanup(self._remove_what_is_left)

    def _remove_what_is_left(self):
        left = self.names()
        while left:
            for name in left:
                try:
                    self._xml_rpc.unlink(name)
                except storagedriver.ObjectStillHasChildren:
                    continue
            before, left = left, self.names()
            assert left != before, 'cannot remove %s' % left

    def names_of_all(self):
        return set(self._edge.volumes())

    def names(self):
        """Only what this test made: a live vPool may hold more."""
        return sorted(self.names_of_all() - self._before)

    def read(self, name, offset, count):
        return nbd.read(self._host, self._port, name, offset, count)

    def write(self, name, offset, data):
        nbd.write(self._host, self._port, name, offset, data)


def backend():
    return (LiveBackend() if os.environ.get('OVS_LIVE_VPOOL')
            else FakeBackend())
