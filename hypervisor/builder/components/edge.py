# SPDX-License-Identifier: Apache-2.0

"""The library libovsvolumedriver.so.1 and the engine ovs-edge."""

import os
import re

from hypervisor.builder import series
from hypervisor.builder.components import component

CHECKOUT = os.path.dirname(series.FOLDER)
_SOURCES = ('meson.build', 'channel', 'client', 'include', 'server')
_HEADER = ('client', 'include', 'openvstorage', 'volumedriver.h')
_OPTIONS = {
    'buildtype': 'release',
    'optimization': '2',
    # moves with the tree
    'pkgconfig.relocatable': 'true',
}
_TARGETS = ('client/libovsvolumedriver.so.1', 'server/ovs-edge')


def header():
    """Return the path of the library's public header."""
    return os.path.join(CHECKOUT, 'edge', *_HEADER)


class Edge(component.Component):

    name = 'edge'
    description = 'client library and engine of Open vStorage Edge volumes'
    build_packages = component.TOOLCHAIN + ('libgnutls28-dev', 'zlib1g-dev')

    def version(self):
        with open(os.path.join(CHECKOUT, 'edge', 'meson.build')) as file:
            return re.search(r"version: '([0-9.]+)'", file.read()).group(1)

    def identity(self, prefix, version=None):
        home = os.path.join(CHECKOUT, 'edge')
        return {'options': _OPTIONS,
                'sources': {path: series.file_hash(os.path.join(home, path))
                            for path in _files(home)}}

    def configure(self, work):
        work.run(['meson', 'setup', '--prefix', work.prefix,
                  '--libdir', 'lib', work.build,
                  os.path.join(CHECKOUT, 'edge')]
                 + component.with_values(_OPTIONS), cwd=CHECKOUT)

    def compile(self, work, phase):
        work.ninja(_TARGETS, phase)

    def stage(self, work, tree):
        work.install(tree, ('bin', 'include', 'lib'))


def _files(home):
    """Return what is compiled; tests and documents change nothing."""
    found = []
    for name in _SOURCES:
        path = os.path.join(home, name)
        if os.path.isdir(path):
            found += [os.path.join(name, below)
                      for below in component.files_below(path)
                      if below.endswith(('.c', '.h', '.map', '.build'))]
        else:
            found.append(name)
    return sorted(found)
