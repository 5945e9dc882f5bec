# SPDX-License-Identifier: Apache-2.0

"""Tests by TLS: an engine that demands it, and an edge.conf that says so."""

import os
import tempfile

import real_engine

from support import keys


class Tls:
    """A base class that turns a test case into one by TLS."""

    kind = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='ovs-edge-tls-')
        cls.addClassCleanup(folder.cleanup)
        cls.keys = os.path.join(folder.name, 'keys')
        keys.pre_share(keys.x509_folder(cls.keys), 'alice')
        cls.config = os.path.join(folder.name, 'edge.conf')
        cls.configure()
        before = os.environ['OVS_EDGE_CONFIG'], real_engine.arguments
        cls.addClassCleanup(cls.restore, *before)
        os.environ['OVS_EDGE_CONFIG'] = cls.config
        real_engine.arguments = ['--tls', cls.kind, '--tls-dir', cls.keys]
        super().setUpClass()

    @staticmethod
    def restore(config, arguments):
        os.environ['OVS_EDGE_CONFIG'] = config
        real_engine.arguments = arguments

    @classmethod
    def configure(cls, **settings):
        settings = dict({'tls': cls.kind, 'tls_dir': cls.keys,
                         'psk_identity': 'alice'}, **settings)
        with open(cls.config, 'w') as file:
            file.write('[default]\n' + ''.join(
                '%s = %s\n' % setting for setting in settings.items()))


class Psk(Tls):
    kind = 'psk'


class X509(Tls):
    kind = 'x509'
