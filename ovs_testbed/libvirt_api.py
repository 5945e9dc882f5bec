# SPDX-License-Identifier: Apache-2.0

"""libvirt-python of Python 2.7's time for the libvirt of today.

libvirt-python is written by a generator, which reads libvirt's description of
its API. A generator that does not know a function may give it the name of
another one, and so hide that. It is told only of those that it knows.
"""

import glob
import os
import re
import subprocess
from xml.etree import ElementTree

_LIBRARIES = '/usr/lib/x86_64-linux-gnu/libvirt*.so.0'
_DESCRIPTIONS = '/usr/share/libvirt/api/*.xml'
_PACKAGES = '/usr/lib/x86_64-linux-gnu/pkgconfig/libvirt*.pc'
_SYMBOL = re.compile(r' (\w+)@@LIBVIRT_(?:[A-Z]+_)?(\d[\d.]*)')


def describe(folder, version):
    """Write what libvirt of a version had into a folder, which
    PKG_CONFIG_PATH is to name.

    :param version: like '5.10.0'
    """
    newer = {name for path in glob.glob(_LIBRARIES)
             for name, since in _symbols(path) if since > _numbers(version)}
    for path in glob.glob(_DESCRIPTIONS):
        tree = ElementTree.parse(path)
        remove(tree, newer)
        tree.write(os.path.join(folder, os.path.basename(path)))
    for path in glob.glob(_PACKAGES):
        _point_to(path, folder)


def _symbols(library):
    """Yield the functions of a library and the versions they came with."""
    text = subprocess.check_output(['readelf', '--dyn-syms', '--wide',
                                    library], text=True)
    for found in _SYMBOL.finditer(text):
        yield found[1], _numbers(found[2])


def _numbers(version):
    return tuple(map(int, version.split('.')))


def remove(tree, names):
    """Take functions out of a description."""
    for parent in list(tree.iter()):
        for child in list(parent):
            if child.tag in ('function', 'exports') and names & {
                    child.get('name'), child.get('symbol')}:
                parent.remove(child)


def _point_to(path, folder):
    """Copy what pkg-config reads; the descriptions are in the folder."""
    with open(path) as stream:
        text = re.sub(r'(?m)^(\w+_api)=.*/(.*)$',
                      lambda found: '%s=%s/%s' % (found[1], folder, found[2]),
                      stream.read())
    with open(os.path.join(folder, os.path.basename(path)), 'w') as stream:
        stream.write(text)
