# SPDX-License-Identifier: Apache-2.0

"""The modules and lines by which OpenStack finds the drivers."""

import re

from ovs_drivers.installer import blocks
from ovs_drivers.installer import errors

_LICENCE = '''\
# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
'''

_MODULE = _LICENCE + '''
"""%(title)s.

Put here by ``ovs-drivers install``; ``ovs-drivers uninstall`` removes it.
The code is in the package ``ovs_drivers``.
"""

from %(module)s import %(name)s

__all__ = ['%(name)s']
'''

CONNECTOR = ('os_brick.initiator.connectors.openvstorage.'
             'OpenvStorageEdgeConnector')
CONNECTOR_KEY = 'OPENVSTORAGE_EDGE'
NOVA_KEY = 'openvstorage_edge'
NOVA_MODULE = 'nova.virt.libvirt.volume.openvstorage_edge.'
NOVA_CLASS = 'LibvirtOpenvStorageEdgeVolumeDriver'
GUEST_DISK = 'LibvirtConfigOpenvStorageEdgeGuestDisk'


def _module(title, module, name):
    return (_MODULE % {'title': title, 'module': module,
                       'name': name}).encode('ascii')


_CINDER_DRIVER = _module('The Open vStorage Edge volume driver',
                         'ovs_drivers.cinder.driver',
                         'OpenvStorageEdgeVolumeDriver')


class Entry(object):
    """Lines that go to the top of a list or dict of a module."""

    def __init__(self, names, kind, lines, needed=True):
        """Describe the lines.

        :param names: regular expression; every name that fits gets the lines
        :param kind: 'list' or 'dict'
        :param needed: whether a module without any such name is unknown
        """
        self.names = re.compile('(%s)$' % names)
        self.kind = kind
        self.lines = lines
        self.needed = needed

    def blocks(self):
        """Return the blocks that this may insert."""
        return [blocks.render(self.lines, 4)]

    def place(self, parsed, content):
        """Return pairs of the line after which to insert, and the block.

        :raises LookupError: the names are not where they have to be
        """
        found = [container for container in parsed['containers']
                 if self.names.match(container['name'])
                 and container['kind'] == self.kind]
        if self.needed and not found:
            raise LookupError('no %s named %s'
                              % (self.kind, self.names.pattern[1:-2]))
        seen = [container['name'] for container in found]
        if len(set(seen)) != len(seen):
            raise LookupError('%s is there twice' % ', '.join(sorted(seen)))
        return [(_line_after_bracket(container, content), block)
                for container in found for block in self.blocks()]


def _line_after_bracket(container, content):
    """Return the bracket's line if nothing but a comment follows it."""
    line = content.split(b'\n')[container['line'] - 1]
    rest = line[container['column']:]
    if not re.match(br'[\[{]\s*(#.*)?$', rest):
        raise LookupError('the first entry of %s begins on the line of its '
                          'bracket' % container['name'])
    return container['line']


class AfterClass(object):
    """Lines that go right after a class of a module."""

    def __init__(self, name, lines):
        self.name = name
        self.lines = lines

    def blocks(self):
        """See Entry.blocks."""
        return [blocks.render(self.lines, 0)]

    def place(self, parsed, content):
        """See Entry.place."""
        ends = [found['last_line'] for found in parsed['classes']
                if found['name'] == self.name]
        if len(ends) != 1:
            raise LookupError('%d classes named %s instead of one'
                              % (len(ends), self.name))
        return [(ends[0], block) for block in self.blocks()]


class OneOf(object):
    """The first of several entries whose names exist."""

    def __init__(self, *entries):
        self.entries = entries

    def blocks(self):
        """See Entry.blocks."""
        return [block for entry in self.entries for block in entry.blocks()]

    def place(self, parsed, content):
        """See Entry.place."""
        problems = []
        for entry in self.entries:
            try:
                return entry.place(parsed, content)
            except LookupError as problem:
                problems.append(str(problem))
        raise LookupError(', and '.join(problems))


# Package -> path -> text of a module of ours.
MODULES = {
    'cinder': {
        'cinder/volume/drivers/openvstorage.py': _CINDER_DRIVER,
        'cinder/volume/drivers/openvstorage_edge.py': _CINDER_DRIVER,
    },
    'os_brick': {
        'os_brick/initiator/connectors/openvstorage.py': _module(
            'The Open vStorage Edge connector',
            'ovs_drivers.brick.connector', 'OpenvStorageEdgeConnector'),
    },
    'nova': {
        'nova/virt/libvirt/volume/openvstorage_edge.py': _module(
            'The libvirt volume driver for Open vStorage Edge',
            'ovs_drivers.nova.volume', NOVA_CLASS),
    },
}

# Package -> path -> what is inserted there.
INSERTIONS = {
    'cinder': {},
    'os_brick': {
        'os_brick/initiator/connector.py': [
            # The Windows list of Train to 2025.1 is not for us.
            Entry('(unix_)?connector_list', 'list',
                  ["'%s'," % CONNECTOR]),
            Entry('_connector_mapping_linux', 'dict',
                  ["'%s':" % CONNECTOR_KEY, "    '%s'," % CONNECTOR]),
            # Other processors have maps of their own.
            Entry('_connector_mapping_linux_.+', 'dict',
                  ["'%s':" % CONNECTOR_KEY, "    '%s'," % CONNECTOR],
                  needed=False),
        ],
    },
    'nova': {
        'nova/virt/libvirt/config.py': [
            AfterClass('LibvirtConfigGuestDisk', [
                '',
                '',
                'from ovs_drivers.nova.guest_disk import '
                'OpenvStorageEdgeGuestDisk',
                '',
                '',
                'class %s(' % GUEST_DISK,
                '        OpenvStorageEdgeGuestDisk, LibvirtConfigGuestDisk):',
                '    """A disk of a vPool, which libvirt opens by itself."""',
            ]),
        ],
        'nova/virt/libvirt/driver.py': [
            OneOf(
                # Zed and later
                Entry('VOLUME_DRIVERS', 'dict',
                      ["'%s':" % NOVA_KEY,
                       "    '%s'" % NOVA_MODULE,
                       "    '%s'," % NOVA_CLASS]),
                # Newton to Yoga
                Entry('libvirt_volume_drivers', 'list',
                      ["'%s=%s'" % (NOVA_KEY, NOVA_MODULE),
                       "'%s'," % NOVA_CLASS])),
        ],
    },
}


def insertions(path):
    """Return what is inserted into a file."""
    return INSERTIONS[path.split('/')[0]][path]


def known_blocks(path):
    """Return every block that this version puts into a file."""
    return [block for insertion in insertions(path)
            for block in insertion.blocks()]


def insert(path, full_path, clean, parsed):
    """Return a file with our lines.

    :param path: its name within its tree
    :param full_path: its name in messages
    :param clean: the file without our lines
    :param parsed: what the probe found in it
    :raises UnknownLayout: a place to insert at is missing
    :raises ForeignChange: the file names Open vStorage already
    """
    if 'error' in parsed:
        raise errors.UnknownLayout(
            '%s cannot be parsed: %s' % (full_path, parsed['error']),
            'give the interpreter of that release (--python), or restore '
            'the file')
    if parsed['mentions']:
        raise errors.ForeignChange(
            '%s names Open vStorage already, in lines that ovs-drivers did '
            'not put there (line %s)'
            % (full_path, ', '.join(str(line) for line in parsed['mentions'])),
            'take the change out that was made by hand or by another tool, '
            'then run the command again')
    places = []
    try:
        for insertion in insertions(path):
            places += insertion.place(parsed, clean)
        return blocks.insert(clean, places)
    except (LookupError, ValueError) as problem:
        raise errors.UnknownLayout(
            '%s has a layout that ovs-drivers does not know: %s'
            % (full_path, problem),
            'Newton to 2026.2 are known; restore the file if it was changed, '
            'or report the release')
