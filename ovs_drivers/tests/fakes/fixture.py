# SPDX-License-Identifier: Apache-2.0

"""Starts the fake vPool with both its ports, its library and its qemu-img."""

import atexit
import os
import shutil
import subprocess
import tempfile
import threading

import fixtures

from ovs_drivers import edge
from ovs_drivers.tests.fakes import edge_port
from ovs_drivers.tests.fakes import vpool as fake_vpool
from ovs_drivers.tests.fakes import xml_rpc

_HERE = os.path.dirname(os.path.abspath(__file__))


class TranslatingQemuImg(fixtures.Fixture):
    """Puts the qemu-img first that opens TARGET for a location."""

    def __init__(self, target):
        super(TranslatingQemuImg, self).__init__()
        self._target = target

    def _setUp(self):
        self.log = os.path.join(self.useFixture(fixtures.TempDir()).path,
                                'qemu-img.log')
        for name, value in (('OVS_FAKE_TARGET', self._target),
                            ('OVS_FAKE_QEMU_IMG_LOG', self.log),
                            ('PATH', _HERE + ':' + os.environ['PATH'])):
            self.useFixture(fixtures.EnvironmentVariable(name, value))

    def commands(self):
        """Return the arguments that qemu-img was given, a line a call."""
        if not os.path.exists(self.log):
            return []
        with open(self.log) as stream:
            return stream.read().splitlines()


class FakeVPool(fixtures.Fixture):
    """A vPool under ``vpool``, its ports under ``edge`` and ``xml_rpc``.

    ``tls`` may be set to an SSLContext before it starts.
    """

    tls = None

    def _setUp(self):
        folder = self.useFixture(fixtures.TempDir()).path
        self.vpool = fake_vpool.VPool(folder)
        self.edge = self._serve(edge_port.Server(self.vpool))
        self.xml_rpc = self._serve(xml_rpc.Server(self.vpool, self.tls))
        self.library_folder = _library_folder()
        self.useFixture(fixtures.MonkeyPatch(
            'ovs_drivers.edge.load_library', self._load_library))
        self.qemu_img = self.useFixture(
            TranslatingQemuImg(folder + '/{name}'))

    def second_xml_rpc(self):
        """Another node of the same vPool."""
        return self._serve(xml_rpc.Server(self.vpool))

    def second_edge(self, host):
        """The edge port of another node of the same vPool."""
        return self._serve(edge_port.Server(self.vpool,
                                            (host, self.edge.port)))

    def _load_library(self, folders=None):
        return _load_library([self.library_folder])

    def _serve(self, server):
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.daemon = True
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server


_load_library = edge.load_library
_folders = []


def _library_folder():
    """The fake library, compiled once a process."""
    if not _folders:
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
        subprocess.check_call(
            ['cc', '-std=c11', '-Wall', '-Wextra', '-Werror', '-shared',
             '-fPIC', '-o', os.path.join(folder, edge.LIBRARY),
             os.path.join(_HERE, 'libovsvolumedriver.c')])
        _folders.append(folder)
    return _folders[0]
