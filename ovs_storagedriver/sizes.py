# SPDX-License-Identifier: Apache-2.0

"""Sizes as the XML-RPC port spells them: ``10GiB``, ``512MiB``, ``4096B``."""

import re

UNITS = {'B': 1, 'KiB': 1 << 10, 'MiB': 1 << 20, 'GiB': 1 << 30,
         'TiB': 1 << 40, 'PiB': 1 << 50}
# The engine knows its own limit; this one only keeps numbers printable and
# inside the 64 bits of its protocol.
BYTES_MAX = (1 << 63) - 1

_SHAPE = re.compile(r'([0-9]{1,19})(%s)\Z' % '|'.join(UNITS))


def parse(text):
    """Return the bytes that a size stands for.

    :raises: ValueError that says how a size looks
    """
    match = _SHAPE.match(text)
    size = int(match.group(1)) * UNITS[match.group(2)] if match else None
    if size is None or size > BYTES_MAX:
        raise ValueError('%.40r is no size: write a number and one of %s '
                         'without a space, as in 10GiB'
                         % (text, ', '.join(UNITS)))
    return size


def readable(size):
    """Return a size for people."""
    for unit in reversed(UNITS):
        if size >= UNITS[unit]:
            return '%.4g %s' % (size / UNITS[unit], unit)
    return '0 B'
