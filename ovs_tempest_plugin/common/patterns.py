# SPDX-License-Identifier: Apache-2.0

"""Data that tells who wrote it, made alike in a guest and here."""

import hashlib
import json
import uuid

BYTES = 1 << 20
# A guest without KVM prints few lines faster than many; its awk may not know
# numbers of more than 240 digits.
_LINE = 128
_FORMAT = '%%s%%0%dd\n' % (_LINE - 7)
MD5_OF_ZEROS = hashlib.md5(b'\0' * BYTES).hexdigest()


def new_token():
    """Six characters that tell one write from every other."""
    return uuid.uuid4().hex[:6]


def content(token):
    """A MiB of numbered lines, so that no block of it is like another."""
    return ''.join(_FORMAT % (token, number)
                   for number in range(BYTES // _LINE)).encode('ascii')


def md5(token):
    return hashlib.md5(content(token)).hexdigest()


def shell_command(token):
    """Return a command that prints content(TOKEN) in a guest with an awk."""
    return ("awk 'BEGIN { for (n = 0; n < %d; n++) printf %s, \"%s\", n }'"
            % (BYTES // _LINE, json.dumps(_FORMAT), token))
