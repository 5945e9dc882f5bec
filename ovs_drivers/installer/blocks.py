# SPDX-License-Identifier: Apache-2.0

"""Marked blocks: the lines of ours in a file of another package.

Everything works on bytes, so that a file comes back exactly as it was.
"""

import re

from ovs_drivers.installer import errors

BEGIN = b'# BEGIN ovs-drivers: put here by "ovs-drivers install"'
END = b'# END ovs-drivers: "ovs-drivers uninstall" removes these lines'
_BEGIN_MARK = b'# BEGIN ovs-drivers'
_END_MARK = b'# END ovs-drivers'


def render(lines, indent):
    """Return a marked block as one piece of text with plain line ends."""
    marked = [BEGIN] + [line.encode('ascii') for line in lines] + [END]
    return b''.join((b' ' * indent + line).rstrip() + b'\n'
                    for line in marked)


def insert(content, blocks):
    """Put blocks into a file.

    :param blocks: pairs of a line number (from 1) after which a block goes,
        and the block
    """
    lines = _lines(content)
    for after, block in sorted(blocks, reverse=True):
        if not lines[after - 1].endswith(b'\n'):
            raise ValueError('line %d has no end' % after)
        if lines[after - 1].endswith(b'\r\n'):
            block = block.replace(b'\n', b'\r\n')
        lines[after:after] = [block]
    return b''.join(lines)


def split(content, name):
    """Separate a file into what is not ours and our blocks.

    :returns: the content without our blocks, and the list of our blocks
        with plain line ends
    :raises ForeignChange: a begin or an end has lost its partner
    """
    rest, blocks, block = [], [], None
    for number, line in enumerate(_lines(content), 1):
        mark = line.strip()
        if mark.startswith(_BEGIN_MARK):
            if block is not None:
                raise _unpaired(name, number)
            block = [line]
        elif mark.startswith(_END_MARK):
            if block is None:
                raise _unpaired(name, number)
            blocks.append(b''.join(block + [line]).replace(b'\r\n', b'\n'))
            block = None
        elif block is not None:
            block.append(line)
        else:
            rest.append(line)
    if block is not None:
        raise _unpaired(name, number)
    return b''.join(rest), blocks


def _lines(content):
    """Split after line feeds only, as the numbers of the compiler do."""
    return re.findall(b'[^\n]*\n|[^\n]+', content)


def _unpaired(name, number):
    return errors.ForeignChange(
        '%s, line %d: a BEGIN or END mark of ovs-drivers has lost its '
        'partner; another tool changed these lines' % (name, number),
        'put the file back as it was (the original is kept in the folder '
        '.ovs-drivers beside the package, or in the package itself), then '
        'run the command again')
